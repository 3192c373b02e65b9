"""The inverse of a forward displacement over a region: for every place of the picture, what arrives there."""

import torch
import torch.nn.functional as F

from .parts import bounding_box, label_parts

# what is in front where content meets: the longest or the shortest move, or the first or the last part in reading order
FRONTS = ("longest", "shortest", "first", "last")
# neighbouring cells that end up farther apart than this are torn
TEAR = 3.0
INDEX_BITS, LENGTH_BITS = 26, 16
NEIGHBOURS = [(0, 0), (0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]


def _edges(end, region, axis):
    """Mean edge vector [2, h, w] of each cell of the region to its neighbours along an axis of end [2, h, w], the unit
    vector where it has none."""
    size = region.shape[axis - 1] - 1
    step = end.diff(dim=axis)
    whole = region.narrow(axis - 1, 1, size) & region.narrow(axis - 1, 0, size)
    whole = (whole & (step.square().sum(0) <= TEAR**2)).to(end)
    step = step * whole
    last, first = ((0, 1), (1, 0)) if axis == 2 else ((0, 0, 0, 1), (0, 0, 1, 0))
    count = F.pad(whole, last) + F.pad(whole, first)
    mean = (F.pad(step, last) + F.pad(step, first)) / count.clamp(min=1)
    mean[2 - axis] += count == 0
    return mean


def _rank(flow, region, front):
    """Numbers [h, w] below 2^36 that are larger for what is more in front."""
    length = (torch.hypot(*flow) * 8).round().clamp(max=(1 << LENGTH_BITS) - 1).long()
    if front == "longest":
        return length
    if front == "shortest":
        return (1 << LENGTH_BITS) - 1 - length
    part, _ = label_parts(region)
    return ((part if front == "last" else (1 << 20) - 1 - part) << LENGTH_BITS) + length


def _spread(best):
    """Maximum of best [h, w] over 3 x 3 places."""
    for axis in (0, 1):
        wide, size = best.clone(), best.shape[axis] - 1
        low, high = wide.narrow(axis, 0, size), wide.narrow(axis, 1, size)
        low.copy_(torch.maximum(low, best.narrow(axis, 1, size)))
        high.copy_(torch.maximum(high, best.narrow(axis, 0, size)))
        best = wide
    return best


def _reach(end, region, height, width):
    """Rows and columns of the frame that a place beside the ends [2, h, w] of the region can lie in."""
    slices = []
    for values, size in ((end[1], height), (end[0], width)):
        low = int(torch.where(region, values, torch.inf).min().clamp(0, size)) - 3
        high = int(torch.where(region, values, -torch.inf).max().clamp(-1, size)) + 4
        slices.append(slice(max(0, min(low, size)), min(max(high, 0), size)))
    return slices


class _Sheet:
    """The moved cells of a region [h, w], linear around each of them."""

    def __init__(self, end, region):
        self.width, self.height, self.region = region.shape[1], region.shape[0], region.flatten()
        self.end = end.flatten(1)
        self.across, self.down = _edges(end, region, 2).flatten(1), _edges(end, region, 1).flatten(1)

    def solve(self, x, y, cell):
        """Where in the region the content at places x, y [n] comes from, found from a cell [n] that ends near them:
        two [n], and whether there is such content."""
        (a, c), (b, d) = self.across[:, cell], self.down[:, cell]
        determinant = a * d - b * c
        folded = determinant.abs() < 0.1
        a, b, c, d = (torch.where(folded, v, w) for v, w in ((1.0, a), (0.0, b), (0.0, c), (1.0, d)))
        determinant = torch.where(folded, 1.0, determinant)

        def back(right_x, right_y):
            return (d * right_x - b * right_y) / determinant, (a * right_y - c * right_x) / determinant

        end = self.end[:, cell]
        u, v = (part.clamp(-4, 4) for part in back(x - end[0], y - end[1]))
        source_x, source_y = cell % self.width + u, cell // self.width + v
        # once more from the cell found, which has to be of the same sheet
        own_x, own_y = source_x.round(), source_y.round()
        found = (own_x >= 0) & (own_x < self.width) & (own_y >= 0) & (own_y < self.height)
        own = torch.where(found, own_y * self.width + own_x, 0).long()
        found &= self.region[own]
        end, u, v = self.end[:, own], source_x - own_x, source_y - own_y
        rest = x - end[0] - a * u - b * v, y - end[1] - c * u - d * v
        found &= (rest[0].abs() <= 0.5) & (rest[1].abs() <= 0.5)
        more_x, more_y = back(*rest)
        return source_x + more_x, source_y + more_y, found


def invert(flow, region, front="longest"):
    """The inverse of flow [2, H, W] over region [H, W] with a choice of FRONTS: the window (rows, columns) of the frame
    that content arrives in, source [2, h, w] (x, y; cells of the frame) of each of its places and arrived [h, w] (bool),
    where there is one. The region is not empty."""
    height, width = region.shape
    rows, columns = bounding_box(region)
    flow, region = flow[:, rows, columns], region[rows, columns]
    h, w = region.shape
    own = torch.stack(torch.meshgrid(*(torch.arange(n, device=flow.device) for n in (w, h)), indexing="xy")).to(flow)
    offset = flow.new_tensor([columns.start, rows.start]).view(2, 1, 1)
    end = own + offset + flow
    to_rows, to_columns = window = _reach(end, region, height, width)
    end = end - flow.new_tensor([to_columns.start, to_rows.start]).view(2, 1, 1)
    wide, high = to_columns.stop - to_columns.start, to_rows.stop - to_rows.start

    x, y = end.round()
    inside = region & (x >= 0) & (x < wide) & (y >= 0) & (y < high)
    target = torch.where(inside, y.long() * wide + x.long(), wide * high).flatten()
    index = torch.arange(h * w, device=flow.device)
    rank = (_rank(flow, region, front).flatten() << INDEX_BITS) + ((1 << INDEX_BITS) - 1 - index)
    best = torch.full((wide * high + 1,), -1, device=flow.device).scatter_reduce(0, target, rank, "amax")[:-1]
    best = best.view(high, wide)

    def cells(of):
        return (1 << INDEX_BITS) - 1 - (of & ((1 << INDEX_BITS) - 1))

    sheet = _Sheet(end, region)
    source = torch.zeros(2, high * wide, device=flow.device)
    arrived = torch.zeros(high * wide, dtype=torch.bool, device=flow.device)

    def resolve(places, candidates):
        x, y, found = sheet.solve((places % wide).to(flow), (places // wide).to(flow), cells(candidates))
        source[0, places], source[1, places], arrived[places] = x, y, found
        return places[~found]

    near = _spread(_spread(best)).flatten()
    places = (near >= 0).nonzero()[:, 0]
    open_places = resolve(places, near[places])
    framed = F.pad(best, (1, 1, 1, 1), value=-1)
    for down, across in NEIGHBOURS:
        candidates = framed[1 + down : 1 + down + high, 1 + across : 1 + across + wide].flatten()[open_places]
        has = candidates >= 0
        open_places = torch.cat((open_places[~has], resolve(open_places[has], candidates[has])))
    source = source.view(2, high, wide) + offset
    return window, source, arrived.view(high, wide)
