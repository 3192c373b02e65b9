"""DDIM inversion and sampling (Song et al. 2021, Eq. 12 at eta 0) over a denoiser eps = denoiser(z, t).

Latents are VP, z_t = sqrt(a_t) z_0 + sqrt(1 - a_t) eps. `timesteps` are ascending and opaque: the denoiser alone reads
them. `alphas` has one value more: the one that the clean latent stands for, then a_t of each timestep.
"""

import torch

from . import inversion


def alphas_cumprod(train_steps=1000):
    """a_t of Stable Diffusion's scaled-linear schedule, [train_steps] float32."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, train_steps, dtype=torch.float32) ** 2
    return (1 - betas).cumprod(0)


def published_timesteps(steps, strength, train_steps=1000):
    """Ascending timesteps 1, 1 + s, ... with s = train_steps // steps; the first round(strength * steps) of them."""
    return [1 + i * (train_steps // steps) for i in range(round(strength * steps))]


def ddim_step(z, eps, a_from, a_to):
    """z at noise level a_from moved to a_to along eps, in either direction."""
    z_0 = (z - (1 - a_from) ** 0.5 * eps) / a_from**0.5
    return a_to**0.5 * z_0 + (1 - a_to) ** 0.5 * eps


def invert(denoiser, z, timesteps, alphas, refinement=0, callback=None, method="next"):
    """Noises z deterministically up to the last timestep, as inversion.invert does: x = z / sqrt(a) has velocity eps.
    callback(i, z) after each step."""
    scales, sigmas = [a**-0.5 for a in alphas], [((1 - a) / a) ** 0.5 for a in alphas]

    def velocity(x, i):
        return denoiser(x / scales[i], timesteps[i - 1])

    def report(i, x):
        if callback is not None:
            callback(i, x / scales[i + 1])

    return inversion.invert(velocity, z * scales[0], sigmas, method, refinement, report, scales) / scales[-1]


def sample(denoiser, z, timesteps, alphas, callback=None):
    """Denoises z from the last timestep to the clean latent; callback(i, z) after each step."""
    for i, t in enumerate(reversed(timesteps)):
        z = ddim_step(z, denoiser(z, t), alphas[-1 - i], alphas[-2 - i])
        if callback is not None:
            callback(i, z)
    return z
