"""InstantDrag's golden numbers, and the inputs that they were made from."""

from pathlib import Path

import torch
from safetensors.torch import load_file

GOLDEN = Path(__file__).parents[2] / "golden"

NUMBERS = load_file(GOLDEN / "instantdrag.safetensors")
MAPS = sorted({name.split("/")[1] for name in NUMBERS if name.startswith("maps/")})

Y, X = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")


def close(found, golden, tolerance=1e-5):
    assert (found - golden).abs().max() <= tolerance * golden.abs().max()


def published_input():
    channel = torch.arange(3.0)[:, None, None]
    picture = torch.sin(0.05 * X + 0.02 * (channel + 1) * Y + channel) * torch.cos(0.031 * Y - 0.01 * channel * X)
    drags = torch.zeros(2, 256, 256)
    drags[:, 60, 100], drags[:, 203, 181] = torch.tensor([1, -0.5]), torch.tensor([-0.75, 1])
    return torch.cat((picture, drags))[None]


def published_picture():
    y, x = torch.meshgrid(torch.arange(512), torch.arange(512), indexing="ij")
    slopes = torch.stack((x + 2 * y, 37 + 2 * x + 2 * y, 74 + 3 * x + 2 * y))[None]
    return (slopes + 40 * ((x // 16 + y // 16) % 2)).remainder(256).float() / 255


def published_points(case):
    points = NUMBERS[f"maps/{case}/points_xy"].double() / 512
    return points[0::2], points[1::2]


def published_scale(case):
    scale = NUMBERS[f"maps/{case}/scale"].item()
    return None if scale == -1 else scale
