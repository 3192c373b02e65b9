"""What only InstantDrag has: FlowGen and the conditioning; may import every subject, no other method."""
