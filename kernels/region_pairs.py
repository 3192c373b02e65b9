"""Pairs of regions (RegionDrag, Lu et al. 2024): what lies in the handle region goes to the target region."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RegionPair:
    """Two polygons with as many vertices each: handle and target are tuples of (x, y) in fractions 0..1 of the
    picture; the vertices correspond in their order."""

    handle: tuple
    target: tuple
