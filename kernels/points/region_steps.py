"""Changes of all that is painted: grown, shrunk, smoothed, holes filled; exactly as web/document/region_steps.mjs."""

import torch

from .connected_parts import without_holes

# values of a temporary [rows, width]
CHUNK = 1 << 20


def _grow(region, radius):
    """The pixels of region [H, W] (bool) and those whose centres are within radius of one of theirs."""
    height, width = region.shape
    rows = torch.arange(height, dtype=torch.int32)[:, None]
    far = height + width + int(radius) + 1
    above = rows - torch.where(region, rows, -far).cummax(0).values
    below = torch.where(region, rows, rows.new_tensor(far + height)).flip(0).cummin(0).values.flip(0) - rows
    grown = torch.empty_like(region)
    columns = torch.arange(width)
    step = max(1, CHUNK // width)
    # in every row the nearest pixel of each column reaches to both sides of it
    for part, away in zip(grown.split(step), above.minimum(below).split(step), strict=True):
        rest = radius * radius - away.double() * away
        reaches = rest >= 0
        half = rest.clamp(min=0).sqrt().floor().clamp(max=width).long()
        line = torch.arange(len(part))[:, None] * (width + 1)
        counts = torch.zeros(len(part) * (width + 1), dtype=torch.int32)
        for ends, value in (((columns - half).clamp(min=0), 1), ((columns + half + 1).clamp(max=width), -1)):
            counts.index_add_(0, (line + ends)[reaches], torch.full((int(reaches.sum()),), value, dtype=torch.int32))
        part[:] = counts.view(len(part), -1).cumsum(1)[:, :-1] > 0
    return grown


def _shrink(region, radius):
    """What the border of the picture cuts off does not shrink there."""
    return ~_grow(~region, radius)


def _smooth(region, radius):
    """Without what is narrower than two radii, and without gaps that are (opening, then closing, by a disc)."""
    opened = _grow(_shrink(region, radius), radius)
    return _shrink(_grow(opened, radius), radius)


def _fill(region, radius):
    """With the parts of the rest that do not reach the border of the picture by their sides."""
    return without_holes(region)


_STEPS = {"grow": _grow, "shrink": _shrink, "smooth": _smooth, "fill": _fill}


def take_step(levels, tool, radius):
    """levels [H, W] (uint8, on the CPU) after a step: grow, shrink or smooth by radius pixels, or fill. Of a soft edge
    every value for itself: what is above it is a region."""
    result = torch.zeros_like(levels)
    for level in levels.unique().tolist():
        if level:
            result[_STEPS[tool](levels >= level, radius)] = level
    return result
