"""The choices of a displacement: how the drags at a few handles move every cell of a region."""

import torch
import torch.nn.functional as F

from ..points.connected_parts import bounding_box, label_parts
from .arap import SQUARES, arap_nodes
from .lwf import lwf
from .mls import affine, rigid, similarity
from .nearest import nearest, nearest_4

# a smooth motion is computed on a grid of at least this many cells a side, each at most MAX_STEP wide
NODES, MAX_STEP = 128, 8
# cells by which it may miss a handle, about, where close drags differ; there it is computed for every cell, as far
# around as AROUND times their distance
MISS, AROUND = 1.0, 3
# how far outside its region a handle may lie, of the longer side of the picture
REACH = 1 / 32


class DisplacementError(ValueError):
    """A drag that moves nothing; the message names it."""


def _enlarged(nodes, step, height, width):
    """Displacements [2, height, width] between nodes [2, h, w] that are step cells apart."""
    size = [(n - 1) * step + 1 for n in nodes.shape[1:]]
    return F.interpolate(nodes[None], size, mode="bilinear", align_corners=True)[0, :, :height, :width]


def _axis(length, step, like):
    """0, step, 2 * step, ... up to the first that is not below length - 1."""
    return torch.arange(-(-(length - 1) // step) + 1, device=like.device, dtype=like.dtype) * step


def _on_cells(function):
    def displacement(handles, targets, region):
        handles, targets = (points.to(region.device, torch.float32) for points in (handles, targets))
        return function(*region.shape, handles, targets)

    return displacement


def _unlike(handles, targets, step):
    """Handles (x, y, radius) around which a motion bends too much for nodes that are step cells apart."""
    vectors = targets - handles
    apart = torch.cdist(handles, handles, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(torch.inf)
    # weights of 1 / distance^2 bend the motion by about unlike / apart^2 at a handle
    unlike = (vectors[:, None] - vectors).norm(dim=-1)
    bent = unlike * step**2 > 2 * MISS * apart**2
    radius = torch.where(bent, AROUND * apart, 0).amax(1)
    return [(x, y, r) for (x, y), r in zip(handles.tolist(), radius.tolist(), strict=True) if r > 0]


def _on_nodes(function):
    def displacement(handles, targets, region):
        height, width = region.shape
        handles, targets = (points.to(region.device, torch.float32) for points in (handles, targets))
        step = min(MAX_STEP, max(1, max(height, width) // NODES))
        nodes = function(_axis(width, step, handles), _axis(height, step, handles), handles, targets)
        out = _enlarged(nodes, step, height, width)
        for x, y, radius in _unlike(handles, targets, step) if step > 1 else ():
            left, top = (int(min(max(0, v - radius), n - 1)) for v, n in ((x, width), (y, height)))
            right, bottom = (int(max(min(n, v + radius + 1), 1)) for v, n in ((x, width), (y, height)))
            columns, rows = (
                torch.arange(*ends, device=nodes.device).float() for ends in ((left, right), (top, bottom))
            )
            out[:, top:bottom, left:right] = function(columns, rows, handles, targets)
        return out

    return displacement


def _arap(handles, targets, region):
    height, width = region.shape
    step = max(1, -(-max(height, width) // SQUARES))
    used = F.max_pool2d(region[None].float(), step, step, ceil_mode=True)[0] > 0
    # a few hundred unknowns: faster in double on the CPU than anywhere else
    nodes = arap_nodes(handles.cpu().double(), targets.cpu().double(), used.cpu(), step)
    return _enlarged(nodes.to(region.device, torch.float32), step, height, width)


# of the bounding box of a region [h, w]: displacement [2, h, w] everywhere in it
_IN_BOX = {
    "nearest-4": _on_cells(nearest_4),
    "nearest": _on_cells(nearest),
    "rigid": _on_nodes(rigid),
    "similarity": _on_nodes(similarity),
    "affine": _on_nodes(affine),
    "arap": _arap,
}
DISPLACEMENTS = ("stretch", *_IN_BOX)


def _move(flow, box, part, handles, targets, choice):
    """Writes the displacement of a part [h, w], whose box (rows, columns) it fills, into flow [1, 2, H, W]."""
    low = handles.new_tensor([box[1].start, box[0].start])
    into = flow[(0, slice(None), *box)]
    into.copy_(torch.where(part, _IN_BOX[choice](handles - low, targets - low, part), into))


def displace_as_one(handles, targets, region, choice):
    """FLOW [1, 2, H, W] of the drags handles -> targets [N, 2] (cell indices) by a choice of DISPLACEMENTS, for a
    region [H, W] whose parts, if there are several, move as one."""
    if choice == "stretch":
        return lwf(handles, targets, region)
    region = region.bool()
    flow = torch.zeros(1, 2, *region.shape, device=region.device)
    if len(handles) and region.any():
        box = bounding_box(region)
        _move(flow, box, region[box], handles, targets, choice)
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


def displace(handles, targets, region, choice, reach=None):
    """FLOW [1, 2, H, W] (float32, cells; 0 outside) of the drags handles -> targets [N, 2] (cell indices: an integer is
    the centre of a cell) by a choice of DISPLACEMENTS over region [H, W].

    Every connected part moves by its own handles, one without handles stays. A handle outside belongs to the nearest
    part within reach cells (1/32 of the longer side); farther away it is a DisplacementError. "stretch" alone moves the
    whole region as one sheet, pulled by every handle, as published.
    """
    if choice == "stretch":
        return lwf(handles, targets, region)
    region = region.bool()
    reach = REACH * max(region.shape) if reach is None else reach
    flow = torch.zeros(1, 2, *region.shape, device=region.device)
    labels, boxes = label_parts(region)
    found = [_part_at(labels, handle, reach) for handle in handles.tolist()]
    for number, part in enumerate(found, 1):
        if not part:
            raise DisplacementError(
                f"point {number} starts outside the region, more than {reach:.0f} away from it; move it into the "
                "region, or make the region larger"
            )
    found = torch.tensor(found)
    for number, box in enumerate(boxes, 1):
        chosen = found == number
        if chosen.any():
            _move(flow, box, labels[box] == number, handles[chosen], targets[chosen], choice)
    return flow
