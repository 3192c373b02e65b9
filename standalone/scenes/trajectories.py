"""Motions with true paths: content of rest position c is at forward(c, t), t from 0 (now) to 1 (the end).

Positions are (x, y) pixels with the centre of the first pixel at 0.5; t is a number or a tensor [T, 1, ..., 1] that
broadcasts over positions [..., 2] without their last axis.
"""

import math
from dataclasses import dataclass

import torch


def _rotate(xy, angle):
    c, s = torch.cos(angle), torch.sin(angle)
    return torch.stack((c * xy[..., 0] - s * xy[..., 1], s * xy[..., 0] + c * xy[..., 1]), -1)


@dataclass(frozen=True)
class Swing:
    """A part with coordinates (u, v) from its anchor: bent along u to a curvature, scaled, turned about the anchor.

    The anchor shifts, or is the tip of a turning arm: (length, angle, turn). Turns are radians, and everything grows
    evenly with t, so that points run on arcs; `growth` is the logarithm of the final scale.
    """

    anchor: tuple
    angle: float = 0.0
    turn: float = 0.0
    growth: float = 0.0
    curvature: float = 0.0
    bend: float = 0.0
    shift: tuple = (0.0, 0.0)
    arm: tuple = (0.0, 0.0, 0.0)

    def _at(self, t):
        t = torch.as_tensor(t, dtype=torch.float32)
        length, angle, turn = self.arm
        place = torch.tensor(self.anchor) + t[..., None] * torch.tensor(self.shift)
        place = place + _rotate(torch.tensor((length, 0.0)), angle + turn * t)
        curvature = self.curvature + self.bend * t
        # straight is the limit of a wide arc
        curvature = torch.where(curvature.abs() < 1e-4, 1e-4, curvature)
        return place, self.angle + self.turn * t, torch.exp(self.growth * t), curvature

    def forward(self, c, t):
        place, angle, scale, curvature = self._at(t)
        u, v = c[..., 0] * curvature, c[..., 1]
        radius = 1 / curvature - v
        bent = torch.stack((radius * torch.sin(u), 1 / curvature - radius * torch.cos(u)), -1)
        return _rotate(scale[..., None] * bent, angle) + place

    def inverse(self, xy, t=0.0):
        place, angle, scale, curvature = self._at(t)
        bent = _rotate(xy - place, -angle) / scale[..., None]
        side = torch.sign(curvature)
        x, y = side * bent[..., 0], side * (1 / curvature - bent[..., 1])
        return torch.stack((torch.atan2(x, y) / curvature, 1 / curvature - side * torch.hypot(x, y)), -1)


@dataclass(frozen=True)
class Elastic:
    """Soft bumps on the picture itself; rest positions are those at t = 0.

    Each is (centre, sigma, vector, turn, growth): under a Gaussian of the rest position the content is pulled, turned
    about the centre and drawn away from it. Bumps overlap by adding up.
    """

    bumps: tuple

    def forward(self, c, t):
        t = torch.as_tensor(t, dtype=torch.float32)
        moved = c + 0 * t[..., None]
        for centre, sigma, vector, turn, growth in self.bumps:
            offset = c - torch.tensor(centre)
            weight = torch.exp(-offset.square().sum(-1) / (2 * sigma**2)) * t
            place = torch.exp(growth * weight)[..., None] * _rotate(offset, turn * weight)
            moved = moved + place - offset + weight[..., None] * torch.tensor(vector)
        return moved

    def inverse(self, xy, t=0.0):
        return xy

    def dragged(self, handles):
        """Without the bumps that none of the handles [N, 2] lies on."""

        def held(bump):
            return ((handles - torch.tensor(bump[0])).norm(dim=-1) < 1.6 * bump[1]).any()

        return Elastic(tuple(bump for bump in self.bumps if held(bump)))


STILL = Elastic(())


@dataclass(frozen=True)
class Globe:
    """The side of a head that is seen: a paraboloid over an ellipse of `radii` about the anchor of a Swing, which it
    goes along with; it turns by `turn` radians about the second axis of the ellipse."""

    swing: Swing
    radii: tuple
    turn: float

    def forward(self, c, t):
        t = torch.as_tensor(t, dtype=torch.float32)
        u, v = c[..., 0] / self.radii[0], c[..., 1] / self.radii[1]
        depth = (1 - u.square() - v.square()).clamp(min=0)
        turned = u * torch.cos(self.turn * t) + depth * torch.sin(self.turn * t)
        return self.swing.forward(torch.stack((turned * self.radii[0], c[..., 1] + 0 * t), -1), t)

    def inverse(self, xy, t=0.0):
        return self.swing.inverse(xy, t)


@dataclass(frozen=True)
class Joints:
    """Parts of the picture itself that move as a Swing does, all of each alike, and what is around them less and less.

    Each is (swing, shape, edge): edge pixels from a shape in the coordinates of its swing, nothing moves any more. Rest
    positions are those at t = 0.
    """

    parts: tuple

    @staticmethod
    def _weight(c, shape, edge):
        near = (1 - shape(c) / edge).clamp(0, 1)
        return near.square() * (3 - 2 * near)

    def forward(self, xy, t):
        moved = xy + 0 * torch.as_tensor(t, dtype=torch.float32)[..., None]
        for swing, shape, edge in self.parts:
            c = swing.inverse(xy)
            moved = moved + self._weight(c, shape, edge)[..., None] * (swing.forward(c, t) - xy)
        return moved

    def inverse(self, xy, t=0.0):
        return xy

    def dragged(self, handles):
        """Without the parts that none of the handles [N, 2] lies on."""
        kept = (part for part in self.parts if (self._weight(part[0].inverse(handles), *part[1:]) > 0.3).any())
        return Joints(tuple(kept))


def unit(angle, length=1.0):
    """The vector (x, y) of an angle and a length."""
    return (length * math.cos(angle), length * math.sin(angle))
