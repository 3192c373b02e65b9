"""The motion that a predictor corrects."""

import math

import pytest
import torch
from dragkit.kernels.motion.first_guess import first_guess, turns
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
