"""The learning rate of every training of this project."""

import math


def cosine(step, steps, warm_up):
    """Of the highest rate: a linear warm-up of so many steps, then half a cosine down to a fiftieth."""
    return min(1, (step + 1) / warm_up) * (0.02 + 0.49 * (1 + math.cos(math.pi * min(1, step / steps))))
