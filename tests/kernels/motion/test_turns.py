"""A turn and a scale at a handle."""

import math

import pytest
import torch
from dragkit.kernels.motion.displacements import DISPLACEMENTS, MOVING_LEAST_SQUARES, DisplacementError, displace

HEIGHT, WIDTH = 60, 90
ALL = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
HANDLE = torch.tensor([[40.0, 25.0]], dtype=torch.float64)
TURN = torch.tensor([[30.0, 1.25]], dtype=torch.float64)


def matrix(degrees, scale):
    a, b = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    return torch.tensor([[a, -b], [b, a]])


def jacobian(flow, x, y):
    """Of the motion at a cell, by central differences."""
    columns = flow[0, :, y, x + 1] - flow[0, :, y, x - 1], flow[0, :, y + 1, x] - flow[0, :, y - 1, x]
    return torch.eye(2) + torch.stack(columns, 1) / 2


@pytest.mark.parametrize(
    ("choice", "scale"), [("rigid", 1.0), ("similarity", 1.25), ("affine", 1.25)], ids=["rigid", "similarity", "affine"]
)
def test_alone_it_turns_and_scales_all_of_a_free_region(choice, scale):
    flow = displace(HANDLE, HANDLE + 3, ALL, choice, turns=TURN)
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    cells = torch.stack((x, y)).float().flatten(1)
    centre = HANDLE.float().T
    expected = matrix(30, scale) @ (cells - centre) + centre + 3 - cells
    torch.testing.assert_close(flow[0].flatten(1), expected, atol=1e-2, rtol=0)


def test_a_positive_turn_is_clockwise_as_the_picture_is_seen():
    flow = displace(HANDLE, HANDLE, ALL, "rigid", turns=torch.tensor([[90.0, 1.0]], dtype=torch.float64))
    # what lies right of the handle comes to lie below it
    torch.testing.assert_close(flow[0, :, 25, 50], torch.tensor([-10.0, 10.0]), atol=1e-2, rtol=0)


@pytest.mark.parametrize("border", ["free", "held"])
@pytest.mark.parametrize("choice", MOVING_LEAST_SQUARES)
def test_near_its_handle_the_picture_turns_as_it_says_and_other_handles_hold(choice, border):
    region = ALL.clone()
    region[:4], region[:, -5:] = False, False
    handles = torch.cat((HANDLE, HANDLE.new_tensor([[62, 40], [20, 12]])))
    targets = handles + handles.new_tensor([[2, 1], [0, 0], [0, 0]])
    turns = handles.new_tensor([[30, 1.25], [0, 1], [0, 1]])
    flow = displace(handles, targets, region, choice, border=border, turns=turns)
    expected = matrix(30, 1 if choice == "rigid" else 1.25)
    # a lattice cell of a held region shows a little less
    assert (jacobian(flow, 40, 25) - expected).abs().max() < {"free": 0.05, "held": 0.15}[border]
    for (x, y), (dx, dy) in zip(handles.int().tolist(), (targets - handles).tolist(), strict=True):
        torch.testing.assert_close(flow[0, :, y, x], torch.tensor([dx, dy]), atol=0.1, rtol=0)
    without = displace(handles, targets, region, choice, border=border)
    assert (jacobian(without, 40, 25) - expected).abs().max() > 0.3
    assert not flow[0][:, ~region].any()


@pytest.mark.parametrize("degrees", [90.0, 170.0])
def test_a_held_region_that_is_turned_far_does_not_fold(degrees):
    flow = displace(
        HANDLE, HANDLE, ALL, "rigid", border="held", turns=torch.tensor([[degrees, 1.0]], dtype=torch.float64)
    )
    x = flow[0][:, :, 1:] - flow[0][:, :, :-1]
    y = flow[0][:, 1:] - flow[0][:, :-1]
    determinant = (1 + x[0, 1:]) * (1 + y[1, :, 1:]) - x[1, 1:] * y[0, :, 1:]
    assert determinant.min() > 0 and flow.abs().max() > 5


@pytest.mark.parametrize("border", ["free", "held"])
@pytest.mark.parametrize("choice", DISPLACEMENTS)
def test_none_and_a_turn_of_nothing_are_the_same(choice, border):
    handles = torch.cat((HANDLE, HANDLE + 15))
    plain = displace(handles, handles + 2, ALL, choice, border=border)
    nothing = displace(handles, handles + 2, ALL, choice, border=border, turns=handles.new_tensor([[0, 1], [0, 1]]))
    assert torch.equal(plain, nothing)


def test_each_part_has_the_turns_of_its_own_handles():
    region = ALL.clone()
    region[:, 44:48] = False
    handles = HANDLE.new_tensor([[20, 30], [70, 30]])
    flow = displace(handles, handles, region, "rigid", turns=handles.new_tensor([[0, 1], [20, 1]]))
    assert not flow[0, :, :, :44].any() and flow[0, :, :, 48:].abs().max() > 3


def test_a_handle_that_turns_far_outside_the_region_is_no_pin():
    region = torch.zeros_like(ALL)
    region[:20, :20] = True
    handles = HANDLE.new_tensor([[10, 10], [80, 50]])
    targets = handles + handles.new_tensor([[3, 0], [0, 0]])
    displace(handles, targets, region, "rigid")
    with pytest.raises(DisplacementError, match="point 2 starts outside"):
        displace(handles, targets, region, "rigid", turns=handles.new_tensor([[0, 1], [20, 1]]))
