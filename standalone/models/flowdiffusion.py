"""FlowDiffusion (InstantDrag) from disk: the demo model's, and the UNet of a diffusers folder."""

import json
from dataclasses import replace
from pathlib import Path

from diffusers import UNet2DConditionModel

from ...kernels.diffusion.state_dicts import misfit_shapes
from ...kernels.diffusion.weight_deltas import packed_shapes, unpack_deltas
from ...weights import FLOWDIFFUSION
from ...weights.tensor_files import read_safetensors
from .drag_model import load_demo
from .pipelines import DTYPE, CheckpointError
from .unet import Denoiser
from .widened import widened

# noisy latent, picture, motion
CHANNELS = 4 + 4 + 2
# of the files of the demo model's FlowDiffusion
FORMAT = "dragkit.flowdiffusion"


def load_demo_flowdiffusion(path=FLOWDIFFUSION):
    """The demo model with the FlowDiffusion that `dragkit train-flowdiffusion` made; CheckpointError for others."""
    model = load_demo()
    narrow = model.denoiser.unet
    packed, metadata = read_safetensors(path, path, CheckpointError)
    unet = widened(narrow, CHANNELS)
    if metadata.get("format") != FORMAT or misfit_shapes(packed, packed_shapes(unet.state_dict())):
        raise CheckpointError(f"{path} is no FlowDiffusion of the demo model")
    unet.load_state_dict(unpack_deltas(packed, narrow.state_dict()))
    return replace(model, denoiser=Denoiser(unet.eval().requires_grad_(False), model.denoiser.context))


def with_flowdiffusion(model, path):
    """model, an SD1.5 whose autoencoder and empty prompt go on serving, with the UNet of a diffusers folder (or of its
    folder unet); CheckpointError for one that has not CHANNELS input channels."""
    folder = next((one for one in (Path(path), Path(path) / "unet") if (one / "config.json").is_file()), None)
    if folder is None:
        raise CheckpointError(f"{path} is no folder of a UNet in diffusers' format; it has no config.json")
    channels = json.loads((folder / "config.json").read_text()).get("in_channels")
    if channels != CHANNELS:
        raise CheckpointError(f"{path} has a UNet of {channels} input channels; a FlowDiffusion has {CHANNELS}")
    old = model.denoiser.unet
    try:
        unet = UNet2DConditionModel.from_pretrained(folder, **{DTYPE: old.dtype}, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} cannot be loaded: {str(error).strip().partition(chr(10))[0]}") from error
    unet = unet.eval().requires_grad_(False).to(old.device)
    return replace(model, denoiser=Denoiser(unet, model.denoiser.context))
