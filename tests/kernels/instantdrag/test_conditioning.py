"""FlowDiffusion's inputs and guidance against the published code's numbers."""

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.instantdrag.conditioning import branches, flow_channels, guided

from .published import NUMBERS, close


def test_flow_becomes_fractions_of_the_picture_on_any_grid():
    close(flow_channels(NUMBERS["resize/in"], 20, 30), NUMBERS["resize/out"])


def test_branches_are_the_published_ones():
    image, flow = NUMBERS["diffusion/image"], NUMBERS["diffusion/flow_latent"]
    mean = F.avg_pool2d(image, 8)
    latent = torch.cat((3 * mean, 0.5 - 2 * mean.mean(1, keepdim=True)), 1)
    close(torch.cat(branches(latent, flow)), NUMBERS["diffusion/unet_in"])
    # one picture with many motions, one motion of many pictures
    for many in (branches(latent, flow.repeat(3, 1, 1, 1)), branches(latent.repeat(3, 1, 1, 1), flow)):
        assert all(torch.equal(a, b.repeat(3, 1, 1, 1)) for a, b in zip(many, branches(latent, flow), strict=True))


@pytest.mark.parametrize("scales", [(1.0, 5.0), (1.5, 1.5), (1.75, 1.5)])
def test_guidance_is_the_published_one(scales):
    e_flow, e_image, e_none = NUMBERS["diffusion/guidance_only/eps_flow_image_uncond"].split(1)
    golden = NUMBERS[f"diffusion/guidance_only/ig{scales[0]}_fg{scales[1]}"]
    close(guided(e_none, e_image, e_flow, *scales), golden)
