"""Patches of feature maps: the authors' numbers of DragDiffusion, borders, large maps."""

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.diffusion.feature_patches import sample_patches

from ...golden.dragdiffusion import GOLDEN


@pytest.mark.parametrize("number", range(3))
def test_patches_are_the_authors_bilinear_patches(number):
    top, bottom, left, right = GOLDEN[f"patch/{number}/y1y2x1x2"]
    centre = torch.tensor([[(left + right - 1) / 2, (top + bottom - 1) / 2]])
    patch = sample_patches(GOLDEN["patch/feat"], centre, 1)
    torch.testing.assert_close(patch, GOLDEN[f"patch/{number}/out"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("point", [(0.0, 0.0), (-0.5, 7.5), (11.5, 3.2)])
def test_patches_at_borders_repeat_them(point):
    features = torch.randn(1, 2, 8, 12, generator=torch.Generator().manual_seed(1))
    patch = sample_patches(features, torch.tensor([point]), 4)
    padded = F.pad(features, (6, 6, 6, 6), mode="replicate")
    inner = sample_patches(padded, torch.tensor([point]) + 6, 4)
    torch.testing.assert_close(patch, inner)
