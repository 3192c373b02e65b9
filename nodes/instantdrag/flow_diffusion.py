"""FlowDiffusion (InstantDrag): an SD1.5 UNet that sees picture and motion beside the noisy latent, as a stock MODEL."""

import os

import comfy.model_base
import comfy.supported_models
import comfy.utils
import folder_paths
from comfy_api.latest import io

from ...kernels.diffusion.state_dicts import within
from ...kernels.diffusion.weight_deltas import unpack_deltas
from ...weights import FLOWDIFFUSION
from ...weights.tensor_files import read_safetensors
from ..demo_model import HEADS, part
from ..model_files import chosen, listed
from ..sd15 import from_diffusers, sd15_patcher
from ..types import schema

NODE = "Load FlowDiffusion"
CHANNELS, SHOWN = 10, 6
# the UNet of a diffusers folder, best first
FILES = [f"diffusion_pytorch_model{kind}" for kind in (".fp16.safetensors", ".safetensors", ".fp16.bin", ".bin")]
BUNDLED = "dragkit-flowdiffusion (bundled, of the demo model)"
KINDS = {4: " (plain Stable Diffusion)", 8: " (InstructPix2Pix)", 9: " (inpainting)"}


class FlowDiffusion(comfy.model_base.SD15_instructpix2pix):
    """Takes the six channels beside the noisy latent from the key concat_latent_image of its conditioning."""

    def concat_cond(self, **options):
        shown = options.get("concat_latent_image")
        if shown is None or shown.shape[1] != SHOWN:
            found = "no picture and flow" if shown is None else f"{shown.shape[1]} channels instead of {SHOWN}"
            raise ValueError(
                f"FlowDiffusion: a conditioning has {found}; connect the outputs of InstantDrag Conditioning to Dual "
                "CFG Guider"
            )
        return super().concat_cond(**options)


class _Config(comfy.supported_models.SD15_instructpix2pix):
    def get_model(self, state_dict, prefix="", device=None):
        return FlowDiffusion(self, device=device)


def _unet(weights, name):
    """The UNet among the weights of a file, under ComfyUI's names; ValueError names what else it is."""
    weights = within(weights, "model.diffusion_model.") or weights
    first = next((key for key in ("conv_in.weight", "input_blocks.0.0.weight") if key in weights), None)
    if first is None:
        found = f"{len(weights)} tensors, {next(iter(weights))} first" if weights else "no tensors"
        raise ValueError(f"{name} is no FlowDiffusion: it holds {found}, and no UNet of Stable Diffusion")
    channels = weights[first].shape[1]
    if channels != CHANNELS:
        raise ValueError(
            f"{name} is no FlowDiffusion: it is a UNet with {channels} input channels{KINDS.get(channels, '')}, "
            f"FlowDiffusion has {CHANNELS}"
        )
    return from_diffusers(weights) if first == "conv_in.weight" else weights


def flow_diffusion(weights, name, heads=8):
    """MODEL of the weights of a FlowDiffusion, in diffusers' or ComfyUI's names; ValueError names the file."""
    return sd15_patcher(_unet(weights, name), f"{name} is no FlowDiffusion", _Config, heads)


def load_flow_diffusion(path, name, disable_dynamic=False):
    """MODEL of a file. Later ComfyUI versions call this again to get a copy that does not stream weights."""
    try:
        weights = comfy.utils.load_torch_file(path, safe_load=True)
    except Exception as error:
        # safetensors, pickle and ComfyUI each raise their own
        raise ValueError(f"{NODE}: {name} cannot be read ({type(error).__name__})") from error
    patcher = flow_diffusion(weights, f"{NODE}: {name}")
    patcher.cached_patcher_init = (load_flow_diffusion, (path, name))
    return patcher


def load_demo_flow_diffusion(disable_dynamic=False):
    """MODEL of the bundled FlowDiffusion: the demo model's UNet with what it learned anew."""
    packed, _ = read_safetensors(FLOWDIFFUSION, BUNDLED)
    patcher = flow_diffusion(unpack_deltas(packed, part("unet.")), BUNDLED, HEADS)
    patcher.cached_patcher_init = (load_demo_flow_diffusion, ())
    return patcher


def files():
    """{name: path} of what may hold a FlowDiffusion: diffusers folders with a unet, diffusion models, checkpoints."""
    found = {}
    for top in folder_paths.get_folder_paths("diffusers"):
        for folder, _, _ in sorted(os.walk(top, followlinks=True)):
            unets = (os.path.join(folder, "unet", file) for file in FILES)
            path = next((unet for unet in unets if os.path.isfile(unet)), None)
            if path and folder != top:
                found.setdefault(os.path.relpath(folder, top), path)
    for kind in ("diffusion_models", "checkpoints"):
        for name, path in listed(kind).items():
            found.setdefault(name, path)
    return found


class LoadFlowDiffusion(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitLoadFlowDiffusion",
            display_name=NODE,
            description="The model that redraws a picture along a motion: an SD1.5 UNet with 10 channels.",
            search_aliases=["InstantDrag", "FlowDiffusion", "flow conditioned"],
            inputs=[
                io.Combo.Input(
                    "model_name",
                    options=[BUNDLED, *files()],
                    tooltip="A folder in ComfyUI/models/diffusers, or a file in diffusion_models or checkpoints. The "
                    "bundled one belongs to the Demo Model.",
                ),
            ],
            outputs=[
                io.Model.Output("model", display_name="model", tooltip="For LoRA loaders and Dual CFG Guider, as any.")
            ],
        )

    @classmethod
    def execute(cls, model_name):
        if model_name == BUNDLED:
            return io.NodeOutput(load_demo_flow_diffusion())
        path = chosen(files(), model_name, NODE, "diffusers, diffusion_models or checkpoints")
        return io.NodeOutput(load_flow_diffusion(path, model_name))
