"""Latent warpage function (FastDrag, Zhao et al. 2024, Sec. 3.2): drags stretch a sheet that is held at a circle."""

import torch


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


def lwf(handles, targets, mask):
    """FLOW [1, 2, H, W] (x, y; float32, cells) of the drags handles -> targets [N, 2] on the cells of mask [H, W].

    Points are cell indices: a cell's centre is an integer. Each drag gives lambda * (target - handle), several are
    averaged with weights 1 / (|C - A| + 1e-4). Zero outside the mask, for an empty mask and without points.
    """
    mask = mask.bool()
    flow = torch.zeros(2, *mask.shape, dtype=torch.float64, device=mask.device)
    if len(handles) and mask.any():
        cells = mask.nonzero().flip(-1).double()
        handles, vectors = handles.to(cells), (targets - handles).to(cells)
        centre, radius = circumscribed_circle(mask)
        moved, total = torch.zeros_like(cells), torch.zeros_like(cells[:, :1])
        for handle, vector in zip(handles, vectors, strict=True):
            # torch's norm over an axis of two is twenty times slower
            weight = 1 / (torch.hypot(*(cells - handle).T)[:, None] + 1e-4)
            moved += weight * stretch_ratio(cells, handle, centre, radius)[:, None] * vector
            total += weight
        flow[:, mask] = (moved / total).T
    return flow[None].float()
