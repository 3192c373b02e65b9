"""The motion from one region to another."""

import math

import pytest
import torch
from dragkit.kernels.motion.region_flow import drag_regions, polygon_flow, region_flow
from dragkit.kernels.points.region_pairs import RegionPair

from ..regions import HEIGHT, WIDTH, box


def disc(x, y, radius):
    rows, columns = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def ends(flow, region):
    """Pixel centres [n, 2] of the region, and where the flow takes them."""
    centres = region.nonzero().flip(-1) + 0.5
    return centres, centres + flow[0, :, region].T


def inside(points, region):
    x, y = points.floor().long().T
    return region[y, x].float().mean()


def test_a_shift_of_any_shape_is_exact_and_only_there():
    handle = disc(20, 20, 9) & ~disc(17, 20, 3)
    flow = region_flow(handle, handle.roll((7, 13), (0, 1)))
    assert torch.equal(flow, torch.tensor([13.0, 7.0]).view(1, 2, 1, 1) * handle)


def test_a_rectangle_of_another_size_is_scaled_exactly():
    flow = region_flow(box(4, 6, 16, 14), box(20, 4, 38, 32))
    centres, found = ends(flow, box(4, 6, 16, 14))
    scale = torch.tensor([18 / 12, 28 / 8])
    torch.testing.assert_close(found, (centres - torch.tensor([4.0, 6.0])) * scale + torch.tensor([20.0, 4.0]))


@pytest.mark.parametrize("target", [disc(40, 26, 14), disc(40, 26, 4), box(30, 10, 60, 44), box(40, 3, 41, 4)])
def test_what_lies_in_the_handle_arrives_in_the_target_and_spans_it(target):
    handle = disc(16, 20, 8)
    _, found = ends(region_flow(handle, target), handle)
    assert inside(found, target) > 0.9
    rows, columns = (target.any(axis).nonzero()[:, 0] for axis in (1, 0))
    for axis, extent in ((1, rows), (0, columns)):
        # centres of pixels, stretched by at most 4, end within half of a stretched pixel from the border
        assert (found[:, axis].min() - extent[0]).abs() < 2 and (found[:, axis].max() - extent[-1] - 1).abs() < 2


def corners(points):
    return tuple((x / WIDTH, y / HEIGHT) for x, y in points)


def test_triangles_give_the_affine_map():
    handle = torch.tensor([[6.0, 8.0], [40.0, 12.0], [18.0, 40.0]])
    matrix, shift = torch.tensor([[0.8, 0.3], [-0.2, 0.7]]), torch.tensor([5.0, 9.0])
    pair = RegionPair(corners(handle.tolist()), corners((handle @ matrix.T + shift).tolist()))
    flow, covered, _ = polygon_flow(pair, HEIGHT, WIDTH)
    centres, found = ends(flow, covered)
    assert len(centres) > 400 and not flow[0, :, ~covered].any()
    assert (found - centres @ matrix.T - shift).norm(dim=1).max() < 0.05


def test_quadrilaterals_give_the_homography():
    matrix = torch.tensor([[0.9, 0.2, 3.0], [-0.1, 0.8, 6.0], [0.004, 0.006, 1.0]], dtype=torch.float64)
    handle = torch.tensor([[6.0, 6.0], [38.0, 4.0], [42.0, 36.0], [8.0, 30.0]], dtype=torch.float64)

    def project(points):
        ends = torch.cat((points, torch.ones(len(points), 1)), 1) @ matrix.T
        return ends[:, :2] / ends[:, 2:]

    pair = RegionPair(corners(handle.tolist()), corners(project(handle).tolist()))
    flow, covered, target = polygon_flow(pair, HEIGHT, WIDTH)
    centres, found = ends(flow, covered)
    assert len(centres) > 700 and (found - project(centres.double())).norm(dim=1).max() < 1e-4
    assert inside(found, target) > 0.97


def test_a_turned_polygon_turns_and_one_of_many_corners_costs_no_more():
    angles = torch.linspace(0, 2 * math.pi, 3000)[:-1]
    radius = 14 + 4 * torch.sin(5 * angles)
    turn = 0.6
    handle, target = (
        torch.stack((28 + radius * torch.cos(angles + by), 24 + radius * torch.sin(angles + by)), 1) for by in (0, turn)
    )
    flow, covered, _ = polygon_flow(RegionPair(corners(handle.tolist()), corners(target.tolist())), HEIGHT, WIDTH)
    centres, found = ends(flow, covered)
    rotation = torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    middle = torch.tensor([28.0, 24.0])
    assert (found - (centres - middle) @ rotation.T - middle).norm(dim=1).max() < 0.05


@pytest.mark.parametrize(
    "target",
    [
        [(10, 10), (30, 30), (30, 10), (10, 30)],  # crosses itself
        [(10, 10), (20, 20), (30, 30), (10, 30)],  # a corner on a side
        [(10, 10), (18, 18), (30, 10), (20, 40)],  # not convex
        [(10, 10), (10, 10), (30, 10), (20, 40)],  # two corners in one place
    ],
)
def test_odd_quadrilaterals_give_a_finite_motion_to_about_there(target):
    handle = [(4, 4), (34, 4), (34, 34), (4, 34)]
    flow, covered, _ = polygon_flow(RegionPair(corners(handle), corners(target)), HEIGHT, WIDTH)
    _, found = ends(flow, covered)
    assert found.isfinite().all() and found.min() > 0 and (found.mean(0) - 20).norm() < 8


def test_several_pairs_make_one_motion_and_the_later_is_in_front():
    pair = RegionPair(corners([(2, 2), (18, 2), (18, 18), (2, 18)]), corners([(5, 6), (21, 6), (21, 22), (5, 22)]))
    first, second = (box(10, 10, 30, 30), box(20, 12, 40, 32)), (box(40, 2, 50, 8), box(50, 2, 60, 8))
    flow, handles, targets, starts, goals = drag_regions([pair], [first, second], HEIGHT, WIDTH)
    assert torch.equal(handles, box(2, 2, 18, 18) | first[0] | second[0])
    assert torch.equal(targets, box(5, 6, 21, 22) | first[1] | second[1])
    assert torch.allclose(flow[0, :, 5, 5], torch.tensor([3.0, 4.0]))
    assert torch.equal(flow[0, :, 15, 15], torch.tensor([10.0, 2.0]))
    assert torch.equal(flow[0, :, 5, 45], torch.tensor([10.0, 0.0]))
    assert not flow[0, :, ~handles].any()
    torch.testing.assert_close(goals - starts, torch.tensor([[3.0, 4.0], [10.0, 2.0], [10.0, 0.0]]).double())
    torch.testing.assert_close(starts[1], torch.tensor([19.5, 19.5]).double())


def test_no_pairs_are_no_motion():
    flow, handles, targets, starts, goals = drag_regions([], [], HEIGHT, WIDTH)
    assert not flow.any() and not handles.any() and not targets.any() and starts.shape == goals.shape == (0, 2)
