"""The published latent relocation of FastDrag: every cell goes to the rounded end of its displacement."""

import torch


def destinations(flow, mask):
    """Cells of mask [H, W] in row-major order and where flow [1, 2, H, W] sends them: two [n, 2] int64 (x, y), the
    second clamped to the frame as published."""
    height, width = mask.shape
    cells = mask.nonzero().flip(-1)
    ends = (cells + flow[0][:, mask].T.double()).round().long()
    return cells, ends.clamp(min=0).minimum(torch.tensor([width - 1, height - 1], device=ends.device))


def relocate(latent, flow, mask):
    """Moves the cells of mask [H, W] of latent [B, C, H, W] by flow [1, 2, H, W] to whole cells.

    Returns the latent with vacated cells 0 and the mask [1, H, W] of these holes. As published, the first cell in
    row-major order wins a collision, content that leaves the frame stays at its border, and a destination outside the
    mask is overwritten.
    """
    mask = mask.bool()
    width = mask.shape[1]
    cells, ends = destinations(flow, mask)
    index = ends[:, 1] * width + ends[:, 0]
    order = torch.arange(len(cells), device=index.device)
    first = torch.full((mask.numel(),), len(cells), device=index.device).scatter_reduce(0, index, order, "amin")
    filled = first < len(cells)
    source = cells[first[filled], 1] * width + cells[first[filled], 0]
    flat = latent.flatten(2)
    moved = flat.masked_fill(mask.flatten(), 0)
    moved[:, :, filled] = flat[:, :, source]
    return moved.view_as(latent), (mask.flatten() & ~filled).view(1, *mask.shape)
