"""Networks with more input channels."""

import torch
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.models.flowdiffusion import CHANNELS
from dragkit.standalone.models.unet import Denoiser
from dragkit.standalone.models.widened import widened


def test_a_widened_network_gives_what_the_narrow_one_gives():
    model = load_demo()
    wide = Denoiser(widened(model.denoiser.unet, CHANNELS).eval(), model.denoiser.context)
    generator = torch.Generator().manual_seed(0)
    z, seen = torch.randn(2, 4, 32, 32, generator=generator), torch.randn(2, 6, 32, 32, generator=generator)
    torch.testing.assert_close(wide(torch.cat((z, seen), 1), 301), model.denoiser(z, 301), atol=1e-4, rtol=0)
