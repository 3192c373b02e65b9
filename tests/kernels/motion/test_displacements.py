"""The choices of a displacement over regions: exact motions, the golden numbers, parts, points outside."""

from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.displacements import (
    BORDERS,
    DISPLACEMENTS,
    DisplacementError,
    border_of,
    displace,
    displace_as_one,
)
from dragkit.kernels.motion.lwf import lwf
from dragkit.kernels.motion.nearest import nearest_handle
from safetensors.torch import load_file

from ..known_motions import ALL, DISC, HANDLES, MOTIONS, RING, TWO, X, Y, field

GOLDEN = load_file(Path(__file__).parents[2] / "golden" / "drag_warp.safetensors")


@pytest.mark.parametrize("region", [DISC, RING], ids=["disc", "ring"])
@pytest.mark.parametrize("motion,choice", [(motion, choice) for motion, choices in MOTIONS for choice in choices])
def test_exact_motions_are_recovered(motion, choice, region):
    flow = displace(HANDLES, motion(HANDLES), region, choice)
    assert flow.dtype == torch.float32 and not flow[0][:, ~region].any()
    assert (flow[0] - field(motion))[:, region].norm(dim=0).max() < 0.05


def test_the_nearest_handle_is_found_whatever_the_size():
    generator = torch.Generator().manual_seed(0)
    for height, width in ((1, 1), (3, 5), (9, 8), (37, 2), (50, 64)):
        handles = torch.rand(12, 2, generator=generator) * torch.tensor([width, height])
        cells = torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy"), -1).view(-1, 2)
        expected = torch.cdist(cells.float(), handles).argmin(1).view(height, width)
        assert torch.equal(nearest_handle(height, width, handles).long(), expected)


def test_nearest_4_is_the_published_mean():
    generator = torch.Generator().manual_seed(1)
    handles = torch.rand(7, 2, generator=generator).double() * 20 + 50
    targets = handles + torch.randn(7, 2, generator=generator)
    flow = displace(handles, targets, DISC, "nearest-4")[0]
    for x, y in ((52, 50), (60, 45), (68, 61)):
        distance = (torch.tensor([x, y]) - handles).norm(dim=1)
        order = distance.argsort()[:4]
        weight = 1 / (distance[order] + 1e-6)
        expected = (weight[:, None] * (targets - handles)[order]).sum(0) / weight.sum()
        torch.testing.assert_close(flow[:, y, x].double(), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("choice", ["rigid", "similarity", "affine"])
def test_close_handles_that_part_reach_their_targets(choice):
    handles = torch.tensor([[151.0, 101], [157, 101]], dtype=torch.float64)
    vectors = torch.tensor([[0.0, -30], [0, 30]], dtype=torch.float64)
    flow = displace(handles, handles + vectors, torch.ones(300, 400, dtype=torch.bool), choice)[0]
    for handle, vector in zip(handles.long().tolist(), vectors.float(), strict=True):
        torch.testing.assert_close(flow[:, handle[1], handle[0]], vector, atol=0.01, rtol=0)


def test_arap_reaches_its_targets_and_bends_less_than_the_mean():
    handles = torch.tensor([[32.0, 45], [60, 45], [88, 45]], dtype=torch.float64)
    targets = handles + torch.tensor([[0.0, 8], [0, -8], [0, 8]], dtype=torch.float64)
    band = (X > 28) & (X < 92) & ((Y - 45).abs() < 8)

    def stretch(choice):
        flow = displace(handles, targets, band, choice)[0]
        for handle, target in zip(handles.long().tolist(), targets.tolist(), strict=True):
            arrived = torch.tensor(handle) + flow[:, handle[1], handle[0]]
            assert torch.dist(arrived, torch.tensor(target)) < 0.1
        end = torch.stack((X, Y)) + flow
        return (end.diff(dim=1)[:, 38:52, 30:90].norm(dim=0) - 1).square().mean()

    assert stretch("arap") < 0.5 * stretch("nearest-4")


def test_stretch_alone_is_free_whatever_is_asked():
    asked = [(choice, border, border_of(choice, border)) for choice in DISPLACEMENTS for border in BORDERS]
    assert [of for choice, _, of in asked if choice == "stretch"] == ["free"] * 2
    assert all(of == border for choice, border, of in asked if choice != "stretch")


@pytest.mark.parametrize("border", ["free", "held"])
def test_a_pin_far_from_the_region_has_nothing_to_hold(border):
    handles = torch.tensor([[30.0, 45], [60, 10]], dtype=torch.float64)
    targets = handles + torch.tensor([[3.0, 7], [0, 0]], dtype=torch.float64)
    both = displace(handles, targets, TWO, "rigid", border=border)
    assert both.any() and torch.equal(both, displace(handles[:1], targets[:1], TWO, "rigid", border=border))
    assert not displace(handles[1:], targets[1:], TWO, "rigid", border=border).any()


@pytest.mark.parametrize("choice", ALL)
def test_each_part_of_a_region_follows_its_own_points(choice):
    handles = torch.tensor([[30.0, 45], [101.0, 45]], dtype=torch.float64)
    flow = displace(handles, handles + torch.tensor([[0.0, 7]]), TWO, choice)[0]
    assert flow[1, 45, 30] == pytest.approx(7, abs=1e-4) and flow[1, 45, 96:100].min() > 0.5
    flow = displace(handles[:1], handles[:1] + 5, TWO, choice)[0]
    assert flow[:, :, :45].any() and not flow[:, :, 60:].any()


def test_stretch_is_one_sheet_over_all_parts_as_published():
    handles = torch.tensor([[30.0, 45]], dtype=torch.float64)
    flow = displace(handles, handles + 5, TWO, "stretch")
    assert torch.equal(flow, lwf(handles, handles + 5, TWO)) and flow[0, :, :, 85:].any()
    # it has no part to belong to
    assert displace(handles - 25, handles - 20, TWO, "stretch").any()


@pytest.mark.parametrize("choice", DISPLACEMENTS)
def test_parts_that_move_as_one_are_a_region_of_one_part(choice):
    handles = torch.tensor([[30.0, 45], [92.0, 41]], dtype=torch.float64)
    targets = handles + torch.tensor([[4.0, -3], [6, 2]])
    flow = displace_as_one(handles, targets, TWO, choice)
    assert not flow[0][:, ~TWO].any() and flow[0][:, TWO].any(0).all()
    if choice not in ("stretch", "arap"):
        joined = displace(handles, targets, TWO | (Y == 45), choice)
        torch.testing.assert_close(flow[0][:, TWO], joined[0][:, TWO], atol=0.05, rtol=0)
    assert not displace_as_one(handles[:0], targets[:0], TWO, choice).any()
    assert not displace_as_one(handles, targets, TWO & False, choice).any()


def test_a_point_outside_belongs_to_the_nearest_part_or_is_named():
    handles = torch.tensor([[30.0, 45], [42.0, 45]], dtype=torch.float64)
    flow = displace(handles, handles + 4, TWO, "nearest", reach=3)[0]
    assert flow[:, :, :45].any() and not flow[:, :, 60:].any()
    with pytest.raises(DisplacementError, match="^point 2 starts outside the region, more than 2 away from it; [^.]*$"):
        displace(handles, handles + 4, TWO, "nearest", reach=2)
    with pytest.raises(DisplacementError, match="^point 1 "):
        displace(handles, handles + 4, TWO & False, "rigid")
