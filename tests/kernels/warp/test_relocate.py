"""The published relocation, bit for bit."""

import pytest
import torch
from dragkit.kernels.motion.lwf import lwf
from dragkit.kernels.warp.bnni import bnni_sequential
from dragkit.kernels.warp.relocate import destinations, relocate

from ...golden.fastdrag_warp import CASES, case


@pytest.mark.parametrize("name", CASES)
def test_relocation_is_the_published_one_bit_for_bit(name):
    g, handles, targets, mask = case(name)
    flow = lwf(handles, targets, mask)
    cells, ends = destinations(flow, mask)
    assert torch.equal(cells.flip(-1).int(), g["pixel_yx"])
    on_handle = g["dest_yx"][:, 0] == -9999
    assert torch.equal(ends.flip(-1).int()[~on_handle], g["dest_yx"][~on_handle])
    warped, holes = relocate(g["latent"], flow, mask)
    if on_handle.any():
        return
    assert torch.equal(warped, g["out_0"])
    assert torch.equal(torch.where(holes, g["latent"], warped), g["out_ori"])
    torch.testing.assert_close(bnni_sequential(warped), g["out_interpolation"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["one_point_on_grid"])
def test_a_handle_exactly_on_a_cell_moves_by_its_whole_drag(name):
    g, handles, targets, mask = case(name)
    on_handle = (g["dest_yx"][:, 0] == -9999).nonzero()[0, 0]
    cells, ends = destinations(lwf(handles, targets, mask), mask)
    assert torch.equal(cells[on_handle].double(), handles[0])
    assert torch.equal(ends[on_handle].double(), targets[0].round())
    published = g["dest_yx"][g["dest_yx"][:, 0] != -9999]
    others = torch.arange(len(cells)) != on_handle
    assert torch.equal(ends[others].flip(-1).int(), published)
