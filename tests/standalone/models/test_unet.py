"""A UNet of diffusers as the kernels' denoiser."""

import torch
from dragkit.standalone.models.unet import Denoiser

from ...golden.lightningdrag_tiny import NUMBERS
from ..inpainting import unet


def test_features_of_a_network_in_half_precision_are_of_the_latents_precision():
    """In which the cells of a large map can be addressed."""
    denoiser = Denoiser(unet().eval().requires_grad_(False).bfloat16(), NUMBERS["text_embeds"])
    for needs_eps in (True, False):
        features, eps = denoiser.tapped(torch.zeros(1, 9, 8, 12), 301, -1, needs_eps)
        assert features.dtype == torch.float32 and features.shape[-2:] == (8, 12)
        assert eps is None or eps.dtype == torch.float32
