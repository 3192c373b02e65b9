"""What belongs to the handles: random walks over likeness (Grady, PAMI 2006), cut where fewest of them pass for what is
within (the sweep of Andersen, Chung, Lang, FOCS 2006)."""

import torch

# cells of the longer side of a grid; by measurement finer ones find no more
CELLS = 96
# neighbours (rows, columns) of a cell, each pair once, and their nearness
NEIGHBOURS = {(0, 1): 1.0, (1, 0): 1.0, (1, 1): 0.5**0.5, (1, -1): 0.5**0.5}
# of the longer side: radius of what surely goes along with a handle, or surely stays with a pinned one. With twice as
# much a few more things are found whole, but the ground beside a handle on a nose or a finger goes along
SEED = 0.018
# of a step between cells of any contrast, so that nothing is walled in
LEAST = 1e-3
# parts of all cells that a region may have
SMALLEST, LARGEST = 0.01, 0.25
# relative error of the chances, and steps of conjugate gradients at most
ERROR, STEPS = 1e-5, 1000


class RegionError(ValueError):
    """What no region can be found by; the message is one sentence that says why."""

    def __init__(self, reason):
        super().__init__(f"Region: {reason}")


def grid_of(height, width):
    """Rows and columns of the grid that a height x width picture, or a latent, is looked at on."""
    scale = min(1, CELLS / max(height, width))
    return tuple(max(2, round(side * scale)) for side in (height, width))


def _between(cells, offset):
    """The two ends, views of cells [..., h, w], of every step by an offset of NEIGHBOURS."""
    (height, width), (down, right) = cells.shape[-2:], offset
    start = cells[..., : height - down, max(0, -right) : width - max(0, right)]
    return start, cells[..., down:, max(0, right) : width - max(0, -right)]


def _likeness(features, sharpness):
    """{offset: weights} of the steps between neighbouring cells of an iterable of features [C, h, w]."""
    contrast = dict.fromkeys(NEIGHBOURS, 0)
    for one in features:
        for offset in NEIGHBOURS:
            start, end = _between(one, offset)
            contrast[offset] = contrast[offset] + (end - start).square().sum(0)
    contrast = {offset: of.cpu().double() for offset, of in contrast.items()}
    mean = torch.cat([of.flatten() for of in contrast.values()]).mean().clamp(min=1e-12)
    if not mean.isfinite():
        raise RegionError("the picture, or what was recorded of it, has values that are no numbers; make it anew")
    return {offset: NEIGHBOURS[offset] * ((-sharpness / mean * of).exp() + LEAST) for offset, of in contrast.items()}


def _passed(likeness, values):
    """For every cell the sum of values [h, w] of its neighbours, times the weights of the steps to them."""
    total = torch.zeros_like(values)
    for offset, weight in likeness.items():
        (start, end), (into_start, into_end) = _between(values, offset), _between(total, offset)
        into_start += weight * end
        into_end += weight * start
    return total


def _chances(likeness, inside, outside):
    """Chances [h, w] that a walk from a cell comes to inside before it comes to outside, by conjugate gradients, and
    the weight [h, w] of all steps from it."""
    degree = _passed(likeness, torch.ones_like(inside, dtype=torch.float64))
    free = ~(inside | outside)
    chance = inside.double()
    rest = torch.where(free, _passed(likeness, chance), 0)
    first, size, way = rest.norm(), None, torch.zeros_like(rest)
    for _ in range(STEPS):
        if rest.norm() <= ERROR * first:
            break
        scaled = rest / degree
        before, size = size, (rest * scaled).sum()
        way = scaled if before is None else scaled + size / before * way
        change = torch.where(free, degree * way - _passed(likeness, way), 0)
        length = size / (way * change).sum()
        chance, rest = chance + length * way, rest - length * change
    return chance, degree


def _cut(likeness, chance, degree, least):
    """The level of chance [h, w] whose region has the smallest conductance: the weight of the steps over its border for
    that of all steps within it, or outside, whichever are fewer."""
    order = chance.flatten().argsort(descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    rank = rank.view(chance.shape)
    # a step is cut from when its first cell is in until its second is
    crossing = torch.zeros(len(order) + 1, dtype=torch.float64)
    for offset, weight in likeness.items():
        start, end = (one.flatten() for one in _between(rank, offset))
        crossing.index_add_(0, start.minimum(end), weight.flatten())
        crossing.index_add_(0, start.maximum(end), -weight.flatten())
    crossing = crossing.cumsum(0)[:-1]
    volume = degree.flatten()[order].cumsum(0)
    conductance = crossing / volume.minimum(volume[-1] - volume).clamp(min=1e-12)
    low = min(max(least, round(SMALLEST * len(order)), 1), len(order)) - 1
    high = max(round(LARGEST * len(order)), low + 1)
    return chance.flatten()[order[low + conductance[low:high].argmin()]]


def _distance(points, height, width):
    """[h, w] distance to the nearest of points [N, 2] (cell indices); infinite without any."""
    if not len(points):
        return torch.full((height, width), torch.inf, dtype=torch.float64)
    x, y = (torch.arange(side, dtype=torch.float64) for side in (width, height))
    cells = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).view(-1, 2)
    return torch.cdist(cells, points).amin(1).view(height, width)


def walk_region(features, handles, pinned, sharpness):
    """Region (bool [h, w], on the CPU) that is like what is at the handles [N, 2] (cell indices; an integer is a cell's
    centre), and none of it where there are none that are not pinned [N] (bool): the border of the picture and what is
    at pinned handles stays. features: iterable of [C, h, w]; neighbours whose squared difference is the mean count as
    like by exp(-sharpness). RegionError for NaN or infinity."""
    likeness = _likeness(features, sharpness)
    height, width = (sum(pair) for pair in zip(likeness[1, 1].shape, (1, 1), strict=True))
    if pinned.all():
        return torch.zeros(height, width, dtype=torch.bool)
    last = handles.new_tensor([width - 1, height - 1])
    handles = handles.cpu().double().clamp(min=0).minimum(last)
    cells = handles.round()
    near, far = (_distance(cells[of], height, width) for of in (~pinned, pinned))
    radius = SEED * max(height, width)
    inside = (near <= radius) & (near <= far)
    outside = (far <= radius) & ~inside
    for edge in (outside[0], outside[-1], outside[:, 0], outside[:, -1]):
        edge.fill_(True)
    outside &= ~inside
    chance, degree = _chances(likeness, inside, outside)
    return chance >= _cut(likeness, chance, degree, int(inside.sum()))
