"""The nodes that warp a picture and have what opened up repaired; may import kernels and what lies beside the rooms."""
