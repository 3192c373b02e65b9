"""The recomposition of MoRe-Drag (2026): a picture sampled beside a warped one, region by region the mix of both."""

import torch


def step(denoise, x, level, following):
    """Euler's step of x [B, ...] from noise level to the following one, and what denoise(x, level) gave.
    dx / dsigma = (x - denoised) / sigma for x = (1 - sigma) x_0 + sigma eps (flow matching) as for x_0 + sigma eps."""
    denoised = denoise(x, level)
    return x + (following - level) / level * (x - denoised), denoised


def path(denoise, x, sigmas):
    """Yields x, given at sigmas[0], at each of sigmas[1:]."""
    for level, following in zip(sigmas, sigmas[1:], strict=False):
        x, _ = step(denoise, x, level, following)
        yield x


def sample(denoise, x, sigmas, evidence, mask, count, callback=None):
    """x, given at sigmas[0], by Euler's steps at sigmas[-1]. After each of the first count steps it is
    mask * x + (1 - mask) * z: z is the next of evidence, the warped picture at the noise level reached; mask (0..1) is
    the paper's M_i + lambda M_r and broadcasts against x. callback(i, x, denoised) after each step."""
    evidence = iter(evidence)
    for i, (level, following) in enumerate(zip(sigmas, sigmas[1:], strict=False)):
        x, denoised = step(denoise, x, level, following)
        if i < count:
            x = torch.lerp(next(evidence), x, mask)
        if callback is not None:
            callback(i, x, denoised)
    return x
