"""Pictures with an alpha channel under the drag warp: transparent colours take no part in what lies between pixels."""

import torch

from .picture import Warped, drag_warp


def warp_picture(image, flow, region, sampling, front, tears=True):
    """drag_warp of a picture [B, C, H, W] in 0..1, whose fourth channel, if any, is straight alpha."""
    if image.shape[1] != 4:
        return drag_warp(image, flow, region, sampling, front, tears)
    alpha = image[:, 3:]
    premultiplied = torch.cat((image[:, :3] * alpha, alpha), 1)
    warped, opened, moved = drag_warp(premultiplied, flow, region, sampling, front, tears)
    straight = (warped[:, :3] / warped[:, 3:].clamp(min=1e-6)).clamp(0, 1)
    warped = torch.cat((straight, warped[:, 3:].clamp(0, 1)), 1)
    return Warped(torch.where(moved[:, None], warped, image), opened, moved)
