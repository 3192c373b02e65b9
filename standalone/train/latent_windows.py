"""Windows of latents around what moves: in the time that whole ones take, a training sees four times as many."""

import torch

SIDE = 16  # cells
# by how many cells a window misses the middle of what moves
SPREAD = 3.0


def middles(region):
    """Centres of mass [N, 2] (row, column) of regions [N, 1, H, W], in cells."""
    height, width = region.shape[-2:]
    total = region.sum((1, 2, 3)).clamp(min=1)
    rows, columns = torch.arange(height).float(), torch.arange(width).float()
    return torch.stack(((region.sum((1, 3)) * rows).sum(1) / total, (region.sum((1, 2)) * columns).sum(1) / total), 1)


def corners(middle, height, width, generator, side=SIDE):
    """Upper left cells [B, 2] (row, column) of windows about the middles [B, 2], inside height x width."""
    placed = middle - side / 2 + SPREAD * torch.randn(middle.shape, generator=generator)
    return placed.round().clamp(min=0).minimum(torch.tensor([height - side, width - side]).float()).long()


def cut(x, corner, side=SIDE):
    """The windows [B, C, side, side] of x [B, C, H, W]."""
    return torch.stack([one[:, y : y + side, x0 : x0 + side] for one, (y, x0) in zip(x, corner.tolist(), strict=True)])
