"""Pairs of regions (RegionDrag, Lu, Li, Han 2024): what lies in the handle region goes to the target region."""

from dataclasses import dataclass

from .connected_parts import label_parts

MAX_PAIRS = 64


class RegionPairError(ValueError):
    """Regions that make no pairs; the message is one sentence that says which."""

    def __init__(self, reason):
        super().__init__(f"Region Drag: {reason}")


@dataclass(frozen=True)
class RegionPair:
    """Two polygons with as many vertices each: handle and target are tuples of (x, y) in fractions 0..1 of the
    picture; the vertices correspond in their order."""

    handle: tuple
    target: tuple


def _parts(masks):
    """How many regions [H, W] bool masks [B, H, W] hold, and these one by one: the connected parts of one mask in
    reading order of their first pixels, or each of several masks."""
    if len(masks) > 1:
        return len(masks), iter(masks)
    labels, boxes = label_parts(masks[0])
    return len(boxes), (labels == number for number in range(1, len(boxes) + 1))


def pair_masks(handles, targets):
    """Pairs (handle, target) of bool [H, W], one by one, of two bool masks [B, H, W] each: part by part in reading
    order, or mask by mask. RegionPairError where their numbers differ."""
    (count, handles), (goals, targets) = _parts(handles), _parts(targets)
    if count != goals:
        raise RegionPairError(
            f"handle_mask has {count} separate regions and target_mask has {goals}; every handle region needs its "
            "target region"
        )
    if count > MAX_PAIRS:
        raise RegionPairError(f"handle_mask has {count} separate regions; at most {MAX_PAIRS} can be dragged")
    return zip(handles, targets, strict=True)
