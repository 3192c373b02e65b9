"""What LightningDrag's attention is given for one edit, per transformer block: points, reference and image tokens."""

import logging

import comfy.model_management
import comfy.samplers
import torch

from ...kernels.lightningdrag.attention import project_points
from ...kernels.lightningdrag.embedding import hidden_points, point_maps
from ...kernels.lightningdrag.files import check_model
from ...kernels.lightningdrag.image_tokens import image_keys
from ..kv_cache import ComfyKVCache, Recorder, patched_first
from ..sampling import run_sampler
from ..sd15 import named_blocks

NODE = "Apply LightningDrag"
CHANNELS = 9


def blocks_for(model, lightning_drag):
    """{diffusers name: (key, transformer block)} of an SD1.5 inpainting model that the weights are for."""
    channels = model.model.model_config.unet_config.get("in_channels")
    blocks = named_blocks(model.model.diffusion_model)
    if blocks is None or channels != CHANNELS:
        found = f"a UNet with {channels} input channels" if blocks is not None else "no model of SD1.5's kind"
        raise ValueError(f"{NODE}: model is {found}; connect an SD1.5 inpainting checkpoint, which has {CHANNELS}")
    widths = {name: block.attn1.to_q.weight.shape[0] for name, (_, block) in blocks.items()}
    context = model.model.model_config.unet_config.get("context_dim")
    check_model(lightning_drag.weights, widths, f"{NODE}: lightning_drag", context)
    return blocks


def points_of(lightning_drag, handles, targets, height, width):
    """{block: (p(target), p(handle))}; {} without points."""
    if not len(handles):
        logging.info("%s: no drag points, the masked region is painted anew from the picture alone", NODE)
        return {}
    maps = point_maps(handles, targets, height, width)
    if hidden := hidden_points(maps, len(handles)):
        numbers = ", ".join(map(str, hidden))
        logging.warning("%s: points %s lie on the pixel of a later point, which wins", NODE, numbers)
    patcher = lightning_drag.point_embedding
    comfy.model_management.load_models_gpu([patcher])
    levels = patcher.model(maps.to(patcher.load_device))
    home = comfy.model_management.intermediate_device()
    levels = [tuple(one.to(home) for one in level) for level in levels]
    return project_points(
        levels,
        {
            name: {key: one.float() for key, one in block.items()}
            for name, block in lightning_drag.weights.points.items()
        },
    )


def _look(model, x, sigmas, extra_args=None, callback=None, disable=None):
    """A sampler that evaluates once, at the least noise, and keeps the latent."""
    level = float(sigmas[-1])
    model(x * (1 + level**2) ** 0.5, sigmas[-1] * x.new_ones(len(x)), **(extra_args or {}))
    return x


def reference_of(appearance, negative, latent):
    """KVCache of what enters self-attention when the appearance encoder sees LATENT samples at timestep 0."""
    if len(negative) != 1:
        raise ValueError(f"{NODE}: negative combines {len(negative)} conditionings; connect exactly one")
    level = appearance.get_model_object("model_sampling").sigma_min
    sigmas = torch.tensor([0.0, float(level)])
    cache = ComfyKVCache(appearance, sigmas, "auto", "all")
    # what else a conditioning holds, such as a ControlNet, is for the model
    text = [[negative[0][0], {}]]
    patched = patched_first(appearance, Recorder(cache, NODE))
    run_sampler(patched, text, latent, comfy.samplers.KSAMPLER(_look), sigmas, NODE)
    return cache


def image_tokens_of(lightning_drag, clip_vision_output):
    """{block: (k, v)} of the image tokens; {} without a CLIP vision output."""
    if clip_vision_output is None:
        return {}
    if lightning_drag.image_projection is None:
        raise ValueError(f"{NODE}: these weights have no image tokens; disconnect clip_vision_output")
    embedding = clip_vision_output["image_embeds"].float().cpu()
    expected = lightning_drag.image_projection.proj.in_features
    if embedding.shape[-1] != expected:
        raise ValueError(
            f"{NODE}: clip_vision_output has {embedding.shape[-1]} values for a picture, the weights expect "
            f"{expected}; load the image encoder of IP-Adapter sd15 (ViT-H)"
        )
    tokens = lightning_drag.image_projection(embedding)
    return {
        name: image_keys(tokens, {key: one.float() for key, one in block.items()})
        for name, block in lightning_drag.weights.image_tokens.items()
    }
