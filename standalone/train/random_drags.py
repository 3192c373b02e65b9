"""Random drags of the bundled photographs, whose answers the demo model's networks learn."""

import torch

from ..scenes.ground_truth import KINDS, SIZES, moved
from ..scenes.motions import random_scene

SEEDS = 1 << 32
# how much more errors count where something moves
MOVING = 3.0


def choices_of_drag(seed, number):
    """The generator of a drag: drag i of a seed is always the same."""
    return torch.Generator().manual_seed(SEEDS * (seed + 1) + number)


def _pick(values, generator):
    return values[int(torch.randint(len(values), (1,), generator=generator))]


def moved_pair(photographs, generator):
    """Source and target picture [3, 256, 256] in 0..1, region [256, 256] and FLOW [2, 256, 256] of a random drag, on a
    photograph as it is or moved itself."""

    def picture():
        return random_scene(photographs, generator) if torch.rand(1, generator=generator) < 0.4 else pick()

    def pick():
        return _pick(photographs, generator)

    source, target, mask, _, flow = moved(
        _pick(KINDS, generator), _pick(SIZES, generator), picture(), pick(), generator
    )
    return source, target, mask, flow
