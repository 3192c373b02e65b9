"""Shapes, points and motion drawn on pictures; imports no other subject."""
