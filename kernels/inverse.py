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
    """Places of the frame that content can arrive in: the window (rows, columns), the places [h, w] themselves, what
    leads from each of them back to the source of its content, and whether there is any (bool).

    Positions and vectors are complex numbers x + i y in cells; a 2 x 2 matrix is u -> A u + B conj(u)."""

    window: tuple
    place: torch.Tensor
    back: torch.Tensor
    mask: torch.Tensor


def _grid(height, width, first, device):
    x = torch.arange(width, dtype=torch.float32, device=device) + first.real
    y = torch.arange(height, dtype=torch.float32, device=device) + first.imag
    return torch.complex(x.expand(height, -1), y[:, None].expand(-1, width))


def _squared(z):
    return z.real.square().addcmul_(z.imag, z.imag)


def _neighbours(region, axis):
    """Whether each cell of region [h, w] and the next one along an axis both belong to it."""
    size = region.shape[axis] - 1
    return region.narrow(axis, 1, size) & region.narrow(axis, 0, size)


def _edge(end, region, axis, unit):
    """Mean edge vector [h, w] from each cell to its neighbours along an axis, the unit where all of them are torn off."""
    step = end.diff(dim=axis)
    torn = _squared(step) > TEAR**2
    torn |= ~_neighbours(region, axis)
    step.masked_fill_(torn, 0)
    whole = (~torn).float()
    total, count, size = torch.zeros_like(end), torch.zeros_like(end.real), end.shape[axis] - 1
    for start in (0, 1):
        total.narrow(axis, start, size).add_(step)
        count.narrow(axis, start, size).add_(whole)
    alone = count == 0
    return total.mul_(count.clamp_(min=1).reciprocal_()).masked_fill_(alone, unit)


def _inverse_matrix(end, region):
    """A and B [h, w] of the matrix that takes a step at the end of each cell back to a step in the cell."""
    x, y = _edge(end, region, 1, 1), _edge(end, region, 0, 1j)
    determinant = (x.conj() * y).imag
    # where the sheet folds the content is still near its cell
    folded = determinant.abs() < 0.1
    half = determinant.masked_fill(folded, 1).reciprocal_().mul_(0.5)
    turned = y.mul_(1j)
    a, b = (x - turned).conj_physical_().mul_(half), x.add_(turned).mul_(half.neg_())
    return a.masked_fill_(folded, 1), b.masked_fill_(folded, 0)


def _is_pieces(flow, region):
    """Whether flow [h, w] is constant along nearly all of every fourth row of the region."""
    inside = _neighbours(region[::4], 1)
    changes = (_squared(flow[::4].diff(dim=1)) > 1e-8) & inside
    return bool(changes.sum() <= PIECES * inside.sum())


def _rank(flow, region, front):
    """Numbers [h, w] below 2^36 that are larger for what is more in front."""
    # a float's bits grow with it; 16 of them order lengths to a fifth of a percent
    length = (_squared(flow).view(torch.int32) >> 15).long()
    if front == "longest":
        return length
    if front == "shortest":
        return (1 << 16) - 1 - length
    part = label_parts(region)[0].long()
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
    # a ring of places takes what ends outside
    x = (end.real - (first.real - 1)).round_().clamp_(0, wide + 1).int()
    y = (end.imag - (first.imag - 1)).round_().clamp_(0, high + 1).int()
    place = y.mul_(wide + 2).add_(x).mul_(region)
    packed = (rank << 26).add_(torch.arange(INDEX, INDEX - region.numel(), -1, device=end.device).view_as(rank))
    best = torch.full(((high + 2) * (wide + 2),), -1, device=end.device)
    best.scatter_reduce_(0, place.flatten().long(), packed.flatten(), "amax")
    return best.view(high + 2, wide + 2)[1:-1, 1:-1].contiguous()


def invert(flow, region, front="longest"):
    """Arrived for the forward displacement flow [2, H, W] (x, y; cells) over region [H, W] (bool, not empty), in front
    what FRONTS says. Exact where the flow is affine around a cell; nothing arrives where the region is torn open."""
    height, width = region.shape
    rows, columns = bounding_box(region)
    # a ring of cells outside the region, so that every step has a cell to go to
    region = F.pad(region[rows, columns], (1, 1, 1, 1))
    flow = F.pad(flow[:, rows, columns], (1, 1, 1, 1)).mul_(region)
    flow = torch.complex(flow[0], flow[1])
    h, w = region.shape
    corner = complex(columns.start - 1, rows.start - 1)
    own = _grid(h, w, corner, flow.device)
    end = own + flow

    def span(ends, size):
        low, high = (int(v.clamp(-1, size)) for v in ends.aminmax())
        return slice(max(low - 2, 0), min(max(high + 3, 0), size))

    to_rows, to_columns = window = span(end.imag, height), span(end.real, width)
    high, wide = to_rows.stop - to_rows.start, to_columns.stop - to_columns.start
    first = complex(to_columns.start, to_rows.start)
    best = _splat(end, region, _rank(flow, region, front), first, high, wide)
    place = _grid(high, wide, first, flow.device)

    if _is_pieces(flow, region):
        cell = INDEX - (best.flatten() & INDEX)
        return Arrived(window, place, -flow.flatten().index_select(0, cell).view(high, wide), best >= 0)

    a, b = (part.flatten() for part in _inverse_matrix(end, region))
    own, end, region = own.flatten(), end.flatten(), region.flatten()

    def back(place, cell):
        """Steps from the cells to where the places come from in the sheets around them."""
        rest = place - end.index_select(0, cell)
        return a.index_select(0, cell).mul_(rest).add_(b.index_select(0, cell).mul_(rest.conj()))

    def solve(place, candidate):
        """Sources of the places by Newton's method from candidates of best, and whether content is there."""
        cell = INDEX - (candidate & INDEX)
        near = torch.view_as_real(back(place, cell).add_(own.index_select(0, cell))).round_()
        x = (near[:, 0] - corner.real).clamp_(0, w - 1).int()
        y = (near[:, 1] - corner.imag).clamp_(0, h - 1).int()
        cell = y.mul_(w).add_(x).long()
        step = back(place, cell)
        # in another sheet the step is longer than a cell
        return own.index_select(0, cell).add_(step), region.index_select(0, cell).logical_and_(_squared(step) <= 0.8)

    flat, near = place.flatten(), _spread(_spread(best)).flatten()
    source, mask = solve(flat, near)
    left = (~mask & (near >= 0)).nonzero()[:, 0]
    framed = F.pad(best, (1, 1, 1, 1), value=-1)
    for down, across in NEIGHBOURS:
        candidate = framed[1 + down : 1 + down + high, 1 + across : 1 + across + wide].flatten().index_select(0, left)
        found, valid = solve(flat.index_select(0, left), candidate)
        valid &= candidate >= 0
        source[left] = torch.where(valid, found, source[left])
        mask[left] = valid
        left = left[~valid]
    return Arrived(window, place, source.view(high, wide) - place, mask.view(high, wide))
