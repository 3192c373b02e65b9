"""A picture that a model made, put back into the one that it was made of."""

import torch

from ..points.latent_cells import CELLS
from .picture import faded


class PasteError(ValueError):
    """Pictures that do not belong together; the message says both sizes."""


def _is_cut_from(size, whole):
    return any(size == tuple(side // cell * cell for side in whole) for cell in (1, *CELLS))


def paste(image, edited, mask=None, feather=0):
    """Pictures [B, C, H, W]: edited [B or 1, 3, h, w] in its place in image [B or 1, C, H, W], C = 3 or 4 (alpha, which
    stays). edited is as large as image, or as its whole cells. mask [B or 1, H, W] (0..1) is how much of it is taken,
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
    place = out[:, :3, top : top + rows, left : left + columns]
    edited = edited[:, :3].to(out)
    if mask is not None:
        mask = mask if not feather else 1 - faded(1 - mask, feather)
        mask = mask[:, None, top : top + rows, left : left + columns].to(out)
        edited = torch.where(mask > 0, torch.lerp(place, edited, mask), place)
    place.copy_(edited)
    return out
