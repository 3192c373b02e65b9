"""A smooth motion on nodes that are some cells apart, and cell by cell where it bends more than nodes can show."""

import torch
import torch.nn.functional as F

# a grid of at least this many cells a side, each at most MAX_STEP wide
NODES, MAX_STEP = 128, 8


def _axis(length, step, like):
    """0, step, 2 * step, ... up to the first that is not below length - 1."""
    return torch.arange(-(-(length - 1) // step) + 1, device=like.device, dtype=like.dtype) * step


def grid_cells(x, y):
    """Cells [2, h * w] (x, y) of the grid x [w], y [h], row by row."""
    return torch.stack((x.expand(len(y), -1), y[:, None].expand(-1, len(x)))).flatten(1)


def enlarged(nodes, step, height, width):
    """Displacements [2, height, width] between nodes [2, h, w] that are step cells apart."""
    size = [(n - 1) * step + 1 for n in nodes.shape[1:]]
    return F.interpolate(nodes[None], size, mode="bilinear", align_corners=True)[0, :, :height, :width]


def apart_and_unlike(handles, targets):
    """Distances [..., N, N] between handles [..., N, 2], infinite to themselves, and lengths of what their drags
    to targets differ by."""
    vectors = targets - handles
    apart = torch.cdist(handles, handles, compute_mode="donot_use_mm_for_euclid_dist")
    apart.diagonal(dim1=-2, dim2=-1).fill_(torch.inf)
    return apart, (vectors[..., None, :] - vectors[..., None, :, :]).norm(dim=-1)


def refine(flow, motion, handles, radius):
    """Writes motion(cells [2, n]) into flow [2, H, W] for every cell as far as radius [N] around handles [N, 2]; a
    radius of zero writes nothing."""
    height, width = flow.shape[1:]
    for x, y, reach in torch.cat((handles, radius[:, None]), 1).tolist():
        if reach > 0:
            left, top = (int(min(max(0, v - reach), n - 1)) for v, n in ((x, width), (y, height)))
            right, bottom = (int(max(min(n, v + reach + 1), 1)) for v, n in ((x, width), (y, height)))
            columns, rows = (
                torch.arange(*ends, device=flow.device).to(handles) for ends in ((left, right), (top, bottom))
            )
            moved = motion(grid_cells(columns, rows))
            flow[:, top:bottom, left:right] = moved.view(2, len(rows), len(columns))


def on_nodes(motion, height, width, handles, bent):
    """Displacements [2, height, width] of motion(cells [2, n]) on nodes; for every cell as far as bent(step) [N] around
    handles [N, 2]."""
    step = min(MAX_STEP, max(1, max(height, width) // NODES))
    x, y = (_axis(n, step, handles) for n in (width, height))
    flow = enlarged(motion(grid_cells(x, y)).view(2, len(y), len(x)), step, height, width)
    if step > 1:
        refine(flow, motion, handles, bent(step))
    return flow
