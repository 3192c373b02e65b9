"""Latent warpage function (FastDrag, Zhao et al. 2024, Sec. 3.2): drags stretch a sheet that is held at a circle."""

import torch

from ..points.connected_parts import bounding_box
from .nodes import apart_and_unlike, on_nodes

# cells a side of the largest latent, up to which it is the formula itself
LATENT = 256
# cells by which it may miss the formula on a larger grid
MISS = 0.25


def circumscribed_circle(mask):
    """Centre O (x, y) and radius R, in cells, of the circle around the bounding box of a mask [H, W] with a cell."""
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    low = torch.stack((columns[0], rows[0])).double()
    high = torch.stack((columns[-1], rows[-1])).double()
    centre = (low + high) / 2
    # 1e-6 per axis as in the published distance, so that a mask of one cell has a circle too
    return centre, (centre - low + 1e-6).norm()


def stretch_ratio(cells, handle, centre, radius):
    """lambda = |CP| / |AP| of cells C [n, 2] for the handle A [2], P where the ray A -> C leaves the circle: 1 at the
    handle, 0 on the circle and where the ray misses it."""
    ray = cells - handle
    distance = torch.hypot(ray[:, 0], ray[:, 1])
    direction = ray / distance.clamp(min=1e-12)[:, None]
    projected = direction @ (handle - centre)
    chord = radius**2 - (handle - centre).square().sum() + projected**2
    reach = chord.clamp(min=0).sqrt() - projected
    ratio = (distance - reach).abs() / reach.abs().clamp(min=1e-12)
    return torch.where(distance == 0, torch.ones_like(ratio), torch.where(chord > 0, ratio, torch.zeros_like(ratio)))


def _moves(cells, handles, vectors, centre, radius):
    """Displacements [2, n] of cells [n, 2]."""
    moved, total = torch.zeros_like(cells), torch.zeros_like(cells[:, :1])
    for handle, vector in zip(handles, vectors, strict=True):
        # torch's norm over an axis of two is twenty times slower
        weight = 1 / (torch.hypot(*(cells - handle).T)[:, None] + 1e-4)
        moved += weight * stretch_ratio(cells, handle, centre, radius)[:, None] * vector
        total += weight
    return (moved / total).T


def lwf(handles, targets, mask):
    """FLOW [1, 2, H, W] (x, y; float32, cells) of the drags handles -> targets [N, 2] on the cells of mask [H, W].

    Points are cell indices: a cell's centre is an integer. Each drag gives lambda * (target - handle), several are
    averaged with weights 1 / (|C - A| + 1e-4). Zero outside the mask, for an empty mask and without points. The
    formula itself on a latent; within MISS of it on a larger grid, for handles well within the circle.
    """
    mask = mask.bool()
    flow = torch.zeros(1, 2, *mask.shape, device=mask.device)
    if len(handles) and mask.any():
        handles, targets = (points.to(mask.device, torch.float64) for points in (handles, targets))
        vectors, (centre, radius) = targets - handles, circumscribed_circle(mask)
        rows, columns = bounding_box(mask)
        low = handles.new_tensor([columns.start, rows.start])
        inside = mask[rows, columns]

        def motion(cells):
            return _moves(cells.T + low, handles, vectors, centre, radius).float()

        def bent(step):
            # weights of 1 / distance bend the motion by at most unlike / (4 distance^2) around a handle
            unlike = apart_and_unlike(handles, targets)[1].amax(1) + vectors.norm(dim=1)
            return step * (unlike / (32 * MISS)).sqrt()

        if max(inside.shape) <= LATENT:
            flow[0][:, mask] = _moves(mask.nonzero().flip(-1).double(), handles, vectors, centre, radius).float()
        else:
            flow[0][:, rows, columns] = on_nodes(motion, *inside.shape, handles - low, bent) * inside
    return flow
