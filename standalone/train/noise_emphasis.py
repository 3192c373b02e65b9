"""Training where the picture is decided: at high noise, where a network has nothing but what it is shown."""

import torch

# of the timesteps, how many are among the upper 600
HIGH, UPPER = 0.7, 400
# errors count as those of the velocity, but at most so many times
HEAVIEST = 20.0


def noised(clean, alphas, generator):
    """Random timesteps [B], noise and noised latents like clean [B, C, h, w], and the weights [B, 1, 1, 1] of squared
    errors of the noise."""
    high, where = torch.rand(2, len(clean), generator=generator)
    t = torch.where(high < HIGH, UPPER + (1000 - UPPER) * where, 1000 * where).long()
    a = alphas[t].view(-1, 1, 1, 1)
    noise = torch.randn(clean.shape, generator=generator)
    return t, noise, a.sqrt() * clean + (1 - a).sqrt() * noise, 1 / a.clamp(min=1 / HEAVIEST)


def weighted_error(eps, noise, weight, emphasis):
    """Mean squared error of eps [B, C, H, W], where weight [B, 1, H, W] says what counts in a picture and emphasis is
    that of noised."""
    return ((eps - noise).square() * weight * emphasis).sum() / (weight.sum() * noise.shape[1])
