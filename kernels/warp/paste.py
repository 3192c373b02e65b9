"""A picture that a model made, put back into the one that it was made of."""

import torch

from ..points.connected_parts import bounding_box
from ..points.latent_cells import CELLS
from .picture import faded


class PasteError(ValueError):
    """Pictures that do not belong together; the message says both sizes."""


def _is_cut_from(size, whole):
    return any(size == tuple(side // cell * cell for side in whole) for cell in (1, *CELLS))


def _fading_inside(mask, pixels):
    """mask [B, H, W] that fades towards what it leaves out, to 0 there after so many pixels."""
    out, painted = torch.zeros_like(mask), mask.amax(0) > 0
    if painted.any():
        # and a pixel of what is left out
        rows, columns = (slice(max(0, side.start - 1), side.stop + 1) for side in bounding_box(painted))
        out[:, rows, columns] = 1 - faded(1 - mask[:, rows, columns], pixels)
    return out


def paste(image, edited, mask=None, feather=0):
    """Pictures [B, C, H, W]: edited [B or 1, c, h, w] in its place in image [B or 1, C, H, W]; alpha that it lacks
    stays. edited is as large as image, or as its whole cells. mask [B or 1, H, W] (0..1) is how much of it is taken,
    everything without one; where it is 0, image stays bit for bit. feather pixels inside its border it fades to 0; at
    the border of image it does not. PasteError for other sizes."""
    (height, width), (rows, columns) = image.shape[-2:], edited.shape[-2:]
    if not _is_cut_from((columns, rows), (width, height)):
        raise PasteError(
            f"edited is {columns} x {rows}, but image is {width} x {height}; it must be of the same size, or of the "
            "whole latent cells in it"
        )
    out = image.repeat(len(edited) if len(image) == 1 else 1, 1, 1, 1)
    top, left = (height - rows) // 2, (width - columns) // 2
    channels = min(image.shape[1], edited.shape[1])
    place = out[:, :channels, top : top + rows, left : left + columns]
    edited = edited[:, :channels].to(out)
    if mask is not None:
        mask = _fading_inside(mask, feather) if feather else mask
        mask = mask[:, None, top : top + rows, left : left + columns].to(out)
        edited = torch.where(mask > 0, torch.lerp(place, edited, mask), place)
    place.copy_(edited)
    return out
