"""The motion that a predictor corrects."""

import math

import pytest
import torch
from dragkit.kernels.motion.displacements import displace
from dragkit.kernels.motion.first_guess import STEP, first_guess, turns
from dragkit.kernels.motion.prediction import sample_flow


def test_the_first_guess_is_straight_where_nothing_turns():
    handles = torch.tensor([[20.5, 30.5], [70.5, 80.5], [10.5, 90.5]])
    targets = torch.tensor([[20.5, 10.5], [70.5, 60.5], [10.5, 80.5]])
    # the farthest goes one step, the others as much of their ways
    expected = torch.tensor([[0.0, -4.0], [0.0, -4.0], [0.0, -2.0]])
    torch.testing.assert_close(sample_flow(first_guess(handles, targets, 96, 96), handles), expected, atol=5e-3, rtol=0)
    near = first_guess(handles, handles + 1, 96, 96)
    torch.testing.assert_close(near, torch.ones(1, 2, 96, 96), atol=5e-3, rtol=0)


def test_the_first_guess_turns_what_turns_together():
    # two points of a wheel about (48, 48) make a quarter turn; the farthest is 20 pixels away
    handles = torch.tensor([[68.0, 48.0], [60.0, 48.0]])
    targets = torch.tensor([[48.0, 68.0], [48.0, 60.0]])
    assert turns(handles, targets, 9.6).tolist() == pytest.approx([math.pi / 2 * 1j] * 2)
    angle = 4 / 20
    flow = first_guess(handles, targets, 96, 96)
    turned = torch.tensor([math.cos(angle), math.sin(angle)])
    expected = torch.stack((20 * turned, 12 * turned)) + 48 - handles
    torch.testing.assert_close(sample_flow(flow, handles), expected, atol=0.03, rtol=0)
    # drags apart from each other, of a thing that would have to grow, go straight
    assert turns(handles, handles + torch.tensor([[20.0, 0.0], [-4.0, 0.0]]), 9.6).abs().max() < 1e-6


def framed(height, width):
    """A region that leaves 16 pixels at each side."""
    region = torch.zeros(height, width, dtype=torch.bool)
    region[16:-16, 16:-16] = True
    return region


def test_in_a_region_the_first_guess_is_held_at_the_border():
    region = framed(96, 144)
    handles = torch.tensor([[50.5, 40.5], [90.5, 60.5], [70.5, 30.5]], dtype=torch.float64)
    # the second goes a third as far, the last has arrived
    ways = torch.tensor([[30.0, 0.0], [0.0, 10.0], [0.0, 0.0]], dtype=torch.float64)
    flow = first_guess(handles, handles + ways, 96, 144, region)
    part = 144 * STEP / 30
    torch.testing.assert_close(sample_flow(flow, handles), part * ways, atol=0.05, rtol=0)
    assert flow.dtype == torch.float32 and not flow[..., ~region].any()
    inner = flow[0, :, 17:-17, 17:-17].norm(dim=0)
    edge = torch.cat((inner[0], inner[-1], inner[:, 0], inner[:, -1]))
    assert edge.max() < 0.3 < 5 < inner.max() < 6.3
    # of drags that go straight it is the even part of the displacement
    expected = displace(handles - 0.5, handles - 0.5 + part * ways, region, "rigid", border="held")
    torch.testing.assert_close(flow, expected, atol=0.05, rtol=0)


def test_in_a_region_handles_run_on_the_same_arcs():
    handles = torch.tensor([[68.0, 48.0], [60.0, 48.0]])
    targets = torch.tensor([[48.0, 68.0], [48.0, 60.0]])
    free, held = (sample_flow(first_guess(handles, targets, 96, 96, r), handles) for r in (None, framed(96, 96)))
    torch.testing.assert_close(held, free, atol=0.06, rtol=0)
    assert free[0, 0] < -0.3


def test_a_handle_beside_its_region_pulls_where_the_region_is_nearest():
    region, down = framed(96, 96), torch.tensor([[0.0, 20.0]])
    near, far = torch.tensor([[14.5, 48.5]]), torch.tensor([[11.5, 48.5]])
    flow = first_guess(near, near + down, 96, 96, region)
    assert not flow[..., ~region].any() and flow[0, 1, 48, 16] > 3.5
    # one that has left it holds nothing and pulls nothing
    assert not first_guess(far, far + down, 96, 96, region).any()
    within = torch.tensor([[48.5, 48.5]])
    both, alone = (first_guess(h, h + down, 96, 96, region) for h in (torch.cat((far, within)), within))
    assert torch.equal(both, alone)
