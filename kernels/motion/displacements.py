"""The choices of a displacement: how the drags at a few handles move every cell of a region."""

import torch
import torch.nn.functional as F

from ..points.connected_parts import bounding_box, label_parts
from .arap import SQUARES, arap_nodes
from .biharmonic import ClampedPlate
from .elastic import HeldRegion
from .lwf import lwf
from .mls import affine, rigid, similarity
from .nearest import nearest, nearest_4
from .nodes import apart_and_unlike, enlarged, on_nodes
from .turns import Turns

# cells by which a motion on nodes may miss a handle, about, where close drags differ; there it is computed for every
# cell, as far around as AROUND times their distance
MISS, AROUND = 1.0, 3
# how far outside its region a handle may lie, of the longer side of the picture
REACH = 1 / 32


class DisplacementError(ValueError):
    """A drag that moves nothing; the message names it."""


def _on_cells(function):
    def displacement(handles, targets, region, turns):
        handles, targets = (points.to(region.device, torch.float32) for points in (handles, targets))
        return function(*region.shape, handles, targets)

    return displacement


def _on_nodes(motion):
    def displacement(handles, targets, region, turns):
        handles, targets = (points.to(region.device, torch.float32) for points in (handles, targets))

        def bent(step):
            # weights of 1 / distance^2 bend the motion by about unlike / apart^2 at a handle
            apart, unlike = apart_and_unlike(handles, targets)
            return torch.where(unlike * step**2 > 2 * MISS * apart**2, AROUND * apart, 0).amax(1)

        return on_nodes(lambda cells: motion(cells, handles, targets, turns), *region.shape, handles, bent)

    return displacement


def _arap(handles, targets, region, turns):
    height, width = region.shape
    step = max(1, -(-max(height, width) // SQUARES))
    used = F.max_pool2d(region[None].float(), step, step, ceil_mode=True)[0] > 0
    # a few hundred unknowns: faster in double on the CPU than anywhere else
    nodes = arap_nodes(handles.cpu().double(), targets.cpu().double(), used.cpu(), step)
    return enlarged(nodes.to(region.device, torch.float32), step, height, width)


MOVING_LEAST_SQUARES = {"rigid": rigid, "similarity": similarity, "affine": affine}
# of the bounding box of a region [h, w]: displacement [2, h, w] everywhere in it
_IN_BOX = {
    "nearest-4": _on_cells(nearest_4),
    "nearest": _on_cells(nearest),
    **{choice: _on_nodes(motion) for choice, motion in MOVING_LEAST_SQUARES.items()},
    "arap": _arap,
}
DISPLACEMENTS = ("stretch", *_IN_BOX)
# what a region is: the thing that moves, or where it may change, held at its border
BORDERS = ("free", "held")


def follows_turns(choice, flow=None):
    """Whether turns and scales of points count: not with a flow, which has its own motion."""
    return flow is None and choice in MOVING_LEAST_SQUARES


def border_of(choice, border):
    """The border of BORDERS that a choice of DISPLACEMENTS has when it is asked for one: "stretch" is held at a circle,
    not at its region's border."""
    return "free" if choice == "stretch" else border


def _displacement(choice, border, plate, handles, targets, part, turns):
    """Displacements [2, h, w] of a part [h, w] that fills its bounding box."""
    if border == "free":
        return _IN_BOX[choice](handles, targets, part, turns)
    held = HeldRegion(part, handles, plate)
    if choice in MOVING_LEAST_SQUARES:
        return held.moved(MOVING_LEAST_SQUARES[choice], targets, turns)
    return held.fade() * _IN_BOX[choice](handles, targets, part, turns)


def _move(flow, box, part, handles, targets, turns, *choice):
    """Writes the displacement of a part [h, w], whose box (rows, columns) it fills, into flow [1, 2, H, W]."""
    low = handles.new_tensor([box[1].start, box[0].start])
    into = flow[(0, slice(None), *box)]
    turns = Turns.of(turns, part)
    into.copy_(torch.where(part, _displacement(*choice, handles - low, targets - low, part, turns), into))


def displace_as_one(handles, targets, region, choice):
    """FLOW [1, 2, H, W] of the drags handles -> targets [N, 2] (cell indices) by a choice of DISPLACEMENTS, for a
    region [H, W] whose parts, if there are several, move as one."""
    if choice == "stretch":
        return lwf(handles, targets, region)
    region = region.bool()
    flow = torch.zeros(1, 2, *region.shape, device=region.device)
    if len(handles) and region.any():
        box = bounding_box(region)
        _move(flow, box, region[box], handles, targets, None, choice, "free", ClampedPlate)
    return flow


def _part_at(labels, handle, reach):
    """Number of the part nearest to the handle (x, y), 0 if all are farther away than reach."""
    height, width = labels.shape
    x, y = handle
    column, row = (min(max(round(v), 0), n - 1) for v, n in ((x, width), (y, height)))
    if labels[row, column]:
        return int(labels[row, column])
    top, left = max(0, int(y - reach)), max(0, int(x - reach))
    near = labels[top : int(y + reach) + 2, left : int(x + reach) + 2]
    cells = near.nonzero()
    if not len(cells):
        return 0
    distance = torch.hypot(cells[:, 1] + left - x, cells[:, 0] + top - y)
    best = distance.argmin()
    return int(near[tuple(cells[best])]) if distance[best] <= reach else 0


def displace(handles, targets, region, choice, reach=None, border="free", plate=ClampedPlate, turns=None):
    """FLOW [1, 2, H, W] (float32, cells; 0 outside) of the drags handles -> targets [N, 2] (cell indices: an integer is
    the centre of a cell) by a choice of DISPLACEMENTS over region [H, W].

    Every connected part moves by its own handles, one without handles stays. A handle outside belongs to the nearest
    part within reach cells (1/32 of the longer side); farther away a pin (target = handle) has nothing to hold, and
    another handle is a DisplacementError. "stretch" alone moves the whole region as one sheet, pulled by every handle,
    as published. plate makes the ClampedPlate of a held part. turns [N, 2] are degrees, clockwise, and scales at the
    handles, which MOVING_LEAST_SQUARES follow and the other choices do not.
    """
    if choice == "stretch":
        return lwf(handles, targets, region)
    region = region.bool()
    reach = REACH * max(region.shape) if reach is None else reach
    flow = torch.zeros(1, 2, *region.shape, device=region.device)
    labels, boxes = label_parts(region)
    # there, since every handle asks again
    on_cpu = labels.cpu()
    found = [_part_at(on_cpu, handle, reach) for handle in handles.tolist()]
    pinned = (handles == targets).all(1)
    if turns is not None:
        pinned = pinned & (turns == turns.new_tensor([0, 1])).all(1)
    pinned = pinned.tolist()
    for number, (part, pin) in enumerate(zip(found, pinned, strict=True), 1):
        # a pin outside holds what does not move anyway
        if not part and not pin:
            raise DisplacementError(
                f"point {number} starts outside the region, more than {reach:.0f} away from it; move it into the "
                "region, or make the region larger"
            )
    found = torch.tensor(found)
    for number, box in enumerate(boxes, 1):
        chosen = found == number
        if chosen.any():
            turned = None if turns is None else turns[chosen]
            _move(flow, box, labels[box] == number, handles[chosen], targets[chosen], turned, choice, border, plate)
    return flow
