"""Stable Diffusion models on disk as DragModels."""

from pathlib import Path

import torch

from .drag_model import DragModel
from .pipelines import CheckpointError, load_pipeline
from .prompts import embed
from .unet import Denoiser, SizedDenoiser


def _eps_of_v(alphas):
    """eps of v-prediction (Salimans and Ho 2022, App. D): v = sqrt(a) eps - sqrt(1 - a) z_0."""

    def to_eps(z, v, t):
        a = alphas[t].item()
        return a**0.5 * v + (1 - a) ** 0.5 * z

    return to_eps


def load_checkpoint(path, prompt="", device=None, dtype=None, config=None, channels=4):
    """DragModel of a diffusers folder (SD1.5, SD2, SDXL) or a checkpoint file (SD1.5, SDXL; .safetensors or .ckpt).

    Defaults: cuda in float16, else cpu in float32; latents and the VAE are always float32. config is a folder of
    diffusers component configs that replaces the public model's. channels are those that the UNet must take, 9 for an
    inpainting model. CheckpointError for everything that cannot be used.
    """
    return prompted_checkpoint(path, bool(prompt), device, dtype, config, channels)(prompt)


def prompted_checkpoint(path, has_prompt=True, device=None, dtype=None, config=None, channels=4):
    """{prompt: DragModel} as a function: the DragModels of load_checkpoint, of the same networks. Without has_prompt
    the model need not know other prompts than the empty one."""
    path = Path(path)
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    dtype = dtype or (torch.float16 if device.type == "cuda" else torch.float32)
    pipe = load_pipeline(path, dtype, config, has_prompt, channels)
    schedule = pipe.scheduler.config.get("prediction_type", "epsilon")
    if schedule not in ("epsilon", "v_prediction") or not hasattr(pipe.scheduler, "alphas_cumprod"):
        raise CheckpointError(f"{path} predicts {schedule} ({type(pipe.scheduler).__name__}); epsilon or v is needed")
    unet, vae = (part.eval().requires_grad_(False).to(device) for part in (pipe.unet, pipe.vae))
    alphas = pipe.scheduler.alphas_cumprod.float().cpu()
    to_eps = _eps_of_v(alphas) if schedule == "v_prediction" else None
    multiple = 2 ** (len(vae.config.block_out_channels) - 1)
    scale = vae.config.scaling_factor
    empty = embed(pipe, "", device)

    def prompted(prompt):
        context, pooled = embed(pipe, prompt, device) if prompt else empty
        return DragModel(
            encode=lambda image: vae.encode(image.to(device, torch.float32) * 2 - 1).latent_dist.mode() * scale,
            decode=lambda latent: (vae.decode(latent / scale).sample / 2 + 0.5).clamp(0, 1),
            denoiser=Denoiser(unet, context, to_eps)
            if pooled is None
            else SizedDenoiser(unet, context, pooled, multiple, to_eps),
            alphas=alphas,
            multiple=multiple,
            scaling_factor=scale,
            unprompted=empty[0],
        )

    return prompted
