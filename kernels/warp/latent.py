"""Latent warpage by the inverse of a forward displacement: sub-cell, holes known, drags in front of what they pass."""

import torch

from .picture import drag_warp


def warp(latent, flow, mask, tears=True):
    """Moves latent [B, C, H, W] by the forward displacement flow [1, 2, H, W] (cells) inside mask [H, W].

    Returns the latent, 0 in the holes, and the holes [1, H, W]. Nothing outside the mask changes; content that leaves
    the mask or the frame is gone; zero flow is the identity. Bicubic, since noise must stay noise: between cells,
    bilinear values of white noise lose up to 3/4 of their variance, and the sampler takes what is left for a blurred
    picture.
    """
    mask = mask.bool()
    warped = drag_warp(latent, flow, mask[None], "bicubic", tears=tears)
    holes = warped.opened[:1]
    return torch.where(mask, warped.image, latent).masked_fill(holes, 0), holes
