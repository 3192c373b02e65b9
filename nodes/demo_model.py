"""A tiny trained model and the photographs it knows, so that every workflow runs without a download."""

import comfy.model_management
import comfy.model_patcher
import comfy.sd
import comfy.supported_models
import comfy.taesd.taesd
import comfy.utils
import numpy as np
import torch
from comfy_api.latest import io
from PIL import Image

from ..kernels.diffusion.demo_autoencoder import DemoAutoencoder
from ..kernels.diffusion.state_dicts import within
from ..kernels.diffusion.weight_deltas import unpack_deltas
from ..weights import DEMO, LIGHTNINGDRAG, PHOTOGRAPHS
from .model_files import on_device
from .types import schema

PLAIN, INPAINTING = "plain", "inpainting"
SHOWN = ["chelsea", "coffee", "astronaut", "rocket"]
HEADS = 2
# the plan in the weights' metadata, in ComfyUI's words
UNET_CONFIG = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 64,
    "channel_mult": [1, 1, 1],
    "num_res_blocks": [2, 2, 2],
    "transformer_depth": [1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1, 1, 1, 1, 1, 1, 0, 0, 0],
    "transformer_depth_middle": 1,
    "context_dim": 32,
    "use_spatial_transformer": True,
    "use_linear_in_transformer": False,
    "adm_in_channels": None,
    "use_checkpoint": False,
    "legacy": False,
    "use_temporal_attention": False,
    "use_temporal_resblock": False,
    "dtype": torch.float32,
}


class _DemoConfig(comfy.supported_models.SD15):
    unet_extra_config = {"num_heads": HEADS, "num_head_channels": -1}


def part(prefix):
    """Weights of the demo model's file under names that begin with prefix, without it, as float32."""
    weights = comfy.utils.load_torch_file(str(DEMO), safe_load=True)
    return {name: value.float() for name, value in within(weights, prefix).items()}


def load_model(network=PLAIN, disable_dynamic=False):
    """A demo UNet as MODEL. Later ComfyUI versions call this again to get a copy that does not stream weights."""
    weights = part("unet.")
    if network == INPAINTING:
        # beside its point embedding it has what the demo model's UNet became for inpainting
        learned = comfy.utils.load_torch_file(str(LIGHTNINGDRAG), safe_load=True)
        weights = unpack_deltas(within(learned, "unet."), weights)
    config = _DemoConfig(UNET_CONFIG | {"in_channels": weights["conv_in.weight"].shape[1]})
    config.set_inference_dtype(torch.float32, None)
    model = config.get_model({}, "", device=comfy.model_management.unet_offload_device())
    names = comfy.utils.unet_to_diffusers(UNET_CONFIG)
    model.diffusion_model.load_state_dict({names[name]: value for name, value in weights.items()})
    model.diffusion_model.eval()
    patcher = on_device(model)
    patcher.cached_patcher_init = (load_model, (network,))
    return patcher


def load_vae():
    """The demo autoencoder as VAE."""
    # comfy.sd.VAE only builds architectures it knows: start from its smallest one of 8x and 4 channels
    vae = comfy.sd.VAE(sd=comfy.taesd.taesd.TAESD().state_dict())
    module = DemoAutoencoder().eval().requires_grad_(False)
    module.load_state_dict(part("autoencoder."))
    vae.first_stage_model = module.to(vae.vae_dtype)
    vae.patcher = comfy.model_patcher.ModelPatcher(
        module, load_device=vae.device, offload_device=comfy.model_management.vae_offload_device()
    )
    return vae


def load_photograph(name):
    """IMAGE [1, 256, 256, 3] of a bundled photograph."""
    image = Image.open(PHOTOGRAPHS / f"{name}.jpg").resize((256, 256), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(image)).float()[None] / 255


class DemoModel(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitDemoModel",
            display_name="Demo Model",
            description="A tiny model that knows four photographs: tries DragKit's nodes without a download.",
            search_aliases=["example model", "test model", "demo checkpoint"],
            inputs=[
                io.Combo.Input("photograph", options=SHOWN, tooltip="Which of the photographs to give out."),
                io.Combo.Input(
                    "network",
                    options=[PLAIN, INPAINTING],
                    default=PLAIN,
                    optional=True,
                    tooltip="inpainting is for Apply LightningDrag with the bundled LightningDrag; else plain.",
                ),
            ],
            outputs=[
                io.Model.Output("model", display_name="model", tooltip="An SD1.5-shaped UNet of 3 M parameters."),
                io.Vae.Output("vae", display_name="vae", tooltip="Its autoencoder (8x, 4 channels)."),
                io.Conditioning.Output(
                    "conditioning", display_name="conditioning", tooltip="The empty prompt, the only one it knows."
                ),
                io.Image.Output("image", display_name="image", tooltip="The photograph, 256 x 256."),
            ],
        )

    @classmethod
    def execute(cls, photograph, network=PLAIN):
        model = load_model(network)
        conditioning = [[torch.zeros(1, 1, UNET_CONFIG["context_dim"]), {}]]
        return io.NodeOutput(model, load_vae(), conditioning, load_photograph(photograph))
