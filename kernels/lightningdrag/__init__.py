"""What only LightningDrag has: points in attention, image tokens, files; may import every subject, no other method."""
