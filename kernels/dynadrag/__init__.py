"""What only DynaDrag has: the loop, motion supervision, its points; may import every subject, no other method."""
