"""Known smooth motions of a picture: the ground truth of the bench and the training data of the networks.

Positions are (x, y) pixels with the centre of the first pixel at 0.5; fields are [..., 2].
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F


def positions(size):
    """Pixel centres of a size x size picture, [size, size, 2]."""
    axis = torch.arange(size, dtype=torch.float32) + 0.5
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack((x, y), dim=-1)


def sample(image, xy):
    """Bicubic values of image [C, H, W] at xy [h, w, 2]; the picture is mirrored at its border."""
    height, width = image.shape[-2:]
    grid = xy / torch.tensor([width, height]) * 2 - 1
    return F.grid_sample(image[None], grid[None].to(image), "bicubic", "reflection", align_corners=False)[0].clamp(0, 1)


@dataclass(frozen=True)
class Affine:
    """Rotation by `angle` (radians), scaling and shift about a centre."""

    centre: tuple
    angle: float = 0.0
    scale: float = 1.0
    shift: tuple = (0.0, 0.0)

    def _matrix(self):
        c, s = math.cos(self.angle), math.sin(self.angle)
        return self.scale * torch.tensor([[c, -s], [s, c]])

    def forward(self, xy):
        centre, shift = torch.tensor(self.centre), torch.tensor(self.shift)
        return (xy - centre) @ self._matrix().T + centre + shift

    def inverse(self, xy):
        centre, shift = torch.tensor(self.centre), torch.tensor(self.shift)
        return (xy - centre - shift) @ torch.linalg.inv(self._matrix()).T + centre


class Smooth:
    """A motion given by its displacement; the inverse by fixed point (needs a displacement of slope below 1)."""

    def forward(self, xy):
        return xy + self.displacement(xy)

    def inverse(self, xy):
        source = xy
        for _ in range(40):
            source = xy - self.displacement(source)
        return source


@dataclass(frozen=True)
class Pull(Smooth):
    """A Gaussian bump of displacement `vector` at `centre`; slope stays below 1 while |vector| < 1.6 sigma."""

    centre: tuple
    vector: tuple
    sigma: float

    def displacement(self, xy):
        squared = (xy - torch.tensor(self.centre)).square().sum(-1, keepdim=True)
        return torch.exp(-squared / (2 * self.sigma**2)) * torch.tensor(self.vector)


@dataclass(frozen=True)
class Bend(Smooth):
    """A strip that starts at `root` along `axis` (unit) bends sideways by `amount` at `length`, fading over `width`."""

    root: tuple
    axis: tuple
    length: float
    width: float
    amount: float

    def displacement(self, xy):
        axis = torch.tensor(self.axis)
        normal = torch.stack((-axis[1], axis[0]))
        offset = xy - torch.tensor(self.root)
        along, across = offset @ axis / self.length, offset @ normal / self.width
        profile = along.clamp(0, 1).square() * torch.exp(-(along - 1).clamp(min=0).square() / 0.18)
        return (self.amount * profile * torch.exp(-across.square() / 2))[..., None] * normal


def blob(xy, centre, radius, wobble, phase):
    """Soft-edged mask in 0..1 of a smooth closed curve r = radius (1 + sum_k wobble_k cos(k angle + phase_k))."""
    offset = xy - torch.tensor(centre)
    angle = torch.atan2(offset[..., 1], offset[..., 0])
    curve = 1 + sum(w * torch.cos((k + 2) * angle + p) for k, (w, p) in enumerate(zip(wobble, phase, strict=True)))
    return ((radius * curve - offset.norm(dim=-1)) / 1.5 + 0.5).clamp(0, 1)


def _uniform(generator, low, high, count=1):
    values = (torch.rand(count, generator=generator) * (high - low) + low).tolist()
    return values[0] if count == 1 else tuple(values)


def _random_view(xy, generator, size):
    """Backward map of a random small turn, zoom, shift and up to three local pulls."""
    spread = torch.randn(4, generator=generator).tolist()
    view = Affine(
        centre=(size / 2, size / 2),
        angle=0.12 * spread[0],
        scale=math.exp(0.08 * spread[1]),
        shift=(0.05 * size * spread[2], 0.05 * size * spread[3]),
    )
    xy = view.inverse(xy)
    for _ in range(int(torch.randint(0, 4, (1,), generator=generator))):
        sigma = _uniform(generator, 0.06, 0.2) * size
        angle, length = _uniform(generator, 0, 2 * math.pi), _uniform(generator, 0.2, 1.3) * sigma
        pull = Pull(
            _uniform(generator, 0.1 * size, 0.9 * size, 2), (length * math.cos(angle), length * math.sin(angle)), sigma
        )
        xy = pull.forward(xy)
    return xy


def random_scene(photographs, generator, size=256):
    """A training picture [3, size, size]: a photograph under random smooth motion, in a third of the cases with
    cut-outs of the photographs laid over it."""
    xy = positions(size)

    def pick():
        return photographs[int(torch.randint(len(photographs), (1,), generator=generator))]

    picture = sample(pick(), _random_view(xy, generator, size))
    if _uniform(generator, 0, 1) < 0.33:
        for _ in range(int(torch.randint(1, 3, (1,), generator=generator))):
            mask = blob(
                xy,
                _uniform(generator, 0.15 * size, 0.85 * size, 2),
                _uniform(generator, 0.08, 0.22) * size,
                _uniform(generator, 0, 0.12, 3),
                _uniform(generator, 0, 2 * math.pi, 3),
            )
            move = Affine(
                (size / 2, size / 2),
                _uniform(generator, -0.6, 0.6),
                _uniform(generator, 0.75, 1.3),
                _uniform(generator, -0.3 * size, 0.3 * size, 2),
            )
            picture = torch.lerp(picture, sample(pick(), move.inverse(xy)), mask)
    return picture
