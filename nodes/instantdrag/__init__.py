"""InstantDrag's nodes; may import kernels, what lies beside the rooms, points, motion and warp, no other method."""
