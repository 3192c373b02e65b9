"""Displacements by the nearest handles: the nearest alone takes all (LazyDrag, 2025), or the nearest four are averaged
by 1 / distance (Inpaint4Drag, 2025)."""

import torch

NEIGHBOURS = 4
# of the published weight 1 / (distance + 1e-6)
EPSILON = 1e-6
BLOCK = 4
# values of a temporary [cells, handles], so that it stays in the cache
CHUNK = 1 << 19


def _squared(x, y, handles):
    """Squared distances [h * w, N] of the grid x [w], y [h] from handles [N, 2]."""
    dx, dy = (x[:, None] - handles[:, 0]).square(), (y[:, None] - handles[:, 1]).square()
    return (dy[:, None] + dx).flatten(0, 1)


def _by_rows(function, x, y, handles):
    rows = max(1, CHUNK // (len(x) * len(handles)))
    return torch.cat([function(_squared(x, part, handles)) for part in y.split(rows)])


def nearest_handle(height, width, handles):
    """Index [height, width] (int32) of the handle of [N, 2] that is nearest to each cell."""
    x, y = (
        torch.arange(-(-n // BLOCK) + 1, device=handles.device, dtype=handles.dtype) * BLOCK for n in (width, height)
    )
    corner = _by_rows(lambda squared: squared.argmin(1).int(), x, y, handles).view(len(y), len(x))
    nearest = corner[:-1, :-1]
    one = (nearest == corner[1:, :-1]) & (nearest == corner[:-1, 1:]) & (nearest == corner[1:, 1:])
    # a Voronoi cell is convex: a block whose corners lie in one lies in it as a whole
    blocks = nearest[:, None, :, None].repeat(1, BLOCK, 1, BLOCK)
    rows, columns = (~one).nonzero().T
    px, py = handles.T
    offset = torch.arange(BLOCK, device=handles.device, dtype=handles.dtype)
    dx, dy = (start[:, None, None] + offset[:, None] - at for start, at in ((x[columns], px), (y[rows], py)))
    squared = dy.square()[:, :, None] + dx.square()[:, None]
    blocks[rows, :, columns] = squared.argmin(-1).int()
    return blocks.flatten(2).flatten(0, 1)[:height, :width]


def nearest(height, width, handles, targets):
    """Displacements [2, height, width]: each cell moves with the handle of [N, 2] nearest to it, so that opposed drags
    neither cancel nor fold."""
    chosen = nearest_handle(height, width, handles).flatten()
    return torch.stack([part.index_select(0, chosen) for part in (targets - handles).T]).view(2, height, width)


def nearest_4(height, width, handles, targets):
    """Displacements [2, height, width]: each cell moves by the mean of its four nearest drags, weighted by
    1 / distance."""
    vectors = targets - handles

    def mean(squared):
        near, index = squared.topk(min(NEIGHBOURS, len(handles)), 1, largest=False)
        weight = 1 / (near.sqrt() + EPSILON)
        return (weight[..., None] * vectors[index]).sum(1) / weight.sum(1, keepdim=True)

    x, y = (torch.arange(n, device=handles.device, dtype=handles.dtype) for n in (width, height))
    return _by_rows(mean, x, y, handles).T.view(2, height, width)
