"""What of a warped picture is kept, refined or painted anew (MoRe-Drag, 2026: the regions of its recomposition)."""

from typing import NamedTuple

import torch

from .picture import dilated

# pixels; content that moves less leaves nothing open behind it
STILL = 0.5


class Regions(NamedTuple):
    """M_p, M_r and M_i, each [B, H, W] (bool): every pixel is in exactly one."""

    keep: torch.Tensor
    refine: torch.Tensor
    paint: torch.Tensor


def opened_by(flow, moved):
    """Where flow [1 or B, 2, H, W] (pixels) took the content away and none came: bool [B, H, W] beside moved
    [B, H, W] (bool), where moved content lies now."""
    return (torch.hypot(*flow.unbind(1)) >= STILL) & ~moved


def regions(moved, opened, band, grow):
    """Regions of a picture in which content lies at moved now and opened is what it left, both [B, H, W] (bool).
    M_r is moved and a band of so many pixels around it, M_i opened grown by so many pixels without M_r."""
    refine = dilated(moved.float(), band) > 0
    paint = (dilated(opened.float(), grow) > 0) & ~refine
    return Regions(~refine & ~paint, refine, paint)


def soft_mask(regions, blend):
    """Regions as one mask [B, H, W]: 0 keeps the warped picture, 1 paints anew, blend (0..1) is the generated part, the
    paper's lambda, where both are mixed."""
    return regions.paint + blend * regions.refine.float()
