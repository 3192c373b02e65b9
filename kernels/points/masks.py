"""Masks of the editable region (1 = may change): which part of them is painted, and that on other grids."""

import torch
import torch.nn.functional as F

from .latent_cells import cell_of, whole_cells

# Load Image gives up to 1/255 for files without transparency, and JPEG a little more; the faintest brush is above it
FAINT = 1 / 16


class MaskError(ValueError):
    """A mask that cannot be used; the message says why."""


def check_finite(mask, name="mask"):
    """mask. MaskError for NaN or infinity in it."""
    if not mask.isfinite().all():
        raise MaskError(f"{name} has values that are no numbers; connect a mask with values from 0 to 1")
    return mask


def read_mask(mask, name="mask", unpainted=1.0):
    """What a mask [B, H, W] says is painted, 0..1: its values over the strongest one of each picture, so that a grey
    brush counts like a white one. Where nothing of a picture is above FAINT, the picture has the value unpainted; None
    where that is so of all. Every reader takes 0.5 and more for painted. MaskError for NaN or infinity."""
    mask = check_finite(mask, name).float().clamp(0, 1)
    strongest = mask.amax((1, 2), keepdim=True)
    painted = strongest > FAINT
    return torch.where(painted, mask / strongest, unpainted) if painted.any() else None


def resize_mask(mask, height, width, name="mask"):
    """mask [B, H, W] at the size of a picture. MaskError when the proportions differ by more than 2 %."""
    rows, columns = mask.shape[-2:]
    if abs(columns * height / (rows * width) - 1) > 0.02:
        raise MaskError(
            f"{name} is {columns} x {rows}, but the picture is {width} x {height}; "
            "use a mask with the proportions of the picture"
        )
    if (rows, columns) == (height, width):
        return mask
    return F.interpolate(mask[:, None], (height, width), mode="bilinear", antialias=True)[:, 0]


def share_of_grid(mask, height, width, name="mask"):
    """mask [B, H, W] in 0..1 as its mean over each cell, [B, height, width]. The grid lies on all of the mask's
    picture, or is that of its latent.

    MaskError when the proportions differ by more than one cell.
    """
    rows, columns = mask.shape[-2:]
    if abs(columns * height / rows - width) > 1 and abs(rows * width / columns - height) > 1:
        raise MaskError(
            f"{name} is {columns} x {rows}, which has other proportions than the {width} x {height} grid it is for; "
            "use a mask made on the same picture"
        )
    if (rows, columns) == (height, width):
        return mask
    if cell := cell_of(columns, rows, width, height):
        mask = whole_cells(mask, cell)
    # exact area average, also for sizes that are no multiple of each other
    return F.adaptive_avg_pool2d(mask[:, None].float(), (height, width))[:, 0]


def mask_to_grid(mask, height, width, name="mask"):
    """mask [B, H, W] in 0..1 -> bool [B, height, width]: a cell is movable when at least half of it is. MaskError as of
    share_of_grid."""
    return share_of_grid(mask, height, width, name) >= 0.5


def check_painted(region, name="mask"):
    """region [B, H, W] (bool). MaskError where one of a batch has nothing in it: what was painted fell through."""
    if not region.flatten(1).any(1).all():
        rows, columns = region.shape[-2:]
        raise MaskError(
            f"{name} covers no cell of the {columns} x {rows} grid by half; paint more of it, or leave the mask out"
        )
    return region


def read_region(mask, height, width, name="mask"):
    """Where a mask [B, H, W], or None, lets things move on a grid: bool [B, height, width], None for everywhere. It is
    read_mask, mask_to_grid and check_painted, with their MaskErrors."""
    mask = None if mask is None else read_mask(mask, name)
    return None if mask is None else check_painted(mask_to_grid(mask, height, width, name), name)
