"""DynaDrag's nodes, and its gradients and LoRA; may import kernels, what lies beside the rooms, points, motion and
warp, no other method."""
