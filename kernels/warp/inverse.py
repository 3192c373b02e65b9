"""The inverse of a forward displacement over a region: for every place of the picture, what arrives there."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .sheet import INDEX, TEAR, Sheet, bands, grid, neighbours, squared

# a flow whose changes are followed by another one more seldom than this moves pieces as they are, torn where it changes
PIECES = 0.1
# cells around a place in which what ends near it is looked for; and rounds of Newton's method from farther away
SEARCHED, ROUNDS = 2, 4


class Arrived(NamedTuple):
    """A band of the frame, window (rows, columns), that content can arrive in: its places [h, w], what leads from each
    of them back to the source of its content (complex, x + i y in cells), and whether there is any (bool)."""

    window: tuple
    place: torch.Tensor
    back: torch.Tensor
    mask: torch.Tensor


def _is_pieces(flow, region):
    """Whether flow [h, w] jumps where it changes, judged by every fourth row and column: two changes seldom meet."""
    changes, meetings = 0, 0
    for axis, every in ((1, (slice(1, None, 4), slice(None))), (0, (slice(None), slice(1, None, 4)))):
        changed = (squared(flow[every].diff(dim=axis)) > 1e-8) & neighbours(region[every], axis)
        changes = changes + changed.sum()
        meetings = meetings + neighbours(changed, axis).sum()
    return bool(meetings <= PIECES * changes)


def _spread(best):
    """Maximum of best [h, w] over 3 x 3 places."""
    for axis in (0, 1):
        wide, size = best.clone(), best.shape[axis] - 1
        for start in (0, 1):
            part = wide.narrow(axis, start, size)
            torch.maximum(part, best.narrow(axis, 1 - start, size), out=part)
        best = wide
    return best


def invert(flow, region, front="longest", tears=True):
    """Yields Arrived, band after band, for the forward displacement flow [2, H, W] (x, y; cells) over region [H, W]
    (bool, not empty), in front what FRONTS says. Exact where the flow is affine around a cell; nothing arrives where
    the region is torn open, which is where it is stretched more than TEAR times, if it tears."""
    sheet = Sheet(flow, region)
    rows, columns = window = sheet.window(*region.shape)
    best = sheet.splat(window, front)
    pieces = tears and _is_pieces(sheet.flow, sheet.region)
    if not pieces:
        sheet.linearise(TEAR if tears else math.inf)
    rounds, far = 1, 0 if tears else sheet.reach()
    if far > SEARCHED:
        rounds = ROUNDS
        for _ in range(far):
            best = torch.where(best < 0, _spread(best), best)
    high, wide = best.shape
    for start, stop in bands(high, wide, flow.device):
        band = slice(rows.start + start, rows.start + stop), columns
        place = grid(stop - start, wide, complex(columns.start, band[0].start), flow.device)
        if pieces:
            reached = best[start:stop]
            cell = INDEX - (reached.flatten() & INDEX)
            yield Arrived(band, place, -sheet.flow.view(-1).index_select(0, cell).view_as(place), reached >= 0)
            continue
        # two rows and columns more around the band, for candidates from there
        above, below = max(start - 2, 0), min(stop + 2, high)
        around = F.pad(best[above:below], (2, 2, above - start + 2, stop + 2 - below), value=-1)
        near = _spread(_spread(around))[2:-2, 2:-2].flatten()
        flat = place.flatten()
        back, mask = sheet.solve(flat, near, rounds)
        # where the candidate in front leads nowhere: of those that lead there the one in front
        left = (near >= 0).logical_and_(~mask).nonzero()[:, 0]
        corner = left.div(wide, rounding_mode="floor").mul_(4).add_(left)
        offset = torch.arange(5, device=left.device)
        candidate = around.flatten()[corner + torch.cartesian_prod(offset * (wide + 4), offset).sum(1)[:, None]]
        found, valid = (
            one.view_as(candidate) for one in sheet.solve(flat[left].repeat(25), candidate.flatten(), rounds)
        )
        first = candidate.masked_fill_(~valid, -1).max(0)
        back[left] = found.gather(0, first.indices[None])[0]
        mask[left] = first.values >= 0
        if not tears:
            # where the sheet bends too much for Newton's method, the nearest of its cells
            lost = (near >= 0).logical_and_(~mask).logical_and_(region[band].flatten())
            nearest = sheet.own.view(-1).index_select(0, INDEX - (near & INDEX)).sub_(flat)
            back, mask = torch.where(lost, nearest, back), mask | lost
        yield Arrived(band, place, back.view_as(place), mask.view(place.shape))
