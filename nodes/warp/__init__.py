"""The node that warps a picture; may import kernels and what lies beside the rooms."""
