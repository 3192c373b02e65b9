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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_positions_that_half_precision_cannot_hold_are_read_where_they_are(dtype):
    # half floats are multiples of 2 from 2048 on, and of 4 from 4096 on
    wide = torch.randn(1, 2, 3, 4600, generator=torch.Generator().manual_seed(2)).to(dtype)
    points = torch.tensor([[4097.0, 1.0], [4501.5, 1.0], [2049.0, 1.0]], dtype=torch.float64)
    expected = torch.stack((
        wide[0, :, :, 4096:4099], wide[0, :, :, 4500:4504].unfold(2, 2, 1).mean(3), wide[0, :, :, 2048:2051]
    ))  # fmt: skip
    # single precision places a point within a thousandth of a cell here; values are rounded to their own
    near = 5e-3 if dtype == torch.float32 else 3e-2
    found = sample_patches(wide, points, 1)
    assert found.dtype == dtype
    torch.testing.assert_close(found, expected, rtol=0, atol=near)
    high = sample_patches(wide.transpose(2, 3), points.flip(1), 1)
    torch.testing.assert_close(high, expected.transpose(2, 3), rtol=0, atol=near)
