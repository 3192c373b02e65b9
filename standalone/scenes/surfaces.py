"""What the things of a random scene are made of."""

import math

import torch
import torch.nn.functional as F

from .random_choices import Dice
from .trajectories import unit

# longer side of photographs on the things of a scene; much finer ones would only flicker
PIXELS = 144


def texture(dice, size=96):
    """A generated surface [3, size, size] in 0..1: noise, stripes, checks or spots in two to three colours."""
    colours = dice.noise(3, 3)
    y, x = torch.meshgrid(*2 * (torch.linspace(0, 1, size),), indexing="ij")
    angle, count = dice.direction(), dice.number(2, 14)
    along = (x * math.cos(angle) + y * math.sin(angle)) * count
    across = (y * math.cos(angle) - x * math.sin(angle)) * count
    kind = dice.pick(("noise", "stripes", "checks", "spots", "shade"), (0.4, 0.15, 0.1, 0.15, 0.2))
    rough = sum(
        F.interpolate(dice.noise(1, 2, n, n), (size, size), mode="bicubic")[0] / (i + 1.2)
        for i, n in enumerate((3, 7, 17, 41))
    )
    rough = (rough - rough.amin()) / (rough.amax() - rough.amin())
    value = {
        "noise": rough[0],
        "stripes": 0.5 + 0.5 * torch.sin(2 * math.pi * along + 2 * rough[0]),
        "checks": (torch.sin(math.pi * along) * torch.sin(math.pi * across) > 0).float(),
        "spots": ((along % 1 - 0.5).square() + (across % 1 - 0.5).square() < dice.number(0.04, 0.14)).float(),
        "shade": (along - along.min()) / (along.max() - along.min()),
    }[kind]
    picture = torch.lerp(colours[0, :, None, None], colours[1, :, None, None], value)
    return torch.lerp(picture, colours[2, :, None, None], dice.number(0, 0.5) * rough[1]).clamp(0, 1)


class Surfaces:
    """What things are made of: the given photographs [3, H, W] in 0..1 and generated textures."""

    def __init__(self, photographs, seed, count=160):
        self.photographs = list(photographs)
        self.textures = [texture(Dice(seed * 100_003 + i)) for i in range(count)]

    def surface(self, dice, photograph=0.5):
        """One of them, its change of colours (matrix [3, 3], lift [3]), and how a part's coordinates are laid out on it
        (matrix [2, 2], place [2])."""
        pool = self.photographs if dice.chance(photograph) and self.photographs else self.textures
        picture = dice.pick(pool)
        colours = torch.eye(3)
        if dice.chance(0.6):
            colours = colours[torch.randperm(3, generator=dice.generator)]
        if dice.chance(0.15):
            colours = torch.full((3, 3), 1 / 3)
        gain = dice.noise(3, 1) * 0.7 + 0.6
        lift = 0.5 - 0.5 * gain[:, 0] + dice.noise(3) * 0.3 - 0.15
        angle = dice.number(-0.5, 0.5) if dice.chance(0.7) else dice.direction()
        zoom, flip = dice.number(0.6, 1.7), dice.pick((-1, 1))
        matrix = torch.tensor([unit(angle, zoom * flip), unit(angle + math.pi / 2, zoom)]).T
        return picture, (gain * colours, lift), (matrix, dice.noise(2) * 2 - 1)


def paint(surface, c, size):
    """A surface at rest positions c [h, w, 2] of a picture of `size` pixels: [3, h, w]."""
    picture, (colours, lift), (matrix, place) = surface
    grid = ((c * (2 / size)) @ matrix.T + place)[None]
    look = F.grid_sample(picture[None], grid, "bilinear", "reflection", align_corners=False)[0]
    return (colours @ look.flatten(1) + lift[:, None]).view_as(look).clamp(0, 1)
