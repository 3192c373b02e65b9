"""InstantDrag on the command line's side: the published loop, the widened network, the training, the loaders."""

from pathlib import Path

import numpy as np
import pytest
import torch
from dragkit.kernels.diffusion.ddim import alphas_cumprod, ddim_step
from dragkit.kernels.instantdrag.conditioning import guided
from dragkit.standalone.cli import main
from dragkit.standalone.methods.instantdrag import instantdrag
from dragkit.standalone.models.drag_model import DragModel, load_demo
from dragkit.standalone.models.flowdiffusion import (
    CHANNELS,
    FORMAT,
    load_demo_flowdiffusion,
    with_flowdiffusion,
)
from dragkit.standalone.models.pipelines import CheckpointError
from dragkit.standalone.models.predictors import load_flowgen
from dragkit.standalone.models.unet import Denoiser
from dragkit.standalone.models.widened import widened
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.train.flowdiffusion import Bank, export, train_flowdiffusion
from dragkit.weights import FLOWDIFFUSION, MOTION_PREDICTOR
from PIL import Image
from safetensors.torch import load_file, save_file

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


def test_a_widened_network_gives_what_the_narrow_one_gives():
    model = load_demo()
    wide = Denoiser(widened(model.denoiser.unet, CHANNELS).eval(), model.denoiser.context)
    generator = torch.Generator().manual_seed(0)
    z, seen = torch.randn(2, 4, 32, 32, generator=generator), torch.randn(2, 6, 32, 32, generator=generator)
    torch.testing.assert_close(wide(torch.cat((z, seen), 1), 301), model.denoiser(z, 301), atol=1e-4, rtol=0)


def test_without_motion_a_drag_teaches_that_the_picture_stays():
    bank = Bank(load_demo(), [photograph("coffee")], 6, seed=3)
    assert bank.source.shape == bank.target.shape == (6, 4, 32, 32) and bank.flow.shape == (6, 2, 32, 32)
    assert (bank.source - bank.target).abs().amax((1, 2, 3)).min() > 0.5
    # the fraction of the picture that content goes: 8 to 40 of 256 pixels
    assert bank.flow.norm(dim=1).amax((1, 2)).min() > 8 / 256 and bank.flow.norm(dim=1).max() < 40 / 256
    target, seen, weight = bank.batch(200, torch.Generator().manual_seed(0))
    still, blind = ~seen[:, 4:].any(1).any(1).any(1), ~seen.any(1).any(1).any(1)
    assert 2 < (still & ~blind).sum() < 60 and 2 < blind.sum() < 60
    stays = still & ~blind
    torch.testing.assert_close(target[stays], seen[stays, :4] * bank.scale)
    assert weight.min() == 1 and weight.max() > 1 and target.shape == (200, 4, 16, 16)


def test_a_training_goes_on_where_it_stopped_and_its_file_loads(tmp_path):
    out = tmp_path / "flow.safetensors"
    train_flowdiffusion(tmp_path, out, steps=1, batch=2, count=2)
    first = load_file(out)
    train_flowdiffusion(tmp_path, out, steps=3, batch=2, count=2)
    assert not torch.equal(load_file(out)["conv_in.weight"], first["conv_in.weight"])
    model = load_demo_flowdiffusion(out)
    with torch.no_grad():
        after = instantdrag(model, photograph("coffee")[None, :, :64, :64], torch.ones(1, 2, 8, 8), steps=2)
    assert after.shape == (1, 3, 64, 64) and after.isfinite().all() and model.denoiser.evaluations == 2


def test_wrong_files_are_named(tmp_path):
    model = load_demo()
    with pytest.raises(CheckpointError, match="no config.json"):
        with_flowdiffusion(model, tmp_path)
    model.denoiser.unet.save_pretrained(tmp_path / "unet")
    with pytest.raises(CheckpointError, match=f"has a UNet of 4 input channels; a FlowDiffusion has {CHANNELS}"):
        with_flowdiffusion(model, tmp_path)
    widened(model.denoiser.unet, CHANNELS).save_pretrained(tmp_path / "wide")
    assert with_flowdiffusion(model, tmp_path / "wide").denoiser.unet.config.in_channels == CHANNELS
    (tmp_path / "text.safetensors").write_text("hello")
    for load in (load_flowgen, load_demo_flowdiffusion):
        with pytest.raises(ValueError, match="text.safetensors is no safetensors file"):
            load(tmp_path / "text.safetensors")
    packed = load_file(FLOWDIFFUSION)
    del packed["mid_block.resnets.0.conv1.weight.scale"]
    save_file(packed, tmp_path / "part.safetensors", {"format": FORMAT})
    with pytest.raises(CheckpointError, match="part.safetensors is no FlowDiffusion of the demo model"):
        load_demo_flowdiffusion(tmp_path / "part.safetensors")
    with pytest.raises(CheckpointError, match="dragkit-motion.safetensors is no FlowDiffusion of the demo model"):
        load_demo_flowdiffusion(MOTION_PREDICTOR)


def test_the_command_line(tmp_path, capsys):
    to_pil(photograph("coffee")[:, 64:192, 64:224]).save(tmp_path / "photo.png")
    edit = ["edit", str(tmp_path / "photo.png"), "--points", "60,60 -> 62,60", "--method", "instantdrag"]
    edit += ["-o", str(tmp_path / "out.png"), "--steps", "6"]
    with pytest.raises(SystemExit, match="InstantDrag needs its own UNet"):
        main([*edit, "--model", "sd15.safetensors"])
    # without motion and picture learned, the network alone paints; the bundled one learned both
    export(widened(load_demo().denoiser.unet, CHANNELS), tmp_path / "flow.safetensors")
    main([*edit, "--flowdiffusion", str(tmp_path / "flow.safetensors")])
    untrained = np.array(Image.open(tmp_path / "out.png"))
    main(edit)
    before = np.array(Image.open(tmp_path / "photo.png"))
    after = np.array(Image.open(tmp_path / "out.png"))
    assert np.abs(after - 1.0 * before).mean() < np.abs(untrained - 1.0 * before).mean() / 2
    assert Image.open(tmp_path / "out.png").size == (160, 128)
