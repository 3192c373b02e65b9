"""InstantDrag's published loop."""

from pathlib import Path

import pytest
import torch
from dragkit.kernels.diffusion.ddim import alphas_cumprod, ddim_step
from dragkit.kernels.instantdrag.conditioning import guided
from dragkit.standalone.methods.instantdrag import instantdrag
from dragkit.standalone.models.drag_model import DragModel
from safetensors.torch import load_file

NUMBERS = load_file(Path(__file__).parents[2] / "golden" / "instantdrag.safetensors")


class StandIn:
    """The formula of the golden numbers in place of a FlowDiffusion, and the 8 x 8 means in place of its VAE."""

    def __init__(self):
        self.seen = []

    def __call__(self, x, t):
        latent, picture, flow = x.split((4, 4, 2), 1)
        along = 2 * flow[:, :1] - flow[:, 1:]
        text = 0.05 * NUMBERS["diffusion/context_mean"]
        eps = torch.sin(latent + 0.5 * picture) * (0.7 + t / 3000) + 0.3 * latent + 0.8 * along + text
        self.seen.append((latent[:1], eps))
        return eps

    @staticmethod
    def encode(image):
        mean = torch.nn.functional.avg_pool2d(image * 2 - 1, 8)
        return torch.cat((3 * mean, 0.5 - 2 * mean.mean(1, keepdim=True)), 1)


@pytest.mark.parametrize("case", ["ddim_ig1.5_fg1.5", "ddim_ig1.0_fg3.0"])
def test_the_loop_is_the_published_one(case, monkeypatch):
    network, alphas = StandIn(), alphas_cumprod()
    timesteps = NUMBERS[f"diffusion/{case}/t"].long().tolist()
    image_scale, flow_scale = NUMBERS[f"diffusion/{case}/guidance"].tolist()
    model = DragModel(lambda x: 0.5 * StandIn.encode(x), lambda z: z, network, alphas, scaling_factor=0.5)
    monkeypatch.setattr(torch, "randn", lambda *size, **options: NUMBERS["diffusion/noise"])
    image, fractions = NUMBERS["diffusion/image"] / 2 + 0.5, NUMBERS["diffusion/flow_latent"]
    flow = fractions * torch.tensor([16.0, 12.0]).view(1, 2, 1, 1)
    instantdrag(model, image, flow, len(timesteps), image_scale, flow_scale)
    assert len(network.seen) == len(timesteps)
    # the published schedule ends a little above no noise, DragKit's like ComfyUI's without any
    z, (e_flow, e_image, e_none) = network.seen[-1][0], network.seen[-1][1].split(1)
    eps = guided(e_none, e_image, e_flow, image_scale, flow_scale)
    found = ddim_step(z, eps, alphas[timesteps[-1]], alphas[0])
    expected = NUMBERS[f"diffusion/{case}/latent"]
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
