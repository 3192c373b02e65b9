"""What the user says: points, strokes, regions, masks and their texts; may import drawing (and scipy, for connected
parts alone)."""
