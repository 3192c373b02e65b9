"""What a node is given beside its pictures or latents, checked and made to fit them: batches, masks, flows, cells."""

import logging

from ..kernels.motion.flow import check_flow, place_flow
from ..kernels.motion.turns import unused
from ..kernels.points.latent_cells import whole_cells
from ..kernels.points.masks import FAINT, check_painted, mask_to_grid, read_mask, resize_mask


def mention_turns(points, node, followed=False):
    """Logs, in the name of a node, that it does not follow the turns and scales of DragPoints, if they have any."""
    if sentence := unused(points, node, followed):
        logging.warning("%s", sentence)


def check_one_picture(image, node):
    """ValueError in the name of a node unless IMAGE is one picture."""
    if len(image) != 1:
        raise ValueError(f"{node}: image has {len(image)} pictures; connect one")


def one_latent(samples, node):
    """The single latent [1, C, h, w] of a LATENT; ValueError in the name of a node for any other."""
    latent = samples["samples"]
    if latent.ndim != 4 or len(latent) != 1:
        raise ValueError(f"{node}: samples has shape {list(latent.shape)}; connect the latent of one picture")
    return latent


def check_batch(values, name, count, kind="pictures"):
    """ValueError that begins with name unless values [B, ...] are one for all of count pictures (kind) or one each."""
    if len(values) not in (1, count):
        raise ValueError(f"{name} has a batch of {len(values)}, but there are {count} {kind}")


def painted(mask, name, unpainted=1.0):
    """A MASK as read_mask reads it, None where nothing of it is painted: Load Image gives an empty or a faint one with
    a picture without alpha. ValueError begins with name."""
    read = None if mask is None else read_mask(mask, name, unpainted)
    if read is None and mask is not None and mask.any():
        logging.info("%s is nowhere above %s; it counts as none", name, FAINT)
    return read


def mask_of_picture(mask, image, node, count=None):
    """A MASK [B or 1, H, W] at the size of IMAGE [B, H, W, C], for count pictures (B); None where nothing is painted.
    ValueError names node."""
    name = f"{node}: mask"
    mask = painted(mask, name)
    if mask is None:
        return None
    check_batch(mask, name, count or len(image))
    mask = resize_mask(mask, *image.shape[1:3], name)
    check_painted(mask >= 0.5, name)
    return mask


def mask_of_latent(mask, latent, node):
    """A MASK on the cells of a latent [B, C, h, w], bool [B or 1, h, w]; None where nothing is painted. ValueError
    names node."""
    name = f"{node}: mask"
    mask = painted(mask, name)
    if mask is None:
        return None
    check_batch(mask, name, len(latent), "latents")
    return check_painted(mask_to_grid(mask, *latent.shape[-2:], name), name)


def fit_flow(flow, height, width, node, count, kind="pictures"):
    """FLOW [B or 1, 2, height, width] of one of any size, for count pictures (kind); ValueError names node."""
    check_flow(flow, f"{node}: flow")
    check_batch(flow, f"{node}: flow", count, kind)
    return place_flow(flow, height, width)


def picture_in_cells(image, cell, node):
    """The colours of IMAGE in whole cells; ValueError in the name of a node where it has none."""
    check_cell(image, cell, node)
    return whole_cells(image[..., :3], cell)


def check_cell(image, cell, node):
    """ValueError in the name of a node where IMAGE is smaller than a cell."""
    height, width = image.shape[1:3]
    if min(height, width) < cell:
        raise ValueError(f"{node}: image is {width} x {height}; it must be at least {cell} pixels wide and high")
