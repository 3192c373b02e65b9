"""Shapes that move over a ground, and the picture of them with what is seen where."""

from dataclasses import dataclass, field

import torch

from .motions import positions
from .surfaces import paint


@dataclass(frozen=True)
class Blob:
    """Distance-like function of a closed shape around `centre`: radii (a, b), power 2 = ellipse, 6 = box; wavy edge."""

    centre: tuple
    radii: tuple
    power: float = 2.0
    waves: tuple = ()

    def __call__(self, c):
        offset = (c - torch.tensor(self.centre)) / torch.tensor(self.radii)
        radius = offset.abs().clamp(min=1e-4).pow(self.power).sum(-1).pow(1 / self.power)
        curve = 1.0
        if self.waves:
            angle = torch.atan2(offset[..., 1], offset[..., 0])
            curve = 1 + sum(size * torch.cos(count * angle + phase) for count, size, phase in self.waves)
        return (radius - curve) * min(self.radii)


@dataclass(frozen=True)
class Strip:
    """A tapering rounded strip from the anchor along u."""

    length: float
    width: float
    tip: float

    def __call__(self, c):
        along = c[..., 0].clamp(0, self.length)
        half = self.width + (self.tip - self.width) * along / self.length
        return torch.hypot(c[..., 0] - along, c[..., 1]) - half


@dataclass
class Part:
    """`group`: parts that hang together move together. `marks`: (shape, colour) drawn on it."""

    motion: object
    shape: object
    surface: tuple
    group: int
    outline: float = 0.0
    marks: list = field(default_factory=list)


@dataclass
class Scene:
    """picture [3, S, S]; owner [S, S]: the part seen at a pixel, -1 = ground; rest [S, S, 2]: its rest position."""

    picture: torch.Tensor
    owner: torch.Tensor
    rest: torch.Tensor
    motions: list
    groups: list
    kind: str


def draw(size, ground, ground_motion, parts, kind):
    xy = positions(size)
    picture, owner, rest = paint(ground, xy, size), torch.full((size, size), -1), xy.clone()
    for index, part in enumerate(parts):
        c = part.motion.inverse(xy)
        distance = part.shape(c)
        inside = (0.5 - distance).clamp(0, 1)
        look = paint(part.surface, c, size)
        if part.outline:
            look = look * (1 - 0.8 * (1 - (distance + part.outline).abs() / part.outline).clamp(0, 1))
        for shape, colour in part.marks:
            look = torch.lerp(look, colour.expand_as(look), (0.5 - shape(c)).clamp(0, 1))
        picture = torch.lerp(picture, look, inside)
        seen = inside > 0.5
        owner[seen] = index
        rest[seen] = c[seen]
    return Scene(
        picture, owner, rest, [p.motion for p in parts] + [ground_motion], [p.group for p in parts] + [-1], kind
    )
