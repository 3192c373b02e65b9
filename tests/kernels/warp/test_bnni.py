"""BNNI: the published order, and the paper's description."""

from pathlib import Path

import pytest
import torch
from dragkit.kernels.warp.bnni import bnni, bnni_sequential
from safetensors.torch import load_file

BNNI = load_file(Path(__file__).parents[2] / "golden" / "fastdrag_bnni.safetensors")


@pytest.mark.parametrize("name", sorted({key.split("/")[0] for key in BNNI}))
def test_sequential_bnni_is_the_published_one(name):
    torch.testing.assert_close(bnni_sequential(BNNI[f"{name}/in"]), BNNI[f"{name}/out"], rtol=1e-5, atol=1e-6)


def plain_bnni(latent, holes):
    """The paper's description, cell by cell."""
    out, (height, width) = latent.clone(), holes.shape
    for y, x in holes.nonzero().tolist():
        values, weights = [], []
        for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)):
            k = 1
            while 0 <= y + k * dy < height and 0 <= x + k * dx < width:
                if not holes[y + k * dy, x + k * dx]:
                    values.append(latent[:, :, y + k * dy, x + k * dx])
                    weights.append(1 / k)
                    break
                k += 1
        if values:
            out[:, :, y, x] = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
    return out


def random_case(seed, height=20, width=27, channels=3, batch=2):
    g = torch.Generator().manual_seed(seed)
    latent = torch.randn(batch, channels, height, width, generator=g)
    return latent, torch.rand(height, width, generator=g) < 0.3


def test_bnni_fills_every_hole_from_valued_cells_only():
    latent, holes = random_case(1)
    torch.testing.assert_close(bnni(latent, holes), plain_bnni(latent, holes))


def test_bnni_has_no_direction():
    latent, holes = random_case(2)
    turned = bnni(latent.flip(3), holes.flip(1)).flip(3)
    torch.testing.assert_close(turned, bnni(latent, holes))
    assert (bnni_sequential(latent.flip(3), holes.flip(1)).flip(3) - bnni_sequential(latent, holes)).abs().max() > 0.1


def test_bnni_reaches_cells_without_a_value_in_row_and_column():
    latent = torch.arange(25.0).view(1, 1, 5, 5)
    holes = torch.ones(5, 5, dtype=torch.bool)
    holes[0, 0] = False
    assert torch.equal(bnni(latent, holes), torch.zeros(1, 1, 5, 5))
    assert torch.equal(bnni(latent, torch.ones(5, 5)), latent)


def test_bnni_keeps_real_zeros():
    latent, holes = random_case(3)
    latent[:, 0, 4, 4] = 0
    holes[4, 4] = False
    assert torch.equal(bnni(latent, holes)[:, :, 4, 4], latent[:, :, 4, 4])
    assert torch.equal(bnni_sequential(latent, holes)[:, :, 4, 4], latent[:, :, 4, 4])
