"""The latent warpage: identities, holes, fractions of a cell, what is in front."""

import pytest
import torch
from dragkit.kernels.motion.lwf import lwf
from dragkit.kernels.warp.batches import MODES, warp_batch
from dragkit.kernels.warp.latent import warp
from dragkit.kernels.warp.relocate import relocate

from ...golden.fastdrag_warp import case

METHODS = [warp, relocate]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "channels,batch,dtype", [(4, 1, torch.float32), (16, 3, torch.float16), (4, 2, torch.bfloat16)]
)
def test_no_drag_and_empty_mask_change_nothing(method, channels, batch, dtype):
    latent = torch.randn(batch, channels, 24, 31).to(dtype)
    mask = torch.zeros(24, 31, dtype=torch.bool)
    mask[4:18, 6:25] = True
    points = torch.tensor([[10.3, 8.2], [20.0, 12.0]], dtype=torch.float64)
    nothing = torch.zeros(0, 2, dtype=torch.float64)
    for flow, region in (
        (lwf(points, points, mask), mask),
        (lwf(nothing, nothing, mask), mask),
        (lwf(points, points + 3, mask & False), mask & False),
    ):
        moved, holes = method(latent, flow, region)
        assert torch.equal(moved, latent) and moved.dtype == dtype
        assert not holes.any()


@pytest.mark.parametrize("method", METHODS)
def test_batch_equals_loop_and_the_input_is_not_written(method):
    latent = torch.randn(3, 5, 24, 31)
    kept = latent.clone()
    mask = torch.ones(24, 31, dtype=torch.bool)
    flow = lwf(torch.tensor([[10.3, 8.2]]), torch.tensor([[15.0, 11.0]]), mask)
    moved, holes = method(latent, flow, mask)
    assert torch.equal(latent, kept) and holes.shape == (1, 24, 31)
    assert torch.equal(moved, torch.cat([method(one[None], flow, mask)[0] for one in latent]))
    assert not torch.equal(moved, latent)


def test_values_between_cells_follow_a_slope_and_keep_noise_alive():
    x, y = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="xy")
    noise = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    latent = torch.cat((x[None, None], y[None, None], noise), 1)
    flow = torch.full((1, 2, 64, 64), 0.5)
    moved, _ = warp(latent, flow, torch.ones(64, 64))
    inner = moved[0, :, 3:-3, 3:-3]
    torch.testing.assert_close(inner[:2], torch.stack((x, y))[:, 3:-3, 3:-3] - 0.5, atol=1e-3, rtol=0)
    # bilinear values would have a standard deviation of one half
    assert inner[2].std() > 0.65 * noise.std()


def test_warp_leaves_everything_outside_the_mask_and_the_frame():
    latent = torch.randn(1, 4, 24, 24)
    mask = torch.zeros(24, 24, dtype=torch.bool)
    mask[8:16, 14:24] = True
    flow = torch.zeros(1, 2, 24, 24)
    flow[:, 0] = 6
    moved, holes = warp(latent, flow, mask)
    assert torch.equal(moved[:, :, ~mask], latent[:, :, ~mask])
    assert torch.equal(holes[0, 8:16, 14:20], torch.ones(8, 6, dtype=torch.bool))
    torch.testing.assert_close(moved[:, :, 8:16, 20:], latent[:, :, 8:16, 14:18])
    assert (moved[:, :, holes[0]] == 0).all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_what_is_dragged_passes_in_front(mirrored):
    latent = torch.zeros(1, 1, 9, 30)
    latent[..., 4:7], latent[..., 12:15] = 1.0, 2.0
    flow = torch.zeros(1, 2, 9, 30)
    flow[:, 0, :, 4:7] = 8
    if mirrored:
        latent, flow = latent.flip(3), -flow.flip(3)
    moved, holes = warp(latent, flow, torch.ones(9, 30))
    if mirrored:
        moved, holes = moved.flip(3), holes.flip(2)
    torch.testing.assert_close(moved[..., 12:15], torch.ones(1, 1, 9, 3))
    assert holes[0, :, 4:7].all() and holes.sum() == 27


def test_warp_has_no_preferred_direction():
    latent = torch.randn(1, 4, 31, 31, dtype=torch.float64)
    mask = torch.ones(31, 31, dtype=torch.bool)
    handles, targets = torch.tensor([[9.2, 14.7], [20.1, 8.3]]), torch.tensor([[15.9, 17.2], [14.6, 6.1]])
    moved, holes = warp(latent, lwf(handles, targets, mask), mask)
    turned = torch.tensor([30.0, 30.0])
    moved_turned, holes_turned = warp(latent.flip(2, 3), lwf(turned - handles, turned - targets, mask), mask)
    # equally near samples of two cells differ a little; an order of visiting would show as differences of about one
    torch.testing.assert_close(moved_turned.flip(2, 3), moved, atol=0.05, rtol=0)
    assert torch.equal(holes_turned.flip(1, 2), holes)


def test_lwf_stretches_without_gaps_where_the_paper_leaves_some():
    g, handles, targets, mask = case("one_point_ellipse")
    flow = lwf(handles, targets, mask)
    assert relocate(g["latent"], flow, mask)[1].sum() == 299
    assert warp(g["latent"], flow, mask)[1].sum() < 120


def test_a_batch_with_one_motion_is_a_loop_and_so_is_one_with_several():
    latent = torch.randn(3, 4, 24, 31)
    mask = torch.ones(3, 24, 31, dtype=torch.bool)
    mask[1, :, :15] = False
    flow = torch.cat([lwf(torch.tensor([[10.3, 8.2]]), torch.tensor([[15.0 + i, 11.0]]), mask[0]) for i in range(3)])
    for mode in MODES:
        for flows, masks in ((flow[:1], mask[:1]), (flow, mask), (flow[:1], mask), (flow, mask[:1])):
            moved, holes = warp_batch(latent, flows, masks, mode)
            assert holes.shape == (3, 24, 31) and holes.dtype == torch.bool
            for i in range(3):
                one = MODES[mode](latent[i : i + 1], flows[i % len(flows)][None], masks[i % len(masks)])
                assert torch.equal(moved[i], one[0][0]) and torch.equal(holes[i], one[1][0])


def test_what_leaves_the_mask_is_gone():
    latent = torch.randn(1, 4, 24, 31)
    mask = torch.zeros(24, 31, dtype=torch.bool)
    mask[8:16, 10:18] = True
    flow = torch.zeros(1, 2, 24, 31)
    flow[:, 0] = 5
    moved, holes = warp(latent, flow, mask)
    assert torch.equal(moved[:, :, ~mask], latent[:, :, ~mask])
    torch.testing.assert_close(moved[:, :, 8:16, 15:18], latent[:, :, 8:16, 10:13])
    assert holes[0, 8:16, 10:15].all() and holes.sum() == 40
