"""LightningDrag on a DragModel whose UNet is one for inpainting: no inversion and no optimisation, a few steps."""

import torch
import torch.nn.functional as F

from ...kernels.diffusion import ddim, lcm
from ...kernels.diffusion.kv_cache import KVCache
from ...kernels.lightningdrag.attention import REFERENCE_LEVELS, project_points
from ...kernels.lightningdrag.embedding import point_maps
from ...kernels.lightningdrag.guidance import felt, guided, point_scales
from ...kernels.lightningdrag.image_tokens import image_keys
from ...kernels.points.masks import read_region
from ..models.point_hooks import PointHooks

# where the published code starts, whatever the first step's timestep is
START = 999
# samplers, and the published steps and guidance scale of each
PUBLISHED = {"lcm": (8, 3.0), "ddim": (25, 4.0)}


def record_reference(drag, latent):
    """KVCache of what the appearance encoder's self-attention sees in the clean latent [1, 4, h, w]."""
    cache = KVCache(REFERENCE_LEVELS, "gpu")
    with drag.appearance.recording(cache, "all"):
        drag.appearance(latent, 0)
    return cache


def inpainting_channels(encode, image, mask):
    """[1, 5, h, w] that an inpainting UNet sees beside the noisy latent: the mask, 1 where it may paint, and the latent
    of image [1, 3, H, W] (0..1) with grey there. mask [1, H, W] (1 = may change), None: everything."""
    region = read_region(mask, *image.shape[-2:])
    free = torch.ones_like(image[:, :1]) if region is None else region[:, None].to(image)
    latent = encode(image * (1 - free) + 0.5 * free)
    return torch.cat((F.interpolate(free, latent.shape[-2:]).to(latent), latent), 1)


def projected(drag, points, height, width, dtype, device):
    """{block: (p(target), p(handle))} of DragPoints for a picture of height x width; {} without points."""
    if not len(points):
        return {}
    maps = point_maps(*points.to_pixels(width, height), height, width)
    found = project_points(drag.embedding(maps.to(device)), drag.points)
    return {block: tuple(one.to(dtype) for one in pair) for block, pair in found.items()}


def image_prompt(drag, embedding, dtype):
    """{block: (k, v)} of a CLIP embedding [1, D] of the picture; {} for None."""
    if embedding is None or drag.image_projection is None:
        return {}
    tokens = drag.image_projection(embedding)
    return {
        block: tuple(one.to(dtype) for one in image_keys(tokens, weights))
        for block, weights in drag.image_tokens.items()
    }


def denoise(denoiser, hooks, start, seen, timesteps, alphas, scales, noises=None, callback=None):
    """Latents [B, 4, h, w] from start, by DDIM or, with noises for its steps, as a latent consistency model.

    seen [1, 5, h, w] is of inpainting_channels, alphas have the clean latent's value in front of those of the ascending
    timesteps, scales are of point_scales; a step at scale 1 costs a batch half as large. callback(i, z).
    """
    remaining = iter(scales)

    def eps(z, t):
        scale = felt(next(remaining))
        branches = 1 if scale == 1 or not hooks.points else 2
        hooks.shown = (False, True)[2 - branches :]
        x = torch.cat((z, seen.expand(len(z), -1, -1, -1)), 1).repeat(branches, 1, 1, 1)
        found = denoiser(x, t)
        return found if branches == 1 else guided(*found.chunk(2), scale)

    with hooks.entered():
        if noises is None:
            return ddim.sample(eps, start, timesteps, alphas, callback)
        return lcm.sample(eps, start, timesteps, alphas[1:], noises, callback)


def lightningdrag(
    model, drag, image, points, mask=None, image_embedding=None, steps=8, scale=3.0, decay="inv_square",
    guided_steps=None, seed=0, candidates=4, sampler="lcm", callback=None,
):  # fmt: skip
    """Dragged pictures [candidates, 3, H, W] of image [1, 3, H, W] (0..1) by DragPoints inside mask [1, H, W].

    Candidate i has the noise of seed + i, and all share the reference. image_embedding [1, D] is CLIP's of the picture
    (None: no image tokens). Sampler "lcm" is for a UNet with the LCM LoRA. Without points what the mask covers is
    painted anew from the picture. callback(done, total).
    """
    timesteps = lcm.lcm_timesteps(steps) if sampler == "lcm" else ddim.published_timesteps(steps, 1.0)
    alphas = model.alphas_of(timesteps)
    latent = model.encode(image)
    generators = [torch.Generator().manual_seed(seed + i) for i in range(candidates)]

    def noise():
        return torch.cat([torch.randn(latent.shape, generator=one) for one in generators]).to(latent)

    unet = model.denoiser.unet
    hooks = PointHooks(
        unet, record_reference(drag, latent), projected(drag, points, *image.shape[-2:], unet.dtype, unet.device),
        image_prompt(drag, image_embedding, unet.dtype),
    )  # fmt: skip
    a = model.alphas[START].item()
    start = a**0.5 * latent + (1 - a) ** 0.5 * noise()
    latents = denoise(
        model.denoiser, hooks, start, inpainting_channels(model.encode, image, mask), timesteps, alphas,
        point_scales(scale, decay, steps, guided_steps),
        (noise() for _ in timesteps) if sampler == "lcm" else None, lambda i, z: callback and callback(i + 1, steps),
    )  # fmt: skip
    return torch.cat([model.decode(one) for one in latents.split(1)])
