"""Nodes of points and regions; may import kernels and what lies beside the rooms."""
