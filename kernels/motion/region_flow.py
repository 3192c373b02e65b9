"""Dense correspondences of regions (RegionDrag, Lu, Li, Han 2024), as a forward motion of the handle region."""

import itertools

import torch
import torch.nn.functional as F

from ..points.region_pairs import RegionPairError
from ..points.strokes import Stroke, rasterise
from .displacements import displace_as_one

# square pixels; flatter corners give no homography that can be trusted
FLAT = 1e-3
# vertices that guide the inside of a polygon; more cost time and say no more
GUIDES = 128


def _columns(mask):
    """The columns of mask [H, W] that have a pixel, and the borders (above, below) of what they have: three [n]."""
    rows = torch.arange(len(mask), device=mask.device)[:, None]
    columns = mask.any(0).nonzero()[:, 0]
    above, below = torch.where(mask, rows, len(mask)).amin(0), torch.where(mask, rows + 1, 0).amax(0)
    return columns.double(), above[columns].double(), below[columns].double()


def region_flow(handle, target):
    """FLOW [1, 2, H, W] (pixels, zero outside handle) of the bool regions handle -> target [H, W], neither empty: the
    width is stretched as a whole, then the height of every column (RegionDrag's mask pairs, forward)."""
    columns, above, below = _columns(handle)
    target_columns, target_above, target_below = _columns(target)
    scale = (target_columns[-1] - target_columns[0] + 1) / (columns[-1] - columns[0] + 1)
    goal = target_columns[0] + (columns + 0.5 - columns[0]) * scale - 0.5
    right = torch.searchsorted(target_columns, goal).clamp(max=len(target_columns) - 1)
    left = (right - 1).clamp(min=0)
    gap = (target_columns[right] - target_columns[left]).clamp(min=1)
    part = ((goal - target_columns[left]) / gap).clamp(0, 1)
    goal_above, goal_below = (torch.lerp(edge[left], edge[right], part) for edge in (target_above, target_below))
    stretch = (goal_below - goal_above) / (below - above)

    rows = torch.arange(len(handle), device=handle.device)[:, None]
    flow = torch.zeros(2, *handle.shape, dtype=torch.float64, device=handle.device)
    index = columns.long()
    flow[0][:, index] = (goal - columns).expand(len(handle), -1)
    flow[1][:, index] = goal_above + (rows + 0.5 - above) * stretch - 0.5 - rows
    return (flow * handle)[None].float()


def _corners(polygon):
    """Twice the area that each corner of polygon [n, 2] cuts off, positive where it turns right on the picture."""
    edges = polygon.roll(-1, 0) - polygon
    (x, y), (next_x, next_y) = edges.T, edges.roll(-1, 0).T
    return x * next_y - y * next_x


def _homography(quad, target):
    """The 3 x 3 matrix that takes the corners quad [4, 2] to target [4, 2]."""
    (x, y), one, zero = quad.T, torch.ones(4, dtype=quad.dtype), torch.zeros(4, dtype=quad.dtype)
    u, v = target.T
    upper = torch.stack((x, y, one, zero, zero, zero, -u * x, -u * y), 1)
    lower = torch.stack((zero, zero, zero, x, y, one, -v * x, -v * y), 1)
    matrix = torch.linalg.solve(torch.cat((upper, lower)), torch.cat((u, v)))
    return torch.cat((matrix, one[:1])).view(3, 3)


def polygon_flow(pair, height, width):
    """FLOW [1, 2, H, W] (pixels) of a RegionPair, and the bool [H, W] that its handle and its target cover.

    Convex quadrilaterals give the homography, other polygons affine moving least squares on their vertices, which is
    the affine map itself where there is one.
    """
    extent = torch.tensor([width, height], dtype=torch.float64)
    handle, target = (torch.tensor(ends, dtype=torch.float64) * extent for ends in (pair.handle, pair.target))
    covered, covered_target = (
        rasterise([Stroke("polygon", ends)], height, width) for ends in (pair.handle, pair.target)
    )
    corners = torch.stack((_corners(handle), _corners(target)))
    if len(handle) == 4 and ((corners > FLAT).all(1) | (corners < -FLAT).all(1)).all():
        centres = covered.nonzero().flip(-1).double() + 0.5
        ends = F.pad(centres, (0, 1), value=1.0) @ _homography(handle, target).T
        flow = torch.zeros(1, 2, height, width)
        flow[0, :, covered] = (ends[:, :2] / ends[:, 2:] - centres).T.float()
    else:
        guides = torch.linspace(0, len(handle) - 1, min(len(handle), GUIDES)).round().long()
        # cells of a grid: a centre is an integer
        flow = displace_as_one(handle[guides] - 0.5, target[guides] - 0.5, covered, "affine")
    return flow, covered, covered_target


def drag_regions(pairs, masks, height, width):
    """One FLOW [1, 2, H, W] (pixels) of RegionPairs and of pairs of bool masks [H, W], the later in front where handle
    regions overlap; what is handle and what is target, bool [H, W]; and the regions' centres, two [n, 2] cell indices.

    RegionPairError for a region without a pixel.
    """
    flow = torch.zeros(1, 2, height, width)
    union = torch.zeros(2, height, width, dtype=torch.bool)
    centres = [], []
    moves = itertools.chain(
        (polygon_flow(pair, height, width) for pair in pairs), ((None, *ends) for ends in masks)
    )  # fmt: skip
    for number, (one, *ends) in enumerate(moves, 1):
        for name, region, found in zip(("handle", "target"), ends, centres, strict=True):
            if not region.any():
                raise RegionPairError(f"the {name} of region pair {number} covers no pixel; draw it larger")
            found.append(region.nonzero().flip(-1).double().mean(0))
        flow = torch.where(ends[0], region_flow(*ends) if one is None else one, flow)
        union |= torch.stack(ends)
    return flow, *union, *(torch.stack(found) if found else torch.zeros(0, 2, dtype=torch.float64) for found in centres)
