"""Tiny networks of InstantDrag in ComfyUI's folders."""

import pytest
import torch
from diffusers import UNet2DConditionModel
from dragkit.kernels.instantdrag.flowgen import FlowGen
from safetensors.torch import save_file

from .graphs import FOLDER, fill


@pytest.fixture(scope="session")
def unet():
    """A tiny FlowDiffusion of diffusers."""
    return fill(
        UNet2DConditionModel(
            in_channels=10, block_out_channels=(64, 64, 128, 128), cross_attention_dim=32, attention_head_dim=8
        )
    )


@pytest.fixture(scope="session")
def folder(comfy, unet):
    """Its folder, as downloaded."""
    path = comfy.folder / "models/diffusers" / FOLDER / "unet/diffusion_pytorch_model.safetensors"
    path.parent.mkdir(parents=True)
    save_file(unet.state_dict(), path)
    (path.parents[1] / "vae").mkdir()
    save_file({"x": torch.zeros(1)}, path.parents[1] / "vae" / path.name)
    return FOLDER


@pytest.fixture(scope="session")
def flowgen(comfy):
    """A tiny FlowGen, and its file in ComfyUI's model folder."""
    network = fill(FlowGen(32))
    path = comfy.folder / "models/flowgen/tiny.safetensors"
    path.parent.mkdir()
    save_file(network.state_dict(), path)
    (path.parent / "notes.txt").write_text("none")
    return network
