"""The command-line door: the same kernels on diffusers models; may import kernels and weights, never nodes."""
