"""What FlowGen sees of a picture and its drags, and the FLOW in its answer.

The published code takes pictures of 512 x 512 pixels and shows them to the network at 256 x 256. `published` does that,
with any other picture squeezed into the square, and treats dx and dy each for itself, which turns the drags.
`proportional` keeps the proportions of the picture, whose border is repeated beside it, and the direction of the drags;
on a square it differs from `published` in the latter alone.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .flowgen import SIDE

MODES = ("proportional", "published")
# pixels of the canvas, on which a handle is one pixel, per pixel of the network's picture
CELL = 2


@dataclass(frozen=True)
class Frame:
    """The part of the network's picture that the user's fills, in pixels."""

    left: int
    top: int
    width: int
    height: int


def frame(height, width, mode):
    """The Frame of a picture of height x width."""
    if mode == "published":
        return Frame(0, 0, SIDE, SIDE)
    width, height = (max(1, round(SIDE * side / max(height, width))) for side in (width, height))
    return Frame((SIDE - width) // 2, (SIDE - height) // 2, width, height)


def _picture(image, where):
    """image [B, 3, H, W] (0..1) on the canvas, -1..1."""
    size = (CELL * where.height, CELL * where.width)
    if image.shape[-2:] != size:
        image = F.interpolate(image, size, mode="bicubic", antialias=True, align_corners=False)
    margins = (where.left, SIDE - where.left - where.width, where.top, SIDE - where.top - where.height)
    return F.pad(image, [CELL * margin for margin in margins], mode="replicate") * 2 - 1


def _drags(handles, targets, where):
    """[2, 512, 512] on the canvas: target - handle in its pixels at the pixel of each handle, of several the last."""
    drags = torch.zeros(2, CELL * SIDE, CELL * SIDE, dtype=torch.float64)
    size = torch.tensor([where.width, where.height]) * CELL
    pixels = (handles * size).floor().long().minimum(size - 1) + CELL * torch.tensor([where.left, where.top])
    for (x, y), vector in zip(pixels.tolist(), (targets - handles) * size, strict=True):
        drags[:, y, x] = vector
    return drags


def input_maps(image, handles, targets, mode):
    """[B, 5, 256, 256] of image [B, 3, H, W] (0..1) and points [N, 2] (fractions): RGB in -1..1 | dx, dy over the
    longest of both (published: of each); and [2], how many pixels of the network's picture the longest are."""
    where = frame(*image.shape[-2:], mode)
    drags = _drags(handles, targets, where)
    longest = drags.abs().amax((1, 2))
    if mode != "published":
        longest = longest.amax().expand(2)
    drags = drags / torch.where(longest < 1e-8, 1, longest)[:, None, None]
    canvas = torch.cat((_picture(image, where), drags.to(image).expand(len(image), -1, -1, -1)), 1)
    maps = F.interpolate(canvas, (SIDE, SIDE), mode="bicubic", align_corners=False)
    return maps, longest.where(longest >= 1e-8, 0) / CELL


def generate_flow(network, image, handles, targets, mode="proportional", scale=None):
    """FLOW [B, 2, h, w], cells of its own grid, of image [B, 3, H, W] (0..1) dragged from handles to targets [N, 2]
    (fractions), by a FlowGen. scale multiplies its answer; None makes the longest motion (published: of dx and of dy)
    as long as the longest drag."""
    where = frame(*image.shape[-2:], mode)
    if not len(handles) or torch.equal(handles, targets):
        return image.new_zeros(len(image), 2, where.height, where.width)
    maps, longest = input_maps(image, handles, targets, mode)
    raw = network(maps)
    if scale is None:
        peak = raw.abs().amax((2, 3) if mode == "published" else (1, 2, 3), keepdim=True)
        # an answer without motion is one without motion
        raw = raw / torch.where(peak == 0, 1, peak)
    else:
        raw = raw * scale
    flow = raw * longest.to(raw)[:, None, None]
    return flow[..., where.top : where.top + where.height, where.left : where.left + where.width]
