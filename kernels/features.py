"""Feature maps of the denoiser, read at points between their cells."""

import torch
import torch.nn.functional as F


def sample_patches(features, points, radius=0, spacing=1.0):
    """Patches [n, C, 2r + 1, 2r + 1] of features [1, C, H, W] around points [n, 2] (x, y; cells, a cell's centre is an
    integer), bilinear, border repeated: Omega_r of DynaDrag's Eq. 2 at fractional positions, `spacing` cells apart."""
    height, width = features.shape[-2:]
    # in the precision and on the device of the points: half floats cannot address the cells of a large map
    offsets = torch.arange(-radius, radius + 1, device=points.device, dtype=points.dtype) * spacing
    around = torch.stack(torch.meshgrid(offsets, offsets, indexing="xy"), -1)
    size = torch.tensor([width, height], device=points.device, dtype=points.dtype)
    grid = ((points[:, None, None] + around + 0.5) / size * 2 - 1).to(features.dtype).to(features.device)
    maps = features.expand(len(points), -1, -1, -1)
    return F.grid_sample(maps, grid, "bilinear", "border", align_corners=False)
