"""Masks of the editable region (1 = may change) on the grids that kernels work on."""

import torch.nn.functional as F


class MaskError(ValueError):
    """A mask that does not belong to the picture; the message says both sizes."""


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


def mask_to_grid(mask, height, width, name="mask"):
    """mask [B, H, W] in 0..1 -> bool [B, height, width]: a cell is movable when at least half of it is.

    MaskError when the proportions differ by more than one cell.
    """
    rows, columns = mask.shape[-2:]
    if abs(columns * height / rows - width) > 1 and abs(rows * width / columns - height) > 1:
        raise MaskError(
            f"{name} is {columns} x {rows}, which has other proportions than the {width} x {height} grid it is for; "
            "use a mask made on the same picture"
        )
    if (rows, columns) == (height, width):
        return mask >= 0.5
    # exact area average, also for sizes that are no multiple of each other
    return F.adaptive_avg_pool2d(mask[:, None].float(), (height, width))[:, 0] >= 0.5
