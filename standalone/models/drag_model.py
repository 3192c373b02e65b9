"""What an edit needs of a diffusion model, and where it comes from: the demo weights."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from diffusers import UNet2DConditionModel

from ...kernels.diffusion.ddim import alphas_cumprod
from ...kernels.diffusion.demo_autoencoder import DemoAutoencoder
from ...kernels.diffusion.state_dicts import within
from ...weights import DEMO
from ...weights.tensor_files import read_safetensors
from .unet import Denoiser


@dataclass(frozen=True)
class DragModel:
    """encode: pictures [B, 3, H, W] in 0..1 -> latents of unit variance (scaling_factor times the autoencoder's);
    decode: back. H and W are multiples of `multiple`. denoiser: eps of VP latents at integer timesteps whose
    alphas_cumprod are `alphas` [1000]. unprompted: context [1, tokens, C] of the empty prompt."""

    encode: Callable
    decode: Callable
    denoiser: Denoiser
    alphas: torch.Tensor
    multiple: int = 8
    scaling_factor: float = 0.18215
    unprompted: torch.Tensor | None = None

    def with_context(self, context):
        """The same networks, shown another prompt's context [1, tokens, C]; for a Denoiser of no other words."""
        return replace(self, denoiser=Denoiser(self.denoiser.unet, context, self.denoiser.to_eps))

    def alphas_of(self, timesteps):
        """[1.0, ...]: alphas of ascending timesteps, behind that of the clean latent, which stands for noise level 0 as
        in ComfyUI's schedules."""
        return [1.0] + self.alphas[timesteps].tolist()


def load_demo(path=DEMO):
    """The bundled demo model; its UNet's configuration is in the file's metadata."""
    weights, metadata = read_safetensors(path, path)
    config = json.loads(metadata["unet_config"])
    unet = UNet2DConditionModel.from_config(config).eval().requires_grad_(False)
    unet.load_state_dict(within(weights, "unet."))
    autoencoder = DemoAutoencoder().eval().requires_grad_(False)
    autoencoder.load_state_dict(within(weights, "autoencoder."))
    scale = autoencoder.scaling_factor
    empty = torch.zeros(1, 1, config["cross_attention_dim"])
    return DragModel(
        encode=lambda image: autoencoder.encode(image * 2 - 1) * scale,
        decode=lambda latent: (autoencoder.decode(latent / scale) / 2 + 0.5).clamp(0, 1),
        denoiser=Denoiser(unet, empty),
        alphas=alphas_cumprod(),
        unprompted=empty,
    )
