"""Feature maps of the denoiser, read at points between their cells."""

import torch
import torch.nn.functional as F


def patch_positions(points, radius, spacing=1.0):
    """Omega_r of DynaDrag's Eq. 2: [n, 2r + 1, 2r + 1, 2] positions (x, y) around points [n, 2], `spacing` apart."""
    offsets = torch.arange(-radius, radius + 1, device=points.device, dtype=points.dtype) * spacing
    return points[:, None, None] + torch.stack(torch.meshgrid(offsets, offsets, indexing="xy"), -1)


def sample_positions(features, positions):
    """Patches [n, C, h, w] of features [1, C, H, W] at positions [n, h, w, 2] (x, y; cells, a cell's centre is an
    integer), bilinear, border repeated."""
    x, y = positions.unbind(-1)
    grid = torch.stack(((x + 0.5) / features.shape[3] * 2 - 1, (y + 0.5) / features.shape[2] * 2 - 1), -1)
    # half floats cannot address the cells of a large map
    maps = features.to(torch.promote_types(features.dtype, torch.float32)).expand(len(positions), -1, -1, -1)
    return F.grid_sample(maps, grid.to(maps), "bilinear", "border", align_corners=False).to(features.dtype)


def sample_patches(features, points, radius=0, spacing=1.0):
    """Patches [n, C, 2r + 1, 2r + 1] of features [1, C, H, W] around points [n, 2] (x, y; cells)."""
    return sample_positions(features, patch_positions(points, radius, spacing))
