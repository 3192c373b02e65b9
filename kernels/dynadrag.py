"""DynaDrag's loop (Sec. 3.4): predict where the handles go next, move the content there, look at the picture, repeat."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from .motion_prediction import guarded_step
from .motion_supervision import LatentOptimizer, SupervisionError, mask_loss, motion_loss
from .point_selection import THRESHOLD, select_points
from .point_tracking import track_points

SELECTIONS = ("none", "first", "every")
# the published features lie on half the picture's grid, and so do r1 and the steps of tracking
GRID = 2


@dataclass(frozen=True)
class Settings:
    """r1, lambda and learning rate of Eq. 2 and 3; steps of Adam per round; rounds at most; tolerance in pixels within
    which a handle is at its target; selection of valid points none, first (round) or every."""

    rounds: int = 25
    steps: int = 5
    lr: float = 0.01
    r1: int = 1
    lam: float = 0.1
    selection: str = "every"
    threshold: float = THRESHOLD
    tolerance: float = 2.0
    scale: float = 1.0


@dataclass(frozen=True)
class Round:
    """After round `number` (from 0): handles [n, 2] in pixels, which pairs were dragged [n], the loss of its last step,
    how many handles went straight because the prediction led away from the target or out of the frame, the latent."""

    number: int
    handles: torch.Tensor
    valid: torch.Tensor
    loss: float
    straightened: int
    latent: torch.Tensor


@dataclass(frozen=True)
class Predictor:
    """Next handles by a flow = predict(picture [1, 3, H, W], handles, targets); picture = render(latent).

    The farthest handle goes at most `pace` pixels in a round, or what the rounds left ask for: a few steps of Adam move
    content no farther.
    """

    predict: Callable
    render: Callable
    picture: torch.Tensor
    pace: float = 4.0

    def next(self, latent, handles, targets, rounds_left, first):
        picture = self.picture if first else self.render(latent)
        step = guarded_step(self.predict, picture, handles, targets, rounds_left)
        way = step.handles - handles
        allowed = max(self.pace, (targets - handles).norm(dim=-1).max().item() / rounds_left)
        way = way * min(1.0, allowed / max(way.norm(dim=-1).max().item(), 1e-9))
        return handles + way, int(step.away.sum() + step.outside.sum())


class Tracker:
    """Next handles as DragDiffusion has them: one cell of the half grid straight on, from where tracking, within radius
    of these cells, finds the handles' first features."""

    def __init__(self, radius=12):
        self.radius, self.reference, self.initial = radius, None, None

    def next(self, latent, handles, targets, rounds_left, first):
        way = targets - handles
        distance = way.norm(dim=-1, keepdim=True)
        return handles + way * (GRID / distance.clamp(min=GRID)), 0

    def found(self, features, handles, size):
        """Where the content of the handles is in features [1, C, H, W] of a picture of size (width, height)."""
        half = torch.nn.functional.interpolate(
            features, (size[1] // GRID, size[0] // GRID), mode="bilinear", align_corners=False
        )
        if self.reference is None:
            self.reference, self.initial = half, handles
            return handles
        return track_points(self.reference, half, self.initial / GRID, handles / GRID, self.radius) * GRID


def predict_and_move(z, handles, targets, size, evaluate, guide, settings, mask=None, callback=None):
    """Latent z_t [1, C, h, w] whose content at handles [n, 2] has been moved towards targets, and the Rounds.

    Points are (x, y) in pixels of a picture of size (width, height). evaluate(z) -> features [1, C, H, W] and z_{t-1}
    with their gradient; guide is a Predictor or a Tracker; mask [1, h, w] is 1 where the latent may change. callback(
    Round) after each. A loss that is not finite ends the loop with the last good latent; then the last value is False.
    """
    optimizer = LatentOptimizer(z, settings.lr, settings.scale)
    restricted = settings.lam and mask is not None and not bool(mask.all())
    with torch.no_grad():
        previous_0 = evaluate(z)[1] if restricted else None
    rounds, chosen = [], None
    for number in range(settings.rounds):
        moving = (targets - handles).norm(dim=-1) >= settings.tolerance
        if not moving.any():
            break
        latent = optimizer.z.detach().to(z)
        following, straightened = guide.next(latent, handles, targets, settings.rounds - number, number == 0)
        following = torch.where(moving[:, None], following, handles)
        valid = moving if chosen is None else moving & chosen
        loss = float("nan")
        for step in range(settings.steps):

            def loss_of(z, first=step == 0):
                nonlocal valid, chosen, handles, following
                features, previous = evaluate(z)
                cells = torch.tensor(features.shape[:1:-1], dtype=handles.dtype) / torch.tensor(size)

                def at(points):
                    return points * cells - 0.5

                if first and isinstance(guide, Tracker):
                    way = following - handles
                    handles = guide.found(features.detach(), handles, size)
                    following = handles + way
                if first and chosen is None and settings.selection != "none":
                    valid = moving.clone()
                    valid[moving] = select_points(
                        features.detach(), at(handles[moving]), at(targets[moving]), settings.threshold
                    ).cpu()
                    chosen = valid if settings.selection == "first" else None
                loss = motion_loss(
                    features, at(handles[valid]), at(following[valid]), settings.r1, GRID * cells.mean().item()
                )
                return loss + settings.lam * mask_loss(previous, previous_0, mask) if restricted else loss

            try:
                loss = optimizer.step(loss_of)
            except SupervisionError:
                return optimizer.z.detach().to(z), rounds, False
        if not isinstance(guide, Tracker):
            handles = following
        rounds.append(Round(number, handles, valid, loss, straightened, optimizer.z.detach().to(z)))
        if callback is not None:
            callback(rounds[-1])
    return optimizer.z.detach().to(z), rounds, True
