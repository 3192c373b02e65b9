"""The painted region: vector strokes, rasterised without anti-aliasing exactly as web/document/strokes.mjs does it."""

from dataclasses import dataclass

import torch

from .region_steps import take_step

# circles of this radius contain a pixel's centre wherever they lie: no stroke is too thin to be seen
MIN_RADIUS = 0.75
# values of a temporary [segments, rows]
CHUNK = 1 << 20
FULL = 255
# half of it and more is painted
HALF = 128
# steps of a soft edge
LEVELS = 16


@dataclass(frozen=True)
class Stroke:
    """A step of painting: tool brush, erase, polygon, box (two opposite corners), invert, or what changes all that is
    painted so far: grow, shrink, smooth, fill (its holes). points (x, y) in fractions 0..1 of the picture. size as a
    fraction of the picture's smaller side: the diameter of a brush or an eraser, how far to grow, shrink or smooth.
    hardness 0..1 of a brush or an eraser: the part of its radius from which on it fades; None for 1."""

    tool: str
    points: tuple = ()
    size: float | None = None
    hardness: float | None = None


# Only sums, products, quotients and square roots, in the order in which web/document/strokes.mjs has them: IEEE 754
# rounds each of them to one result, so that both sides agree on every pixel.


def _crossing(start, end, rows):
    """Whether edges start -> end (x, y), two [n, 1] each, cross rows [H], and where: [n, H] bool and x."""
    (x, y), (end_x, end_y) = start, end
    return (y <= rows) != (end_y <= rows), x + (rows - y) * ((end_x - x) / (end_y - y))


def _first_column(x, width):
    """The first pixel whose centre is at x or right of it, width if there is none."""
    return (x - 0.5).ceil().clamp(0, width).long()


def _count(columns, rows, width, value):
    """columns [n, H] as an int32 [H, width + 1] of how often each occurs in its row, times value."""
    counts = torch.zeros(rows * (width + 1), dtype=torch.int32)
    index = (columns + torch.arange(rows) * (width + 1)).flatten()
    return counts.index_add_(0, index, torch.full_like(index, value, dtype=torch.int32)).view(rows, width + 1)


def _brush(points, radius, rows, width):
    """Pixels [H, width] whose centres lie within radius of the path points [n, 2], with row centres rows [H]."""
    cover = torch.zeros(len(rows), width + 1, dtype=torch.int32)
    starts, ends = (points, points) if len(points) == 1 else (points[:-1], points[1:])
    step = max(1, CHUNK // len(rows))
    for start, end in zip(starts.split(step), ends.split(step), strict=True):
        a, b = start.T[..., None], end.T[..., None]
        along_x, along_y = b - a
        length = (along_x * along_x + along_y * along_y).sqrt()
        scale = radius / torch.where(length == 0, 1.0, length)
        across_x, across_y = along_y * scale, along_x * scale
        corners = [
            (a[0] + across_x, a[1] - across_y),
            (b[0] + across_x, b[1] - across_y),
            (b[0] - across_x, b[1] + across_y),
            (a[0] - across_x, a[1] + across_y),
        ]
        left = torch.full((len(start), len(rows)), torch.inf, dtype=torch.float64)
        right = -left
        for x, y in (a, b):
            rest = radius * radius - (rows - y) * (rows - y)
            half = rest.clamp(min=0).sqrt()
            left = torch.where(rest >= 0, left.minimum(x - half), left)
            right = torch.where(rest >= 0, right.maximum(x + half), right)
        for corner, following in zip(corners, corners[1:] + corners[:1], strict=True):
            crosses, x = _crossing(corner, following, rows)
            left = torch.where(crosses, left.minimum(x), left)
            right = torch.where(crosses, right.maximum(x), right)
        first = _first_column(left, width)
        last = _first_column(right, width).maximum(first)
        cover += _count(first, len(rows), width, 1)
        cover += _count(last, len(rows), width, -1)
    return cover.cumsum(1, dtype=torch.int32)[:, :-1] > 0


def _polygon(points, rows, width):
    """Pixels [H, width] whose centres lie inside the closed path points [n, 2] (even-odd)."""
    cover = torch.zeros(len(rows), width + 1, dtype=torch.int32)
    step = max(1, CHUNK // len(rows))
    for start, end in zip(points.split(step), points.roll(-1, 0).split(step), strict=True):
        crosses, x = _crossing(start.T[..., None], end.T[..., None], rows)
        # what does not cross is counted in the column that is cut off
        column = torch.where(crosses, _first_column(torch.where(crosses, x, 0), width), width)
        cover += _count(column, len(rows), width, 1)
    return cover.cumsum(1, dtype=torch.int32)[:, :-1] % 2 == 1


def _rims(radius, hardness):
    """The discs (radius, value) that a brush is made of, from the widest and faintest; half of FULL is reached in the
    middle of the soft edge."""
    if hardness is None or hardness >= 1:
        return [(radius, FULL)]
    radii = (radius * (1 - (1 - hardness) * (i + 0.5) / LEVELS) for i in range(LEVELS))
    return [(max(r, MIN_RADIUS), (FULL * (i + 1) + LEVELS // 2) // LEVELS) for i, r in enumerate(radii)]


def cover(strokes, height, width):
    """uint8 [height, width]: how much of each pixel Strokes paint, applied in order; 0 or FULL without soft ones."""
    levels = torch.zeros(height, width, dtype=torch.uint8)
    extent = torch.tensor([width, height], dtype=torch.float64)
    for stroke in strokes:
        radius = (stroke.size or 0) * min(width, height)
        if stroke.tool == "invert":
            levels = FULL - levels
            continue
        if not stroke.points:
            levels = take_step(levels, stroke.tool, radius)
            continue
        points = torch.tensor(stroke.points, dtype=torch.float64) * extent
        if stroke.tool == "box":
            (left, top), (right, bottom) = points.tolist()
            points = torch.tensor([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=torch.float64)
        radius = max(radius / 2, MIN_RADIUS) if stroke.tool in ("brush", "erase") else 0
        top = max(0, int(points[:, 1].min() - radius) - 1)
        bottom = min(height, int(points[:, 1].max() + radius) + 2)
        rows = torch.arange(top, bottom, dtype=torch.float64) + 0.5
        part = levels[top:bottom]
        for reach, value in _rims(radius, stroke.hardness) if radius else [(0, FULL)]:
            inside = _brush(points, reach, rows, width) if radius else _polygon(points, rows, width)
            painted = inside.to(torch.uint8) * value
            part[:] = part.minimum(FULL - painted) if stroke.tool == "erase" else part.maximum(painted)
    return levels


def rasterise(strokes, height, width):
    """Bool [height, width]: the pixels that Strokes paint at least by half, those whose centres lie in a hard one; none
    without strokes."""
    return cover(strokes, height, width) >= HALF
