"""A picture warped by a forward displacement, and what has to be painted anew (Inpaint4Drag's warp, 2025, inverted)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from .inverse import invert

SAMPLINGS = ("bilinear", "bicubic")
# content that moves less than this many pixels stays as it is
STILL = 1e-3


class Warped(NamedTuple):
    """image [B, C, H, W]; opened and moved [B, H, W] (bool)."""

    image: torch.Tensor
    opened: torch.Tensor
    moved: torch.Tensor


def _sampled(image, arrived, sampling):
    """Values [B, C, h, w] of image [B, C, H, W] at the sources of what arrived."""
    scale = 2 / arrived.place.real.new_tensor([image.shape[3], image.shape[2]])
    source = torch.view_as_real(arrived.place + arrived.back)
    grid = torch.addcmul(scale / 2 - 1, source, scale).expand(len(image), -1, -1, -1)
    sampled = F.grid_sample(image.float(), grid, sampling, "border", align_corners=False).to(image.dtype)
    if sampling == "bicubic":
        # it overshoots at edges
        low, high = (ends.view(-1, 1, 1, 1) for ends in image.flatten(1).aminmax(dim=1))
        sampled = sampled.clamp(low, high)
    return sampled


def _warp(image, flow, region, sampling, front, tears):
    """Warped of image [B, C, H, W] by one flow [2, H, W] over one region [H, W]."""
    out, opened, moved = image.clone(), torch.zeros_like(region), torch.zeros_like(region)
    if flow.any() and region.any():
        opened = region.clone()
        for arrived in invert(flow.float(), region, front, tears):
            rows, columns = arrived.window
            shifted = torch.view_as_real(arrived.back).abs() > STILL
            moved[rows, columns] = arrived.mask & (shifted[..., 0] | shifted[..., 1])
            opened[rows, columns] &= ~arrived.mask
            part = out[:, :, rows, columns]
            part.copy_(torch.where(moved[rows, columns], _sampled(image, arrived, sampling), part))
    return Warped(out, opened, moved)


def drag_warp(image, flow, region, sampling="bilinear", front="longest", tears=True):
    """Warped of image [B, C, H, W] by the forward displacement flow [1 or B, 2, H, W] (x, y; pixels) over region
    [1 or B, H, W] (bool), by a choice of SAMPLINGS and FRONTS.

    moved is where moved content lies now, also outside the region; opened are the pixels of the region that nothing
    reaches, which keep what they show. All other pixels stay bit for bit, all of them under zero flow. A region that
    does not tear is one elastic sheet, however far it is stretched.
    """
    batch = len(image)
    region = region.bool()
    if len(flow) == len(region) == 1:
        warped = _warp(image, flow[0], region[0], sampling, front, tears)
        return Warped(warped.image, *(one.expand(batch, -1, -1) for one in warped[1:]))
    flow, region = flow.expand(batch, -1, -1, -1), region.expand(batch, -1, -1)
    warped = [_warp(image[i : i + 1], flow[i], region[i], sampling, front, tears) for i in range(batch)]
    return Warped(torch.cat([one.image for one in warped]), *(torch.stack([o[k] for o in warped]) for k in (1, 2)))


def dilated(mask, radius):
    """mask [B, H, W] (0..1) spread by radius pixels along both axes."""
    size = 2 * radius + 1
    wide = F.max_pool2d(mask[:, None], (1, size), 1, (0, radius))
    return F.max_pool2d(wide, (size, 1), 1, (radius, 0))[:, 0]


def faded(mask, pixels):
    """mask [B, H, W] (0..1) that fades outward, to 0 after so many pixels along an axis."""
    for _ in range(pixels):
        mask = torch.maximum(mask, dilated(mask, 1) - 1 / (pixels + 1))
    return mask


def inpaint_mask(opened, moved, seam, grow, feather):
    """What to paint anew [B, H, W] (0..1): opened [B, H, W] grown by `grow` pixels, and a band of `seam` pixels along
    the border of moved [B, H, W]; outward it fades within `feather` pixels."""
    mask, moved = dilated(opened.float(), grow), moved.float()
    mask = torch.maximum(mask, dilated(moved, (seam + 1) // 2) * dilated(1 - moved, seam // 2))
    return faded(mask, feather)
