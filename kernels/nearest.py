"""Displacements by the nearest handles: the nearest alone takes all (LazyDrag, 2025), or the nearest four are averaged
by 1 / distance (Inpaint4Drag, 2025)."""

import torch

NEIGHBOURS = 4
# of the published weight 1 / (distance + 1e-6)
EPSILON = 1e-6
# values of a temporary [cells, handles], so that it stays in the cache
CHUNK = 1 << 19


def _squared(x, y, handles):
    """Squared distances [h * w, N] of the grid x [w], y [h] from handles [N, 2]."""
    dx, dy = (x[:, None] - handles[:, 0]).square(), (y[:, None] - handles[:, 1]).square()
    return (dy[:, None] + dx).flatten(0, 1)


def _by_rows(function, x, y, handles):
    rows = max(1, CHUNK // (len(x) * len(handles)))
    return torch.cat([function(_squared(x, part, handles)) for part in y.split(rows)]).T.view(2, len(y), len(x))


def nearest(x, y, handles, targets):
    """Displacements [2, h, w] on the grid x [w], y [h]: each cell moves with the handle [N, 2] nearest to it, so that
    opposed drags neither cancel nor fold."""
    vectors = targets - handles
    return _by_rows(lambda squared: vectors[squared.argmin(1)], x, y, handles)


def nearest_4(x, y, handles, targets):
    """Displacements [2, h, w] on the grid x [w], y [h]: the mean of the four nearest drags, weighted by 1 / distance."""
    vectors = targets - handles

    def mean(squared):
        near, index = squared.topk(min(NEIGHBOURS, len(handles)), 1, largest=False)
        weight = 1 / (near.sqrt() + EPSILON)
        return (weight[..., None] * vectors[index]).sum(1) / weight.sum(1, keepdim=True)

    return _by_rows(mean, x, y, handles)
