"""What a node is given beside its pictures or latents, checked and made to fit them: batches, masks, flows."""

from ..kernels.motion.flow import check_flow, resize_flow
from ..kernels.points.masks import mask_to_grid, resize_mask


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


def painted(mask):
    """A MASK, or None where nothing of it is painted: Load Image gives an empty one with a picture without alpha."""
    return mask if mask is not None and mask.any() else None


def mask_of_picture(mask, image, node):
    """A MASK [B or 1, H, W] at the size of IMAGE [B, H, W, C]; None where nothing is painted. ValueError names node."""
    mask = painted(mask)
    if mask is None:
        return None
    check_batch(mask, f"{node}: mask", len(image))
    return resize_mask(mask, *image.shape[1:3], f"{node}: mask")


def mask_of_latent(mask, latent, node):
    """A MASK on the cells of a latent [B, C, h, w], bool [B or 1, h, w]; None where nothing is painted. ValueError
    names node."""
    mask = painted(mask)
    if mask is None:
        return None
    check_batch(mask, f"{node}: mask", len(latent), "latents")
    return mask_to_grid(mask, *latent.shape[-2:], f"{node}: mask")


def fit_flow(flow, height, width, node, count, kind="pictures"):
    """FLOW [B or 1, 2, height, width] of one of any size, for count pictures (kind); ValueError names node."""
    check_flow(flow, f"{node}: flow")
    check_batch(flow, f"{node}: flow", count, kind)
    return resize_flow(flow, height, width)
