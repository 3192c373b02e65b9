"""Flow-matching models from diffusers' folders on disk: FLUX.1, Stable Diffusion 3 and 3.5, Qwen-Image."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import diffusers
import torch
from safetensors import SafetensorError

from ...kernels.warp.packed_cells import pack, unpack
from .pipelines import DTYPE, CheckpointError

# noise alone has no picture to divide by, as in the nodes
NOISIEST = 0.9999


@dataclass(frozen=True)
class FlowModel:
    """encode: pictures [B, 3, H, W] in 0..1 -> latents [B, C, h, w] as the network has them; decode: back. H and W are
    multiples of `multiple`. velocity(x, sigma) of x = (1 - sigma) x_0 + sigma eps; it counts as evaluations. shifted:
    the sigma of a place t in 0..1 of the schedule."""

    encode: Callable
    decode: Callable
    velocity: Callable
    shifted: Callable
    multiple: int = 16

    def sigmas(self, steps, strength):
        """Ascending [K + 1] from 0, of K = round(strength * steps) steps. ValueError for less than one step."""
        count = round(strength * steps)
        if count < 1:
            raise ValueError(f"strength {strength:g} of {steps} steps is less than one step; raise either of them")
        return [0.0] + [min(self.shifted(i / steps), NOISIEST) for i in range(1, count + 1)]


def _exponential(t, mu=1.15):
    """Of FLUX.1 dev and Qwen-Image at 1024 x 1024, which ComfyUI takes for every size."""
    return math.exp(mu) / (math.exp(mu) + 1 / t - 1)


def _linear(shift):
    return lambda t: shift * t / (1 + (shift - 1) * t)


def _tokens(network, x, evaluate):
    """x [B, C, h, w] through evaluate, which takes and gives tokens of 2 x 2 cells [B, n, 4 C]."""
    packed = pack(x)
    output = evaluate(packed.flatten(2).mT.to(network.dtype))
    return unpack(output.to(x.dtype).mT.unflatten(2, packed.shape[-2:]))


def _encoded(pipe, device, *prompts, **options):
    """What the pipeline's text encoders make of a prompt; they leave the device to the network."""
    encoders = [part for name, part in pipe.components.items() if name.startswith("text_encoder") and part is not None]
    for encoder in encoders:
        encoder.to(device)
    result = pipe.encode_prompt(*prompts, device=device, **options)
    for encoder in encoders:
        encoder.to("cpu")
    return result


def _flux(pipe, prompt, device):
    text, pooled, text_ids = _encoded(pipe, device, prompt, prompt)
    network = pipe.transformer.to(device)
    taught = network.config.guidance_embeds

    def velocity(x, sigma):
        rows, columns = x.shape[2] // 2, x.shape[3] // 2
        ids = torch.cartesian_prod(torch.tensor([0]), torch.arange(rows), torch.arange(columns)).to(x)
        level = x.new_full((len(x),), sigma)
        return _tokens(network, x, lambda tokens: network(
            tokens, encoder_hidden_states=text, pooled_projections=pooled, timestep=level.to(tokens.dtype),
            # what it was taught to exaggerate would not lead back
            guidance=torch.ones_like(level) if taught else None, txt_ids=text_ids, img_ids=ids,
        ).sample)  # fmt: skip

    return velocity, _exponential if taught else _linear(1.0)


def _sd3(pipe, prompt, device):
    text, _, pooled, _ = _encoded(pipe, device, prompt, prompt, prompt, do_classifier_free_guidance=False)
    network = pipe.transformer.to(device)

    def velocity(x, sigma):
        level = x.new_full((len(x),), sigma * 1000)
        return network(x.to(network.dtype), text, pooled, level).sample.to(x.dtype)

    return velocity, _linear(pipe.scheduler.config.shift)


def _qwen(pipe, prompt, device):
    text, mask = _encoded(pipe, device, prompt)
    network = pipe.transformer.to(device)

    def velocity(x, sigma):
        shapes = [(1, x.shape[2] // 2, x.shape[3] // 2)] * len(x)
        level = x.new_full((len(x),), sigma)
        return _tokens(network, x, lambda tokens: network(
            tokens, encoder_hidden_states=text, encoder_hidden_states_mask=mask, timestep=level.to(tokens.dtype),
            img_shapes=shapes,
        ).sample)  # fmt: skip

    return velocity, _exponential


# by diffusers' class in model_index.json
KINDS = {"FluxPipeline": _flux, "StableDiffusion3Pipeline": _sd3, "QwenImagePipeline": _qwen}


def flow_kind(path):
    """The class of KINDS that a diffusers folder is of, None for anything else."""
    index = Path(path) / "model_index.json"
    try:
        name = json.loads(index.read_text()).get("_class_name") if index.is_file() else None
    except (OSError, ValueError, AttributeError):
        return None
    return name if name in KINDS else None


def _autoencoder(vae, device):
    """encode and decode of a FlowModel."""
    config = vae.config
    # Qwen-Image's is a video model's, of one frame here
    framed = "latents_std" in config and config.latents_std is not None
    if framed:
        mean, spread = (
            torch.tensor(values, device=device).view(1, -1, 1, 1)
            for values in (config.latents_mean, config.latents_std)
        )
    else:
        mean, spread = config.shift_factor or 0.0, 1 / config.scaling_factor

    @torch.no_grad()
    def encode(image):
        image = image.to(device, torch.float32) * 2 - 1
        latent = vae.encode(image[:, :, None] if framed else image).latent_dist.mode()
        return ((latent[:, :, 0] if framed else latent) - mean) / spread

    @torch.no_grad()
    def decode(latent):
        latent = latent * spread + mean
        picture = vae.decode(latent[:, :, None] if framed else latent).sample
        return ((picture[:, :, 0] if framed else picture) / 2 + 0.5).clamp(0, 1)

    return encode, decode


@torch.no_grad()
def load_flow_model(path, prompt="", device=None, dtype=None):
    """FlowModel of a diffusers folder of KINDS. Defaults: cuda in bfloat16, else cpu in float32; latents and the VAE
    are always float32. CheckpointError for a folder that cannot be loaded."""
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    dtype = dtype or (torch.bfloat16 if device.type == "cuda" else torch.float32)
    path, kind = Path(path), flow_kind(path)
    try:
        vae = json.loads((path / "model_index.json").read_text())["vae"][1]
        vae = getattr(diffusers, vae).from_pretrained(path / "vae", local_files_only=True, **{DTYPE: torch.float32})
        pipe = getattr(diffusers, kind).from_pretrained(path, vae=vae, local_files_only=True, **{DTYPE: dtype})
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(f"{path} cannot be loaded: {reason}") from error
    vae = pipe.vae.to(device).eval().requires_grad_(False)
    pipe.transformer.eval().requires_grad_(False)
    velocity, shifted = KINDS[kind](pipe, prompt, device)
    encode, decode = _autoencoder(vae, device)
    return FlowModel(encode, decode, torch.no_grad()(velocity), shifted)
