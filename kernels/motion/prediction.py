"""DynaDrag's motion prediction (Sec. 3.2.1): a network looks at picture and drags and says how everything moves next.

Points [N, 2] are (x, y) in pixels of the picture, where 0.5 is the centre of the first pixel.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ..warp.bnni import bnni
from ..warp.latent import warp
from .first_guess import STEP, first_guess
from .flow import resize_flow

RADIUS = 4
# longer side, in pixels, of the picture that the network sees
SIDE = 64
ROUNDS = 25
# of a straight step: what is no step
STILL = 0.02


def input_maps(image, handles, guess):
    """[1, 6, H, W] of image [1, 3, H, W] (0..1), handles and their first guess [1, 2, H, W]: RGB | the guess in lengths
    of a step | heatmap (1 in the 9 x 9 pixels around each handle).

    The paper has handle - target at the one pixel of each handle in place of the guess; such peaks are all that the
    first normalisation of the network lets through, and trained so it learned nothing from the picture.
    """
    height, width = image.shape[-2:]
    heat = image.new_zeros(1, 1, height, width)
    limit = torch.tensor([width - 1, height - 1], device=handles.device)
    for x, y in handles.floor().long().clamp(min=0).minimum(limit).tolist():
        heat[..., max(0, y - RADIUS) : y + RADIUS + 1, max(0, x - RADIUS) : x + RADIUS + 1] = 1
    return torch.cat((image, guess.to(image) / (STEP * max(height, width)), heat), 1)


def corrected(guess, correction):
    """Flow [B, 2, H, W] that the first guess becomes by a network's correction: turned and scaled as the complex number
    1 + correction says, so that 0 keeps it and -1 stills it."""
    x, y = guess.unbind(1)
    real, imaginary = 1 + correction[:, 0], correction[:, 1]
    return torch.stack((x * real - y * imaginary, x * imaginary + y * real), 1)


def sample_flow(flow, points):
    """Bilinear values [N, 2] of flow [1, 2, H, W] at points; beyond the outermost pixel centres it goes on evenly."""
    size = torch.tensor([flow.shape[3], flow.shape[2]], device=flow.device)
    grid = (points.to(flow) / size * 2 - 1).view(1, 1, -1, 2)
    return F.grid_sample(flow, grid, "bilinear", "border", align_corners=False)[0, :, 0].T.to(points)


def predict_flow(network, image, handles, targets, region=None):
    """FLOW [1, 2, H, W] of the next step for image [1, 3, H, W] (0..1), in its pixels: the first guess, corrected by
    the network; no points, no motion. In a region [h, w] (bool, not empty; any grid on the picture) the guess, held at
    its border, keeps the picture's own resolution, and is what counts where the network knows no regions."""
    height, width = image.shape[-2:]
    if not len(handles):
        return image.new_zeros(1, 2, height, width)
    scale = SIDE / max(height, width)
    rows, columns = (max(1, round(side * scale)) for side in (height, width))
    small = F.interpolate(image, (rows, columns), mode="bilinear", antialias=scale < 1, align_corners=False)
    factor = torch.tensor([columns / width, rows / height], dtype=handles.dtype, device=handles.device)
    if region is not None:
        covered = F.adaptive_avg_pool2d(region[None].to(image), (height, width))[0]
        # one that is thin everywhere has the pixels that it covers most
        region = covered >= covered.amax().clamp(max=0.5)
        guess = first_guess(handles, targets, height, width, region).to(image)
        if not network.knows_regions:
            return guess
        seen = input_maps(small, handles * factor, resize_flow(guess, rows, columns))
        correction = F.interpolate(network(seen), (height, width), mode="bilinear", align_corners=False)
        return corrected(guess, correction)
    handles, targets = handles * factor, targets * factor
    guess = first_guess(handles, targets, rows, columns).to(small)
    return resize_flow(corrected(guess, network(input_maps(small, handles, guess))), height, width)


def predict_step(network, image, handles, targets):
    """The flow of the next step and where it takes the handles (Eq. 4): h + flow(h)."""
    flow = predict_flow(network, image, handles, targets)
    return flow, handles + sample_flow(flow, handles)


@dataclass(frozen=True)
class Round:
    """flow [1, 2, H, W] of the step, handles [N, 2] after it; away, outside, late [N]: handles that the prediction
    would have taken away from their targets, out of the picture, or not near enough to arrive in time, as where it says
    that nothing moves; they went straight instead."""

    flow: torch.Tensor
    handles: torch.Tensor
    away: torch.Tensor
    outside: torch.Tensor
    late: torch.Tensor


def guarded_step(predict, image, handles, targets, rounds_left=ROUNDS):
    """The Round of flow = predict(image, handles, targets), guarded, so that the targets are reached in rounds_left.

    Steps that are away, outside or late go an even part of the straight way instead. Drags too long for the rounds
    take longer steps. All go to their targets in the last round, or when the farthest has half a step or less to go.
    """
    height, width = image.shape[-2:]
    size = torch.tensor([width, height], device=handles.device)
    step = STEP * max(height, width)
    distance = (targets - handles).norm(dim=-1)
    farthest = max(distance.tolist(), default=0.0)
    # a tenth in reserve for the turns of the way
    pace = max(1.0, 1.1 * farthest / (rounds_left * step))
    flow = predict(image, handles, targets) * pace
    if rounds_left == 1 or farthest <= step / 2:
        none = torch.zeros_like(distance, dtype=torch.bool)
        return Round(flow, targets.clone(), none, none, none)
    moved = handles + sample_flow(flow, handles)
    after = (targets - moved).norm(dim=-1)
    # said so that a prediction that is no number is outside, too
    outside = ~((moved >= 0) & (moved <= size)).all(-1)
    away = (after > distance) & ~outside
    part = min(1.0, pace * step / farthest)
    still = (moved - handles).norm(dim=-1) < STILL * part * distance
    late = ((after > (rounds_left - 1) * pace * step) | still) & ~outside & ~away
    straight = torch.lerp(handles, targets, part)
    return Round(flow, torch.where((away | outside | late)[:, None], straight, moved), away, outside, late)


def follow(image, flow):
    """The picture [1, 3, H, W] after a step, by warping alone: uncovered pixels are filled from around them."""
    everywhere = torch.ones(image.shape[-2:], dtype=torch.bool, device=image.device)
    moved, holes = warp(image, flow, everywhere)
    return bnni(moved, holes[0]).clamp(0, 1)


def roll_out(predict, image, handles, targets, rounds=ROUNDS, redraw=follow):
    """The Rounds until every handle is on its target, at most `rounds`; image = redraw(image, flow) after each."""
    done = []
    while len(done) < rounds and (handles != targets).any():
        done.append(guarded_step(predict, image, handles, targets, rounds - len(done)))
        image, handles = redraw(image, done[-1].flow), done[-1].handles
    return done
