"""The region that a drag moves, where nobody has painted one."""

import torch

from ..drawing.shapes import disc_field

# radius of the disc around a handle, in lengths of its drag, and its least and most, in parts of the picture's shorter
# side; a motion that fades needs room
RADIUS = {"free": (0.5, 0.08, 0.2), "held": (2, 0.16, 0.4)}


def find_region(handles, targets, height, width, border="free"):
    """Region [height, width] (bool, on the CPU) of the drags handles -> targets [N, 2] (cell indices): a disc around
    each handle. What moves as a whole is as wide as its drag is long, within 16 % and 40 % of the shorter side; what
    is held at its border four times as wide, within 32 % and 80 %."""
    length, smallest, largest = RADIUS[border]
    side = min(height, width)
    region = torch.zeros(height, width, dtype=torch.bool)
    radii = ((targets - handles).norm(dim=1) * length).clamp(smallest * side, largest * side).tolist()
    for handle, radius in zip(handles.tolist(), radii, strict=True):
        centre = [value + 0.5 for value in handle]
        # the cell of the handle itself, also on a grid too small for a disc
        region |= disc_field(height, width, [centre], max(radius, 0.75), 1) <= 0
    return region
