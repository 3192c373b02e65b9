"""Weights of the golden numbers: they follow from the names and shapes of the tensors."""

import zlib

import torch


def by_rule(shapes, gain=None, prefix=""):
    """{name: tensor} for {name: shape}: normalisation weights are near 1, matrices have the gain (None: spread 0.02)
    and biases the spread 0.02."""
    weights = {}
    for name, shape in shapes.items():
        seed = zlib.crc32((prefix + name).encode()) & 0x7FFFFFFF
        r = torch.randn(tuple(shape), generator=torch.Generator().manual_seed(seed))
        if len(shape) == 1 and name.endswith("weight"):
            weights[name] = 1 + 0.02 * r
        else:
            weights[name] = r * (gain / r[0].numel() ** 0.5 if gain and len(shape) > 1 else 0.02)
    return weights
