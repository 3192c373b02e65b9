"""InstantDrag on a DragModel: picture and motion are shown to the network beside the noisy latent, no inversion."""

import torch

from ...kernels.diffusion.ddim import published_timesteps, sample
from ...kernels.instantdrag.conditioning import branches, flow_channels, guided


def instantdrag(
    model, image, flow, steps=20, image_scale=1.5, flow_scale=1.5, seed=0, callback=None,
):  # fmt: skip
    """Dragged picture [1, 3, H, W] of image (0..1) by FLOW [1, 2, h, w], cells of its own grid, in steps DDIM steps.

    model.denoiser is a FlowDiffusion, a UNet of CHANNELS channels; an evaluation is a batch of three.
    callback(done, total).
    """
    timesteps = published_timesteps(steps, 1.0)
    alphas = model.alphas_of(timesteps)
    latent = model.encode(image)
    height, width = latent.shape[-2:]
    seen = torch.cat(branches(latent / model.scaling_factor, flow_channels(flow.to(latent), height, width)))
    noise = torch.randn(latent.shape, generator=torch.Generator().manual_seed(seed)).to(latent)

    def eps(z, t):
        e_flow, e_image, e_none = model.denoiser(torch.cat((z.expand(3, -1, -1, -1), seen), 1), t).chunk(3)
        return guided(e_none, e_image, e_flow, image_scale, flow_scale)

    return model.decode(sample(eps, noise, timesteps, alphas, lambda i, z: callback and callback(i + 1, steps)))
