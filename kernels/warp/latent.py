"""Latent warp by the inverse of a forward displacement: sub-cell, holes known, drags in front of what they pass."""

import torch
import torch.nn.functional as F

# samples per cell and axis: content stretched up to three times leaves no gap
SAMPLES = 3


def _slopes(flow, mask):
    """Differences of flow [2, H, W] along x and y between cells of the mask, zero across a tear: two [2, H, W]."""

    def along(axis):
        step = flow.diff(dim=axis)
        both = mask.narrow(axis - 1, 1, mask.shape[axis - 1] - 1) & mask.narrow(axis - 1, 0, mask.shape[axis - 1] - 1)
        # more stretch than the samples can cover is a tear, and leaves a hole
        both = both & (step.abs().amax(0) <= SAMPLES - 1)
        step = step * both
        last, first = ((0, 1), (1, 0)) if axis == 2 else ((0, 0, 0, 1), (0, 0, 1, 0))
        count = F.pad(both.to(flow), last) + F.pad(both.to(flow), first)
        return (F.pad(step, last) + F.pad(step, first)) / count.clamp(min=1)

    return along(2), along(1)


def inverse_map(flow, mask):
    """Where the content of each cell comes from: source [2, H, W] (x, y; cells) for flow [2, H, W] over mask [H, W],
    and the holes [H, W] that nothing reaches. Where content overlaps, the longest move is in front."""
    height, width = mask.shape
    slope_x, slope_y = (slope[:, mask] for slope in _slopes(flow, mask))
    cells = mask.nonzero().flip(-1).T.to(flow)
    vectors = flow[:, mask]
    axis = (torch.arange(SAMPLES, dtype=flow.dtype, device=flow.device) - (SAMPLES - 1) / 2) / SAMPLES
    offset_x, offset_y = torch.cartesian_prod(axis, axis).T
    ends = [
        c[:, None] + v[:, None] + o + offset_x * sx[:, None] + offset_y * sy[:, None]
        for c, v, o, sx, sy in zip(cells, vectors, (offset_x, offset_y), slope_x, slope_y, strict=True)
    ]
    x, y = (end.round() for end in ends)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    target = torch.where(inside, y * width + x, height * width).long().flatten()

    # one number that orders the samples of a cell: length of the move (1/16 cell), nearness to the centre, index
    nearness = 127 - (torch.maximum((ends[0] - x).abs(), (ends[1] - y).abs()) * 254).round().long().clamp(0, 127)
    length = (torch.hypot(*vectors) * 16).round().long()[:, None]
    index = torch.arange(target.numel(), device=flow.device)
    rank = ((length * 128 + nearness) << 32).flatten() + (target.numel() - 1 - index)
    best = torch.full((height * width + 1,), -1, device=flow.device).scatter_reduce(0, target, rank, "amax")[:-1]
    reached = mask.flatten() & (best >= 0)
    cell = (target.numel() - 1 - (best[reached] & 0xFFFFFFFF)) // SAMPLES**2

    # the winner's field is linear around its cell: solve cell + u + v + J u = q for u
    own = torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy")).to(flow)
    source = own.flatten(1).clone()
    residual = source[:, reached] - cells[:, cell] - vectors[:, cell]
    (a, c), (b, d) = slope_x[:, cell], slope_y[:, cell]
    determinant = (1 + a) * (1 + d) - b * c
    solved = torch.stack(((1 + d) * residual[0] - b * residual[1], (1 + a) * residual[1] - c * residual[0]))
    # at a fold the determinant vanishes; the content is still near its cell
    solved = (solved / torch.where(determinant.abs() < 1e-3, 1e-3, determinant)).clamp(-1.5, 1.5)
    source[:, reached] = cells[:, cell] + solved
    return source.view_as(own), mask & ~reached.view(height, width)


def sample_bicubic(latent, source):
    """Values of latent [B, C, H, W] at source [2, H, W] (x, y; cells), bicubic, border repeated.

    Noise must stay noise: between cells, bilinear values of white noise lose up to 3/4 of their variance, and the
    sampler takes what is left for a blurred picture.
    """
    height, width = latent.shape[-2:]
    size = torch.tensor([width, height], device=source.device).view(2, 1, 1)
    grid = ((source + 0.5) / size * 2 - 1).permute(1, 2, 0).to(latent)
    return F.grid_sample(latent, grid.expand(latent.shape[0], -1, -1, -1), "bicubic", "border", align_corners=False)


def warp(latent, flow, mask):
    """Moves latent [B, C, H, W] by the forward displacement flow [1, 2, H, W] (cells) inside mask [H, W].

    Returns the latent, 0 in the holes, and the holes [1, H, W]. Nothing outside the mask changes; content that leaves
    the mask or the frame is gone; zero flow is the identity.
    """
    mask = mask.bool()
    if not mask.any() or not flow[0][:, mask].any():
        return latent.clone(), torch.zeros_like(mask)[None]
    source, holes = inverse_map(flow[0].float(), mask)
    out = torch.where(mask, sample_bicubic(latent, source), latent).masked_fill(holes, 0)
    return out, holes[None]
