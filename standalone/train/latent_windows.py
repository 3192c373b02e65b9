"""Windows of latents around what moves: in the time that whole ones take, a training sees four times as many."""

import torch

SIDE = 16  # cells
# by how many cells a window misses the middle of what moves
SPREAD = 3.0


def _middles(region):
    """Centres of mass [N, 2] (row, column) of regions [N, 1, H, W], in cells."""
    height, width = region.shape[-2:]
    total = region.sum((1, 2, 3)).clamp(min=1)
    rows, columns = torch.arange(height).float(), torch.arange(width).float()
    return torch.stack(((region.sum((1, 3)) * rows).sum(1) / total, (region.sum((1, 2)) * columns).sum(1) / total), 1)


def _corners(middle, height, width, generator, side):
    """Upper left cells [B, 2] (row, column) of windows about the middles [B, 2], inside height x width."""
    placed = middle - side / 2 + SPREAD * torch.randn(middle.shape, generator=generator)
    return placed.round().clamp(min=0).minimum(torch.tensor([height - side, width - side]).float()).long()


def _cut(x, corner, side):
    """The windows [B, C, side, side] of x [B, C, H, W]."""
    return torch.stack([one[:, y : y + side, x0 : x0 + side] for one, (y, x0) in zip(x, corner.tolist(), strict=True)])


class Windows:
    """Windows about what moves in regions [N, 1, H, W]."""

    def __init__(self, region):
        self.middles, self.size = _middles(region), region.shape[-2:]

    def draw(self, parts, count, generator, side=SIDE):
        """Numbers [count] of random regions, upper left cells [count, 2] (row, column) of a window in each, and these
        windows [count, C, side, side] of parts [N, C, H, W]."""
        index = torch.randint(len(self.middles), (count,), generator=generator)
        corner = _corners(self.middles[index], *self.size, generator, side)
        return index, corner, [_cut(part[index], corner, side) for part in parts]
