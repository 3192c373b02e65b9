"""The drag warp on a DragModel: the picture itself is warped, then the model repairs what opened up."""

import torch
import torch.nn.functional as F

from ...kernels.diffusion.ddim import ddim_step, published_timesteps
from ...kernels.motion.displacements import border_of, displace
from ...kernels.points.find_region import find_region
from ...kernels.points.masks import read_region
from ...kernels.warp.alpha import warp_picture as warp_with_alpha
from ...kernels.warp.picture import inpaint_mask


def warp_picture(
    image, points, mask=None, displacement="similarity", sampling="bilinear", front="longest", seam=2, grow=1,
    feather=2, border="held",
):  # fmt: skip
    """image [1, 3 or, with alpha, 4, H, W] warped by DragPoints over the region mask [1, H, W] (1 = moves or, where
    border is "held", may change; None: found from the points, or everything), and what to paint anew [1, H, W]."""
    border = border_of(displacement, border)
    height, width = image.shape[-2:]
    handles, targets = points.to_grid(width, height)
    region = read_region(mask, height, width)
    if region is None or region.all():
        region = find_region(handles, targets, height, width, border)[None]
    region = region[0]
    flow = displace(handles, targets, region, displacement, border=border, turns=points.turns).to(image.device)
    warped, opened, moved = warp_with_alpha(
        image, flow, region[None].to(image.device), sampling, front, border == "free"
    )
    # where a border is held nothing breaks off
    return warped, inpaint_mask(opened, moved, 0 if border == "held" else seam, grow, feather)


def repair(model, image, mask, steps=12, seed=0, callback=None):
    """image [1, 3, H, W] with what mask [1, H, W] (0..1) says painted anew by DragModel in steps DDIM steps from pure
    noise; where the mask is 0 it stays bit for bit. A grey of the mask is painted anew in that part of the steps only
    (differential diffusion, Levin and Fried 2023). callback(done, total)."""
    if not mask.any():
        return image
    timesteps = published_timesteps(steps, 1.0)
    alphas = model.alphas_of(timesteps)
    latent = model.encode(image)
    noise = torch.randn(latent.shape, generator=torch.Generator().manual_seed(seed)).to(latent)
    change = F.adaptive_max_pool2d(mask[:, None], latent.shape[-2:]).to(latent)
    z = noise
    for i, t in enumerate(reversed(timesteps)):
        level = alphas[-1 - i]
        known = level**0.5 * latent + (1 - level) ** 0.5 * noise
        z = torch.where(change > i / steps, z, known)
        z = ddim_step(z, model.denoiser(z, t), level, alphas[-2 - i])
        if callback is not None:
            callback(i + 1, steps)
    painted = model.decode(torch.where(change > 0, z, latent)).to(image)
    return torch.where(mask[:, None] > 0, torch.lerp(image, painted, mask[:, None]), image)
