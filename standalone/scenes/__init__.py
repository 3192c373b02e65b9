"""Pictures whose true motion is known: photographs, shapes, paths; may import kernels and what lies beside rooms."""
