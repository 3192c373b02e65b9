"""FastDrag on a DragModel: invert with recording, warp, fill, sample with replaying."""

from contextlib import nullcontext

import torch

from ...kernels.diffusion.ddim import invert, sample
from ...kernels.diffusion.kv_cache import KVCache
from ...kernels.motion.displacements import border_of, displace
from ...kernels.points.masks import read_region
from ...kernels.warp.batches import warp_batch
from ...kernels.warp.bnni import bnni, bnni_sequential
from ..models.device_memory import free_memory
from .inversion import inversion_levels

FILLS = {"simultaneous": bnni, "sequential": bnni_sequential}
# the fill, displacement and border that belong to each way of warping
FILL_OF_MODE = {"inverse": "simultaneous", "fastdrag": "sequential"}
MOTION_OF_MODE = {"inverse": ("rigid", "held"), "fastdrag": ("stretch", "free")}


def region_of(mask, latent):
    """Where mask [1, H, W], or None, lets things move on the grid of latent [1, C, h, w]: bool [1, h, w]."""
    height, width = latent.shape[-2:]
    region = read_region(mask, height, width)
    region = torch.ones(1, height, width, dtype=torch.bool) if region is None else region
    return region.to(latent.device)


def dragged(noisy, points, region, mode, flow=None, displacement=None, border=None):
    """The noised latent [1, C, h, w] warped and filled; options as in fastdrag_latent."""
    displacement, border = (a or b for a, b in zip((displacement, border), MOTION_OF_MODE[mode], strict=True))
    border = border_of(displacement, border) if flow is None else "free"
    if flow is None:
        height, width = noisy.shape[-2:]
        flow = displace(*points.to_grid(width, height), region[0], displacement, border=border, turns=points.turns)
    moved, holes = warp_batch(noisy, flow, region, mode, border == "free")
    return FILLS[FILL_OF_MODE[mode]](moved, holes[0])


def counter(callback, total):
    """count(weight) -> a kernel's callback(i, z), which adds weight to what callback(done, total), if any, is told."""
    done = 0

    def count(weight):
        def report(i, z):
            nonlocal done
            done += weight
            if callback is not None:
                callback(done, total)

        return report

    return count


def fastdrag_latent(
    model, latent, points, mask=None, mode="inverse", steps=10, strength=0.7, refinement=0, consistency=1.0, flow=None,
    displacement=None, border=None, callback=None, inversion="next",
):  # fmt: skip
    """Dragged latent [1, C, h, w] of the clean latent by DragPoints inside mask [1, H, W] (1 = may change).

    consistency 0..1 is the strength of the KV cache, inversion one of the kernels' METHODS; displacement and border
    say how the region moves (None: as fits the mode; stretch is the LWF), flow [1, 2, h, w] on the latent grid replaces
    that; callback(done, total) counts evaluations of the network.
    """
    timesteps, alphas = inversion_levels(model, steps, strength)
    count = counter(callback, len(timesteps) * (2 + refinement))
    region = region_of(mask, latent)
    cache = KVCache(timesteps, "auto", lambda: free_memory(latent.device))
    with model.denoiser.recording(cache):
        noisy = invert(model.denoiser, latent, timesteps, alphas, refinement, count(1 + refinement), inversion)
    moved = dragged(noisy, points, region, mode, flow, displacement, border)
    with model.denoiser.replaying(cache, strength=consistency) if consistency else nullcontext():
        return sample(model.denoiser, moved, timesteps, alphas, count(1))


def fastdrag(model, image, points, mask=None, **options):
    """Dragged picture [1, 3, H, W] of image [1, 3, H, W] in 0..1; options as in fastdrag_latent."""
    return model.decode(fastdrag_latent(model, model.encode(image), points, mask, **options))
