"""DynaDrag's loop (Sec. 3.4): predict where the handles go next, move the content there, look again."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..diffusion.feature_patches import patch_positions
from ..motion.prediction import guarded_step, sample_flow
from .motion_supervision import LatentOptimizer, SupervisionError, mask_loss, motion_loss
from .point_selection import THRESHOLD, select_points
from .point_tracking import track_points

SELECTIONS = ("none", "first", "every")
# the published features lie on half the picture's grid, and so do r1 and the steps of tracking
GRID = 2


@dataclass(frozen=True)
class Settings:
    """r1, lambda and learning rate of Eq. 2 and 3; steps of Adam per round and its damping; rounds at most; tolerance
    in pixels within which a handle is at its target; selection of valid points none, first (round) or every.

    preserving: the content of the first latent is held on to, as GoodDrag does, on patches that turn and stretch with
    the predicted flow, also at handles that have arrived; else Eq. 2 as it stands, on the latest latent. Published:
    lr 0.01, damping 0, r1 1, not preserving.
    """

    rounds: int = 25
    steps: int = 5
    lr: float = 0.2
    damping: float = 3.0
    r1: int = 4
    lam: float = 0.1
    preserving: bool = True
    selection: str = "every"
    threshold: float = THRESHOLD
    tolerance: float = 2.0
    scale: float = 1.0

    def optimizer(self, z):
        return LatentOptimizer(z, self.lr, self.scale, self.damping)

    def patches(self, points):
        """Omega_r1 around points [n, 2], all in pixels."""
        return patch_positions(points, self.r1, GRID)


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
    """Next handles, how many of them went straight, and the flow [1, 2, H, W] of the step (None: all goes as its handle
    does) by a flow = predict(picture [1, 3, H, W], handles, targets); picture = render(latent).

    The farthest handle goes at most `pace` pixels in a round, or what the rounds left ask for: a few steps of Adam move
    content no farther. predict is told no region: patches that fade out towards its border let the content lag behind.
    """

    predict: Callable
    render: Callable
    picture: torch.Tensor
    pace: float = GRID

    def next(self, latent, handles, targets, rounds_left, first):
        picture = self.picture if first else self.render(latent)
        step = guarded_step(self.predict, picture, handles, targets, rounds_left)
        way = step.handles - handles
        allowed = max(self.pace, (targets - handles).norm(dim=-1).max().item() / rounds_left)
        part = min(1.0, allowed / max(way.norm(dim=-1).max().item(), 1e-9))
        return handles + part * way, int(step.away.sum() + step.outside.sum()), part * step.flow


class Tracker:
    """Next handles as DragDiffusion has them: one cell of the half grid straight on, from where tracking, within radius
    of these cells, finds the handles' first features."""

    def __init__(self, radius=12):
        self.radius, self.reference, self.initial = radius, None, None

    def next(self, latent, handles, targets, rounds_left, first):
        way = targets - handles
        distance = way.norm(dim=-1, keepdim=True)
        return handles + way * (GRID / distance.clamp(min=GRID)), 0, None

    def found(self, features, handles, size):
        """Where the content of the handles is in features [1, C, H, W] of a picture of size (width, height)."""
        half = torch.nn.functional.interpolate(
            features, (size[1] // GRID, size[0] // GRID), mode="bilinear", align_corners=False
        )
        if self.reference is None:
            self.reference, self.initial = half, handles
            return handles
        return track_points(self.reference, half, self.initial / GRID, handles / GRID, self.radius) * GRID


def few(levels, count):
    """count of the ascending levels, spread evenly, the last one among them: a shorter way back for a look."""
    count = min(count, len(levels))
    return [levels[(i + 1) * len(levels) // count - 1] for i in range(count)]


def carried(patches, handles, following, flow):
    """Patches [n, h, w, 2] gone with their handles [n, 2], turned and stretched as flow does around these."""
    way = following - handles - sample_flow(flow, handles)
    return patches + way[:, None, None] + sample_flow(flow, patches.flatten(0, 2)).view_as(patches)


def supervise(optimizer, evaluate, aim, size, settings, mask=None, previous_0=None):
    """settings.steps steps of Adam down Eq. 2; the loss of the last one.

    evaluate(z, complete) -> features [1, C, H, W] and, if complete, z_{t-1}, with their gradient. aim(features, at),
    asked once, gives the reference features (None: those of each step), and patches of sources and destinations
    [n, h, w, 2] in pixels of a picture of size (width, height); at(points) are their cells of the features. mask
    [1, h, w] and previous_0 (z_{t-1} of the original) make the mask term.
    """
    aimed = None

    def loss_of(z):
        nonlocal aimed
        features, previous = evaluate(z, previous_0 is not None)
        cells = torch.tensor(features.shape[:1:-1], dtype=torch.float64) / torch.tensor(size)

        def at(points):
            return points * cells - 0.5

        if aimed is None:
            reference, *ends = aim(features.detach(), at)
            # once, to where they are read in every step
            aimed = reference, *(at(patches).to(features.device, torch.float32) for patches in ends)
        reference, sources, destinations = aimed
        loss = motion_loss(features, features if reference is None else reference, sources, destinations)
        return loss if previous_0 is None else loss + settings.lam * mask_loss(previous, previous_0, mask)

    return optimizer.step(loss_of, settings.steps)


def restricts(mask, settings):
    """Whether the mask term of Eq. 2 is there at all."""
    return bool(settings.lam) and mask is not None and not bool(mask.all())


def predict_and_move(z, handles, targets, size, within, guide, settings, mask=None, callback=None):
    """Latent z_t [1, C, h, w] whose content at handles [n, 2] has been moved towards targets, and the Rounds.

    Points are (x, y) in pixels of a picture of size (width, height). within(work) returns work(evaluate), run where the
    network can be evaluated as supervise does; guide is a Predictor or a Tracker; mask [1, h, w] is 1 where the latent
    may change. callback(Round) after each. A loss that is not finite ends the loop with the last good latent; then the
    last value is False.
    """
    optimizer = settings.optimizer(z)
    latent, previous_0, rounds, chosen, reference = z, None, [], None, None
    first = patches = settings.patches(handles)
    for number in range(settings.rounds):
        moving = (targets - handles).norm(dim=-1) >= settings.tolerance
        if chosen is not None:
            moving = moving & chosen
        if not moving.any():
            break
        if previous_0 is None and restricts(mask, settings):
            previous_0 = within(lambda evaluate: evaluate(z, True)[1].detach())
        following, straightened, flow = guide.next(latent, handles, targets, settings.rounds - number, number == 0)
        following = torch.where(moving[:, None], following, handles)
        valid = moving

        def aim(features, at, moving=moving, flow=flow):
            nonlocal valid, chosen, handles, following, reference, patches
            if isinstance(guide, Tracker):
                way = following - handles
                handles = guide.found(features, handles, size)
                following = handles + way
            if chosen is None and settings.selection != "none":
                valid = moving.clone()
                ends = at(handles[moving]), at(targets[moving])
                valid[moving] = select_points(features, *ends, settings.threshold).cpu()
                chosen = valid if settings.selection == "first" else None
            if not settings.preserving:
                return None, settings.patches(handles)[valid], settings.patches(following)[valid]
            if reference is None:
                reference = features
            gone = settings.patches(following) if flow is None else carried(patches, handles, following, flow)
            patches = torch.where(moving[:, None, None, None], gone, patches)
            held = valid | ((targets - handles).norm(dim=-1) < settings.tolerance)
            return reference, first[held], patches[held]

        def move(evaluate, aim=aim, previous_0=previous_0):
            # told by the value: an exception would have to cross what `within` runs in
            try:
                return supervise(optimizer, evaluate, aim, size, settings, mask, previous_0)
            except SupervisionError:
                return None

        loss = within(move)
        latent = optimizer.latent(z)
        if loss is None:
            return latent, rounds, False
        if not isinstance(guide, Tracker):
            handles = following
        rounds.append(Round(number, handles, valid, loss, straightened, latent))
        if callback is not None:
            callback(rounds[-1])
    return latent, rounds, True
