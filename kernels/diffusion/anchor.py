"""A part of a latent held on a path that was stored: what the model says there is replaced by what leads along it."""

import bisect

import torch


class Path:
    """Latents x of a model, one at each of ascending noise levels (sigmas), and on a straight line between two."""

    def __init__(self, levels, latents):
        self.levels, self.latents = tuple(map(float, levels)), list(latents)

    def at(self, sigma):
        """x at a noise level; beyond the path, that of its end."""
        i = bisect.bisect_right(self.levels, sigma)
        if i in (0, len(self.levels)):
            return self.latents[max(i - 1, 0)]
        low, high = self.levels[i - 1 : i + 1]
        share = (sigma - low) / (high - low)
        return self.latents[i - 1] if share == 0 else torch.lerp(*self.latents[i - 1 : i + 1], share)


def lands_on(target, x, sigma, following):
    """The denoised by which Euler's step from x at noise level sigma ends on target at the level `following`; at level
    0 it is target, on which any solver ends."""
    return x + (target - x) * (sigma / (sigma - following))
