"""A moved region as a sheet: where each of its cells ends, what is in front, and the way back from a place.

Positions and vectors are complex numbers x + i y in cells; a 2 x 2 matrix is u -> A u + B conj(u)."""

import math

import torch
import torch.nn.functional as F

from ..points.connected_parts import bounding_box, label_parts

# what is in front where content meets: the longest or the shortest move, or the first or the last part in reading order
FRONTS = ("longest", "shortest", "first", "last")
# neighbouring cells that end up farther apart than this are torn
TEAR = 3.0
# bits of the number of a cell beside its rank in one int64
BITS = 27
INDEX = (1 << BITS) - 1
# cells of a band
BAND = 1 << 17


def bands(height, width, device):
    """Start and end of bands of rows, each so small that what is computed over it stays in a CPU's cache; a card, which
    would wait for the CPU after each, has one."""
    rows = max(8, BAND // width) if device.type == "cpu" else height
    return [(start, min(start + rows, height)) for start in range(0, height, rows)]


def grid(height, width, first, device):
    """Positions x + i y [height, width] from the first on, in cells."""
    x = torch.arange(width, dtype=torch.float32, device=device) + first.real
    y = torch.arange(height, dtype=torch.float32, device=device) + first.imag
    return torch.complex(x.expand(height, -1), y[:, None].expand(-1, width))


def squared(z):
    """|z|^2."""
    return z.real.square().addcmul_(z.imag, z.imag)


def neighbours(region, axis):
    """Whether each cell of region [h, w] and the next one along an axis both belong to it."""
    size = region.shape[axis] - 1
    return region.narrow(axis, 1, size) & region.narrow(axis, 0, size)


def _edge(end, region, axis, unit, tear):
    """Mean edge vector [h, w] from each cell to its neighbours along an axis, the unit where all are torn off."""
    step = end.diff(dim=axis)
    torn = squared(step) > tear**2
    torn |= ~neighbours(region, axis)
    step.masked_fill_(torn, 0)
    whole = (~torn).float()
    total, count, size = torch.zeros_like(end), torch.zeros_like(end.real), end.shape[axis] - 1
    for start in (0, 1):
        total.narrow(axis, start, size).add_(step)
        count.narrow(axis, start, size).add_(whole)
    alone = count == 0
    return total.mul_(count.clamp_(min=1).reciprocal_()).masked_fill_(alone, unit)


def _inverse_matrix(end, region, tear):
    """A and B [h, w] of the matrix that takes a step at the end of each cell back to a step in the cell."""
    x, y = _edge(end, region, 1, 1, tear), _edge(end, region, 0, 1j, tear)
    determinant = (x.conj() * y).imag
    # where the sheet folds the content is still near its cell
    folded = determinant.abs() < 0.1
    half = determinant.masked_fill(folded, 1).reciprocal_().mul_(0.5)
    turned = y.mul_(1j)
    a, b = (x - turned).conj_physical_().mul_(half), x.add_(turned).mul_(half.neg_())
    return a.masked_fill_(folded, 1), b.masked_fill_(folded, 0)


def _rank(flow, part, front):
    """Numbers [h, w] below 2^36 that are larger for what is more in front; part [h, w] numbers the region's parts."""
    # a float's bits grow with it; 16 of them order lengths to a fifth of a percent
    length = (squared(flow).view(torch.int32) >> 15).long()
    if front == "longest":
        return length
    if front == "shortest":
        return (1 << 16) - 1 - length
    part = part.long()
    return ((part if front == "last" else (1 << 20) - 1 - part) << 16) + length


class Sheet:
    """The moved region: for each of its cells, with a ring of cells outside around them, where it was (own), how far it
    went (flow), and the matrix (a, b) that takes a step at its end back to one in it."""

    def __init__(self, flow, region):
        rows, columns = bounding_box(region)
        # with the ring every step has a cell to go to
        self.region = F.pad(region[rows, columns], (1, 1, 1, 1))
        self.corner = complex(columns.start - 1, rows.start - 1)
        self.height, self.width = self.region.shape
        self.own = grid(self.height, self.width, self.corner, flow.device)
        self.flow = torch.zeros_like(self.own)
        for part, of in zip((self.flow.real, self.flow.imag), flow, strict=True):
            part[1:-1, 1:-1] = of[rows, columns] * region[rows, columns]

    def window(self, height, width):
        """Rows and columns of a frame that places beside the ends can lie in."""
        spans = []
        for axis, size in (("imag", height), ("real", width)):
            ends = [
                (getattr(self.own[a:b], axis) + getattr(self.flow[a:b], axis)).clamp_(-1, size).aminmax()
                for a, b in bands(self.height, self.width, self.own.device)
            ]
            low, high = min(int(end.min) for end in ends), max(int(end.max) for end in ends)
            spans.append(slice(max(low - 2, 0), min(max(high + 3, 0), size)))
        return tuple(spans)

    def splat(self, window, front):
        """The highest rank * 2^27 + INDEX - index of the cells that end in each place [h, w] of the window, else -1."""
        rows, columns = window
        high, wide = rows.stop - rows.start, columns.stop - columns.start
        part = label_parts(self.region)[0] if front in ("first", "last") else self.region
        # a ring of places takes what ends outside
        best = torch.full(((high + 2) * (wide + 2),), -1, device=self.own.device)
        for a, b in bands(self.height, self.width, self.own.device):
            end = self.own[a:b] + self.flow[a:b]
            # halves all round the same way: to even ones, a move by half a cell would leave every second place empty
            x = (end.real - (columns.start - 1.5)).floor_().clamp_(0, wide + 1).int()
            y = (end.imag - (rows.start - 1.5)).floor_().clamp_(0, high + 1).int()
            place = y.mul_(wide + 2).add_(x).mul_(self.region[a:b]).long()
            first = INDEX - a * self.width
            index = torch.arange(first, first - place.numel(), -1, device=place.device)
            packed = (_rank(self.flow[a:b], part[a:b], front) << BITS).flatten().add_(index)
            best.scatter_reduce_(0, place.flatten(), packed, "amax")
        return best.view(high + 2, wide + 2)[1:-1, 1:-1]

    def reach(self):
        """How far, at most, a place between cells that are neighbours ends up from the nearest of them, in cells."""
        longest = 0.0
        for a, b in bands(self.height, self.width, self.own.device):
            below = min(b + 1, self.height)
            end, region = self.own[a:below] + self.flow[a:below], self.region[a:below]
            longest = max(longest, *(float((squared(end.diff(dim=k)) * neighbours(region, k)).max()) for k in (0, 1)))
        return math.ceil(math.sqrt(longest / 2))

    def linearise(self, tear):
        """Fills in the matrices of a sheet that tears where neighbours end up farther apart than tear."""
        self.a, self.b = torch.empty_like(self.own), torch.empty_like(self.own)
        for a, b in bands(self.height, self.width, self.own.device):
            above, below = max(a - 1, 0), min(b + 1, self.height)
            end = self.own[above:below] + self.flow[above:below]
            matrix = _inverse_matrix(end, self.region[above:below], tear)
            for out, part in zip((self.a, self.b), matrix, strict=True):
                out[a:b] = part[a - above : b - above]

    def _step(self, rest, cell):
        return self.a.view(-1).index_select(0, cell).mul_(rest).add_(
            self.b.view(-1).index_select(0, cell).mul_(rest.conj())
        )  # fmt: skip

    def solve(self, place, candidate, rounds=1):
        """What leads from the places [n] back to their sources, by rounds of Newton's method from candidates of splat,
        and whether content is there."""
        cell = INDEX - (candidate & INDEX)
        own, flow = self.own.view(-1), self.flow.view(-1)
        for _ in range(rounds):
            near = own.index_select(0, cell)
            near = torch.view_as_real(near + self._step(place - near - flow.index_select(0, cell), cell)).round_()
            x = near[:, 0].sub_(self.corner.real).clamp_(0, self.width - 1)
            y = near[:, 1].sub_(self.corner.imag).clamp_(0, self.height - 1)
            cell = y.int().mul_(self.width).add_(x.int()).long()
        near = torch.view_as_complex(near).add_(self.corner).sub_(place)
        step = self._step((near + flow.index_select(0, cell)).neg_(), cell)
        # in another sheet the step is longer than a cell
        valid = self.region.view(-1).index_select(0, cell).logical_and_(squared(step) <= 0.8)
        return near.add_(step), valid
