"""FLUX.2's packed cells."""

import torch
import torch.nn.functional as F
from dragkit.kernels.warp.latent import warp
from dragkit.kernels.warp.packed_cells import pack, unpack


def test_channels_are_rows_and_columns_in_turn():
    packed = torch.arange(2 * 4 * 1 * 1.0).view(1, 8, 1, 1)
    assert unpack(packed).tolist() == [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]


def test_packing_is_undone():
    packed = torch.randn(2, 128, 3, 5, generator=torch.Generator().manual_seed(0))
    cells = unpack(packed)
    assert cells.shape == (2, 32, 6, 10) and torch.equal(pack(cells), packed)


def test_a_move_by_half_a_cell_is_exact_on_the_finer_ones_alone():
    coarse = torch.randn(1, 32, 5, 7, generator=torch.Generator().manual_seed(0))
    cells = F.interpolate(coarse, (20, 28), mode="bicubic")
    flow, everywhere = torch.zeros(1, 2, 20, 28), torch.ones(20, 28, dtype=torch.bool)
    flow[:, 0] = 1.0
    fine, _ = warp(cells, flow, everywhere)
    inner = (..., slice(2, -2), slice(4, -4))
    torch.testing.assert_close(fine[inner], cells.roll(1, -1)[inner], atol=1e-5, rtol=0)
    packed, _ = warp(pack(cells), flow[..., ::2, ::2] / 2, everywhere[::2, ::2])
    assert (unpack(packed) - cells.roll(1, -1))[inner].abs().max() > 0.01
