"""What every training of this project averages."""

import copy

import torch


class Ema:
    """Exponential moving average of a module's parameters."""

    def __init__(self, module, decay):
        self.module, self.decay = copy.deepcopy(module).requires_grad_(False).eval(), decay

    @torch.no_grad()
    def update(self, module, step):
        decay = min(self.decay, (1 + step) / (10 + step))
        for mean, value in zip(self.module.parameters(), module.parameters(), strict=True):
            mean.lerp_(value.detach(), 1 - decay)
