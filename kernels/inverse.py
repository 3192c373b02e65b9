"""The inverse of a forward displacement over a region: for every place of the picture, what arrives there."""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from .parts import bounding_box, label_parts

# what is in front where content meets: the longest or the shortest move, or the first or the last part in reading order
FRONTS = ("longest", "shortest", "first", "last")
# neighbouring cells that end up farther apart than this are torn
TEAR = 3.0
# a flow that changes at fewer of its cells than this moves pieces as they are, torn wherever it changes
PIECES = 0.1
INDEX = (1 << 26) - 1
NEIGHBOURS = [(0, 0), (0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]


class Arrived(NamedTuple):
    """Places of the frame that content can arrive in: the window (rows, columns), for each of its places the source
    [h, w, 2] (x, y; cells of the frame) of the content, and whether there is any [h, w] (bool)."""

    window: tuple
    source: torch.Tensor
    mask: torch.Tensor


# Positions and vectors are complex numbers x + i y: a 2 x 2 matrix is u -> A u + B conj(u).


def _grid(height, width, device):
    x, y = (torch.arange(n, dtype=torch.float32, device=device) for n in (width, height))
    return torch.complex(x.expand(height, -1), y[:, None].expand(-1, width))


def _squared(z):
    return z.real.square() + z.imag.square()


def _neighbours(region, axis):
    """Whether each cell of region [h, w] and the next one along an axis both belong to it."""
    size = region.shape[axis] - 1
    return region.narrow(axis, 1, size) & region.narrow(axis, 0, size)


def _edge(end, region, axis, unit):
    """Mean edge vector [h, w] from each cell to its neighbours along an axis, the unit where all of them are torn off."""
    step = end.diff(dim=axis)
    whole = _neighbours(region, axis) & (_squared(step) <= TEAR**2)
    total, count, size = torch.zeros_like(end), torch.zeros_like(end.real), end.shape[axis] - 1
    step, whole = step * whole, whole.float()
    for start in (0, 1):
        total.narrow(axis, start, size).add_(step)
        count.narrow(axis, start, size).add_(whole)
    return (total + (count == 0) * unit) / count.clamp(min=1)


def _inverse_matrix(end, region):
    """A and B [h, w] of the matrix that takes a step at the end of each cell back to a step in the cell."""
    x, y = _edge(end, region, 1, 1), _edge(end, region, 0, 1j)
    turned = y * 1j
    determinant = (x.conj() * y).imag
    # where the sheet folds the content is still near its cell
    folded = determinant.abs() < 0.1
    half = 0.5 / determinant.masked_fill(folded, 1)
    a, b = (x - turned).conj_physical() * half, (x + turned) * -half
    return a.masked_fill_(folded, 1), b.masked_fill_(folded, 0)


def _is_pieces(flow, region):
    """Whether flow [h, w] is constant over nearly all of the region."""
    changes = [((_squared(flow.diff(dim=axis)) > 1e-8) & _neighbours(region, axis)).sum() for axis in (0, 1)]
    return bool(sum(changes) < PIECES * region.sum())


def _rank(flow, region, front):
    """Numbers [h, w] below 2^36 that are larger for what is more in front."""
    # a float's bits grow with it; 16 of them order lengths to a fifth of a percent
    length = _squared(flow).view(torch.int32) >> 15
    if front == "longest":
        return length.long()
    if front == "shortest":
        return (1 << 16) - 1 - length.long()
    part, _ = label_parts(region)
    return ((part if front == "last" else (1 << 20) - 1 - part) << 16) + length


def _spread(best):
    """Maximum of best [h, w] over 3 x 3 places."""
    for axis in (0, 1):
        wide, size = best.clone(), best.shape[axis] - 1
        for start in (0, 1):
            part = wide.narrow(axis, start, size)
            torch.maximum(part, best.narrow(axis, 1 - start, size), out=part)
        best = wide
    return best


def _splat(end, region, rank, first, high, wide):
    """The highest rank * 2^26 + index of the cells that end in each place [high, wide] from first (complex), else -1."""
    x, y = (end - first).real.round(), (end - first).imag.round()
    # a ring of places takes what ends outside
    x, y = x.clamp(-1, wide) + 1, y.clamp(-1, high) + 1
    place = (y.long() * (wide + 2) + x.long()) * region
    packed = (rank << 26) + torch.arange(INDEX, INDEX - region.numel(), -1, device=end.device).view_as(rank)
    best = torch.full(((high + 2) * (wide + 2),), -1, device=end.device)
    best.scatter_reduce_(0, place.flatten(), packed.flatten(), "amax")
    return best.view(high + 2, wide + 2)[1:-1, 1:-1]


def invert(flow, region, front="longest"):
    """Arrived for the forward displacement flow [2, H, W] (x, y; cells) over region [H, W] (bool, not empty), in front
    what FRONTS says. Exact where the flow is affine around a cell; nothing arrives where the region is torn open."""
    rows, columns = bounding_box(region)
    height, width = region.shape
    # a ring of cells outside the region, so that every step has a cell to go to
    region = F.pad(region[rows, columns], (1, 1, 1, 1))
    flow = F.pad(flow[:, rows, columns], (1, 1, 1, 1)) * region
    flow = torch.complex(flow[0], flow[1])
    h, w = region.shape
    own = _grid(h, w, flow.device)
    end = own + flow
    corner = complex(columns.start - 1, rows.start - 1)

    def span(ends, start, size):
        low, high = (int(v) + start for v in ends.clamp(-size - start - 1, 2 * size).aminmax())
        return slice(min(max(low - 2, 0), size), min(max(high + 3, 0), size))

    to_rows, to_columns = window = (
        span(end.imag, rows.start - 1, height),
        span(end.real, columns.start - 1, width),
    )
    high, wide = to_rows.stop - to_rows.start, to_columns.stop - to_columns.start
    first = complex(to_columns.start, to_rows.start) - corner
    best = _splat(end, region, _rank(flow, region, front), first, high, wide)
    place = _grid(high, wide, flow.device) + first
    own, end, region = own.flatten(), end.flatten(), region.flatten()

    if _is_pieces(flow, region.view(h, w)):
        cell = INDEX - (best & INDEX).flatten()
        source = own.index_select(0, cell) + (place.flatten() - end.index_select(0, cell))
        return Arrived(window, torch.view_as_real(source + corner).view(high, wide, 2), best >= 0)

    a, b = (part.flatten() for part in _inverse_matrix(end.view(h, w), region.view(h, w)))

    def back(place, cell):
        """Where the places come from in the sheets around the cells."""
        rest = place - end.index_select(0, cell)
        return a.index_select(0, cell) * rest + b.index_select(0, cell) * rest.conj()

    def solve(place, candidate):
        """Sources of the places by Newton's method from candidates of best, and whether content is there."""
        cell = INDEX - (candidate & INDEX)
        near = torch.view_as_real(own.index_select(0, cell) + back(place, cell)).round()
        near[:, 0].clamp_(0, w - 1)
        near[:, 1].clamp_(0, h - 1)
        cell = near[:, 1].long() * w + near[:, 0].long()
        step = back(place, cell)
        # of another sheet the nearest cell is too far away
        return torch.view_as_complex(near) + step, region.index_select(0, cell) & (_squared(step) <= 0.8)

    place, near = place.flatten(), _spread(_spread(best)).flatten()
    source, mask = solve(place, near)
    left = (~mask & (near >= 0)).nonzero()[:, 0]
    framed = F.pad(best, (1, 1, 1, 1), value=-1)
    for down, across in NEIGHBOURS:
        candidate = framed[1 + down : 1 + down + high, 1 + across : 1 + across + wide].flatten().index_select(0, left)
        found, valid = solve(place.index_select(0, left), candidate)
        valid &= candidate >= 0
        source[left] = torch.where(valid, found, source[left])
        mask[left] = valid
        left = left[~valid]
    return Arrived(window, torch.view_as_real(source + corner).view(high, wide, 2), mask.view(high, wide))
