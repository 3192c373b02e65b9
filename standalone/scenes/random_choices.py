"""Random choices of one seed."""

import math

import torch


class Dice:
    """Random numbers of one seed; `spread` > 1 widens the ranges of the motions beyond those of the training."""

    def __init__(self, seed, spread=1.0):
        self.generator, self.spread = torch.Generator().manual_seed(seed), spread

    def number(self, low=0.0, high=1.0):
        return low + (high - low) * torch.rand((), generator=self.generator).item()

    def chance(self, probability):
        return self.number() < probability

    def whole(self, low, high):
        """From low to high, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def pick(self, items, weights=None):
        if weights is None:
            return items[self.whole(0, len(items) - 1)]
        return items[int(torch.multinomial(torch.tensor(weights, dtype=torch.float32), 1, generator=self.generator))]

    def extent(self, limit):
        """Of a motion: either sign, small ones more often."""
        return self.pick((-1, 1)) * limit * self.spread * (0.06 + 0.94 * self.number() ** 1.3)

    def direction(self):
        return self.number(0, 2 * math.pi)

    def noise(self, *shape):
        return torch.rand(shape, generator=self.generator)
