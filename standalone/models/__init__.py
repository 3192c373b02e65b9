"""Networks from disk behind one interface; may import kernels and what lies beside the rooms."""
