"""One drag on a picture with its truth: handles, their paths to the targets, the flow of the next step, and the region
that a person might paint for it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F

from ...kernels.motion.first_guess import STEP, first_guess
from ...kernels.motion.prediction import SIDE, input_maps
from .coarse_regions import SHAPES, coarse_region
from .motions import positions
from .moving import scene
from .random_choices import Dice

MAX_HANDLES = 7
# pixels around a region, of the longer side
MARGINS = (1 / 64, 3 / 32)
TIMES = torch.linspace(0, 1, 49)


@dataclass(frozen=True)
class Sample:
    """picture [3, S, S]; handles, targets [N, 2]; paths [49, N, 2] over the time, in pixels; flow [2, S, S] of the next
    step; moving [S, S]: where content moves, swept(): where it comes by on its way; region [S, S]: what a person might
    paint."""

    kind: str
    picture: torch.Tensor
    handles: torch.Tensor
    targets: torch.Tensor
    paths: torch.Tensor
    flow: torch.Tensor
    moving: torch.Tensor
    swept: Callable
    region: torch.Tensor

    def item(self, with_region):
        """What a training takes: inputs [6, S, S], first guess and truth of the flow [2, S, S], weight [1, S, S], and
        the region [1, S, S], 0 everywhere without one."""
        weight = torch.ones_like(self.picture[:1])
        # what is everywhere is no region
        region = self.region if with_region and not self.region.all() else None
        seen = network_view(self.picture, self.handles, self.targets, region)
        return *seen, self.flow, weight, 0 * weight if region is None else weight * region


def network_view(picture, handles, targets, region=None):
    """inputs [6, S, S] and first guess of the flow [2, S, S] of picture [3, S, S], points in its pixels and maybe a
    region [S, S]."""
    guess = first_guess(handles, targets, *picture.shape[-2:], region)[0]
    return input_maps(picture[None], handles, guess[None])[0], guess


def next_time(paths, step):
    """When the handle then farthest along its path has gone `step` of paths [T, N, 2]; 1 if none goes so far."""
    gone = (paths[1:] - paths[:-1]).norm(dim=-1).cumsum(0).amax(1)
    after = int(torch.searchsorted(gone, torch.tensor(step)))
    if after >= len(gone):
        return 1.0
    before = gone[after - 1] if after else gone.new_zeros(())
    return (after + ((step - before) / (gone[after] - before)).item()) / len(gone)


def choose_handles(magnitude, dice):
    """1 to 7 positions [N, 2] in magnitude [S, S], in proportion to it, and their pixels (rows, columns)."""
    size = magnitude.shape[-1]
    count = min(dice.pick(range(1, MAX_HANDLES + 1), (30, 20, 15, 11, 9, 8, 7)), int((magnitude > 0).sum()))
    index = torch.multinomial(magnitude.flatten(), count, generator=dice.generator)
    rows, columns = index // size, index % size
    return torch.stack((columns, rows), -1) + dice.noise(count, 2), rows, columns


def moved(drawn, xy, rest, owner, t, active=None):
    """Where the content seen at xy [..., 2] is at time t; only of the `active` groups, if given."""
    result = xy + 0 * torch.as_tensor(t)[..., None]
    for index in owner.unique().tolist():
        if active is None or drawn.groups[index] in active:
            mine = owner == index
            result[..., mine, :] = drawn.motions[index].forward(rest[mine], t)
    return result


def rest_of(drawn, handles, owner):
    """Rest positions [N, 2] of handles, which may lie anywhere in their pixels."""
    return torch.stack([drawn.motions[i].inverse(h) for h, i in zip(handles, owner.tolist(), strict=True)])


def _swept(drawn, xy, end, active, moving):
    """Pixels [S, S] that the moving ones come by until `end`, and those next to them."""
    size = xy.shape[0]
    seen = moving.clone()
    for t in TIMES[8::8]:
        x, y = moved(drawn, xy, drawn.rest, drawn.owner, end * t, active)[moving].floor().long().unbind(-1)
        inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
        seen[y[inside], x[inside]] = True
    return F.max_pool2d(seen[None].float(), 5, 1, 2)[0] > 0


def painted(flow, dice):
    """A region [S, S] as a person might paint it around what a flow [2, S, S] of the whole way moves, and where to."""
    size = flow.shape[-1]
    # little has no shape
    shape = dice.pick(SHAPES) if (flow.norm(dim=0) > 1).sum() > size else "box"
    margin = max(1, round(dice.number(*MARGINS) * size))
    return F.max_pool2d(coarse_region(shape, flow)[None].float(), 2 * margin + 1, 1, margin)[0] > 0


def _try(dice, surfaces, size, kind):
    drawn = scene(dice, surfaces, size, kind)
    xy = positions(size)
    magnitude = (moved(drawn, xy, drawn.rest, drawn.owner, torch.tensor(0.1)) - xy).norm(dim=-1)
    magnitude = torch.where(magnitude > 0.02, magnitude, 0)
    if not magnitude.any():
        return None
    handles, rows, columns = choose_handles(magnitude, dice)
    owner = drawn.owner[rows, columns]
    drawn.motions[-1] = drawn.motions[-1].dragged(handles)
    rest = rest_of(drawn, handles, owner)
    paths = moved(drawn, handles, rest, owner, TIMES[:, None])
    # the drag ends before a handle leaves the picture
    inside = ((paths > 0.5) & (paths < size - 0.5)).all(-1).all(-1).long().cumprod(0)
    end = TIMES[max(0, int(inside.sum()) - 1)]
    paths = moved(drawn, handles, rest, owner, end * TIMES[:, None])
    if (paths[-1] - paths[0]).norm(dim=-1).amax() < 0.02 * size:
        return None
    # what nobody drags stays, since nobody could know how it moves
    active = {drawn.groups[i] for i in owner.tolist()}
    t = end * next_time(paths, STEP * size)
    flow = moved(drawn, xy, drawn.rest, drawn.owner, t, active) - xy
    whole = (moved(drawn, xy, drawn.rest, drawn.owner, end, active) - xy).permute(2, 0, 1)
    moving = whole.norm(dim=0) > 0.01 * size
    flow = flow.permute(2, 0, 1)
    swept = partial(_swept, drawn, xy, end, active, moving)
    return Sample(drawn.kind, drawn.picture, handles, paths[-1], paths, flow, moving, swept, painted(whole, dice))


def make_sample(seed, surfaces, size=SIDE, kind=None, spread=1.0):
    """The Sample of a seed; every seed gives one."""
    dice = Dice(seed, spread)
    while True:
        made = _try(dice, surfaces, size, kind)
        if made is not None:
            return made
