"""Nodes whose output is a FLOW, and one that shows it; may import kernels and what lies beside the rooms."""
