"""Pictures with an alpha channel under the drag warp: transparent colours take no part in what lies between pixels."""

import torch

from .drag_warp import Warped, drag_warp


def warp_picture(image, flow, region, sampling, front):
    """drag_warp of a picture [B, C, H, W] in 0..1, which stays in that range; the fourth channel is straight alpha."""
    if image.shape[1] != 4:
        warped, opened, moved = drag_warp(image, flow, region, sampling, front)
    else:
        alpha = image[:, 3:]
        warped, opened, moved = drag_warp(torch.cat((image[:, :3] * alpha, alpha), 1), flow, region, sampling, front)
        alpha = warped[:, 3:]
        warped = torch.cat((warped[:, :3] / alpha.clamp(min=1e-6), alpha), 1)
    # bicubic values overshoot at edges
    return Warped(torch.where(moved[:, None], warped.clamp(0, 1), image), opened, moved)
