"""Training of the demo model's autoencoder on moved bundled photographs."""

import copy
from pathlib import Path

import torch
import torch.nn.functional as F

from ...kernels.diffusion.demo_autoencoder import DemoAutoencoder
from ...weights import TRAINED
from ..scenes.motions import random_scene
from ..scenes.photographs import photograph
from .loop import choices_of, run


def scenes(photographs, generator, count):
    """[count, 3, 256, 256] in -1..1."""
    return torch.stack([random_scene(photographs, generator) for _ in range(count)]) * 2 - 1


def _gradients(x):
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(output, target):
    """Mean square and mean absolute error, the latter also of the image gradients, so that edges stay sharp."""
    edges = sum(F.l1_loss(a, b) for a, b in zip(_gradients(output), _gradients(target), strict=True))
    return 5 * F.mse_loss(output, target) + 0.5 * F.l1_loss(output, target) + 0.5 * edges


def _random_affine(generator, count):
    """Sampling grids of random turns, zooms and shifts for square batches: theta [count, 2, 3]."""
    angle, scale, dx, dy = (torch.rand(4, count, generator=generator) * 2 - 1) * torch.tensor(
        [[0.5], [0.35], [0.3], [0.3]]
    )
    scale = torch.exp(scale)
    c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
    return torch.stack((torch.stack((c, -s, dx), -1), torch.stack((s, c, dy), -1)), 1)


def _warp(x, theta):
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, "bilinear", "reflection", align_corners=False)


def train_autoencoder(folder, steps, seed=0):
    """Half of each batch is decoded from a warped latent and compared with the warped picture, so that moving latents
    moves pictures (equivariance regularisation as in EQ-VAE, Kouzelis et al. 2025)."""
    torch.manual_seed(seed)
    photographs = [photograph(name) for name in TRAINED]
    module = DemoAutoencoder().to(memory_format=torch.channels_last)

    def loss_of(step):
        generator = choices_of(seed, step)
        images = scenes(photographs, generator, 4)
        corners = torch.randint(0, 129, (4, 4, 2), generator=generator).tolist()
        crops = torch.cat([images[i, None, :, y : y + 128, x : x + 128] for i in range(4) for y, x in corners[i]])
        crops = crops.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            latents = module.encoder(crops)
        latents = latents.float()
        theta = _random_affine(generator, 8)
        moved = torch.cat((_warp(latents[:8], theta), latents[8:]))
        target = torch.cat((_warp(crops[:8], theta), crops[8:]))
        with torch.autocast("cpu", torch.bfloat16):
            output = module.decoder(moved + 0.03 * torch.randn(moved.shape, generator=generator))
        return reconstruction_loss(output.float(), target) + 1e-3 * latents.square().mean()

    module = run(module, loss_of, steps, 5e-4, Path(folder) / "autoencoder.pt")
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        latents = module.encoder(scenes(photographs, generator, 64))
    module.mean.copy_(latents.mean((0, 2, 3), keepdim=True))
    module.std.copy_(latents.std((0, 2, 3), keepdim=True))
    return module


def refine_decoder(folder, autoencoder, steps, seed=0):
    """The decoder alone goes on learning, two thirds of the time on the photographs as they are; the latents stay."""
    torch.manual_seed(seed)
    photographs = [photograph(name) for name in TRAINED]
    module = copy.deepcopy(autoencoder.decoder).requires_grad_(True).to(memory_format=torch.channels_last)

    def loss_of(step):
        generator = choices_of(seed, 500_000_000 + step)
        plain = torch.stack([photographs[(2 * step + i) % len(photographs)] for i in range(2)]) * 2 - 1
        images = torch.cat((scenes(photographs, generator, 1), plain)).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                latents = autoencoder.encoder(images).float()
            output = module(latents + 0.02 * torch.randn(latents.shape, generator=generator))
        return reconstruction_loss(output.float(), images)

    autoencoder.decoder = run(module, loss_of, steps, 3e-4, Path(folder) / "decoder.pt")
    return autoencoder
