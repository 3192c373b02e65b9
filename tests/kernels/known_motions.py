"""Motions whose displacement and inverse are known, over regions of a 120 x 90 grid."""

import math

import torch
from dragkit.kernels.motion.displacements import DISPLACEMENTS

HEIGHT, WIDTH = 90, 120


X, Y = torch.meshgrid(torch.arange(float(WIDTH)), torch.arange(float(HEIGHT)), indexing="xy")


CENTRE = torch.tensor([60.0, 45.0], dtype=torch.float64)


DISC = ((X - 60) / 30) ** 2 + ((Y - 45) / 24) ** 2 < 1


RING = DISC & ((X - 60) ** 2 + (Y - 45) ** 2 > 10**2)


TWO = ((X - 30).abs() < 10) & ((Y - 45).abs() < 10) | ((X - 90).abs() < 10) & ((Y - 45).abs() < 10)


HANDLES = torch.tensor([[40.0, 38], [76.3, 41.2], [55.7, 60], [64, 31]], dtype=torch.float64)


def affine(matrix, shift=(0.0, 0.0)):
    matrix, shift = torch.tensor(matrix, dtype=torch.float64), torch.tensor(shift, dtype=torch.float64)
    return lambda xy: (xy - CENTRE) @ matrix.T + CENTRE + shift


def turn(angle, scale=1.0):
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return [[c, -s], [s, c]]


ALL = [name for name in DISPLACEMENTS if name != "stretch"]


TURNING, SCALING = ["rigid", "similarity", "affine", "arap"], ["similarity", "affine"]


MOTIONS = [
    (affine(turn(0.0), (6.3, -4.6)), ALL),
    (affine(turn(0.5), (3.0, 4.0)), TURNING),
    (affine(turn(2.6)), TURNING),
    (affine(turn(0.2, 1.4)), SCALING),
    (affine(turn(0.0, 2.8)), SCALING),
    (affine(turn(-0.3, 0.6)), SCALING),
    (affine([[1.0, 0.0], [0.0, 1.7]]), ["affine"]),
    (affine([[1.1, 0.3], [0.0, 0.9]], (2.0, 3.0)), ["affine"]),
]


def field(motion, height=HEIGHT, width=WIDTH):
    cells = torch.stack((X, Y), -1)[:height, :width].double()
    return (motion(cells) - cells).permute(2, 0, 1).float()
