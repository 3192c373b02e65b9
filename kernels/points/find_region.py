"""The region that a drag moves, where nobody has painted one."""

import torch

from ..drawing.shapes import disc_field

# radius of the disc around a handle: half its drag, within these parts of the picture's shorter side
SMALLEST, LARGEST = 0.08, 0.2


def find_region(handles, targets, height, width, border="free"):
    """Region [height, width] (bool, on the CPU) of the drags handles -> targets [N, 2] (cell indices): all of the
    picture where a motion is held at its border; else a disc around each handle that is as wide as its drag is long,
    within 16 % and 40 % of the shorter side."""
    if border == "held":
        return torch.ones(height, width, dtype=torch.bool)
    side = min(height, width)
    region = torch.zeros(height, width, dtype=torch.bool)
    lengths = (targets - handles).norm(dim=1).tolist()
    for handle, length in zip(handles.tolist(), lengths, strict=True):
        radius = min(max(length / 2, SMALLEST * side), LARGEST * side)
        centre = [value + 0.5 for value in handle]
        # the cell of the handle itself, also on a grid too small for a disc
        region |= disc_field(height, width, [centre], max(radius, 0.75), 1) <= 0
    return region
