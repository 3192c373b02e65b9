"""Motions with known paths."""

import math

import pytest
import torch
from dragkit.standalone.scenes.trajectories import Elastic, Swing


def test_a_swing_is_an_arc_about_its_anchor():
    motion = Swing((10.0, 20.0), turn=math.pi / 2)
    ends = motion.forward(torch.tensor([5.0, 0.0]), torch.tensor([0.0, 0.5, 1.0]))
    expected = torch.tensor([[15, 20], [10 + 5 * 0.5**0.5, 20 + 5 * 0.5**0.5], [10, 25]])
    torch.testing.assert_close(ends, expected, atol=0.01, rtol=0)


def test_a_curl_keeps_its_length_and_leaves_the_root():
    motion = Swing((0.0, 0.0), bend=math.pi / 20)
    spine = torch.stack((torch.linspace(0, 20, 200), torch.zeros(200)), -1)
    curled = motion.forward(spine, 1.0)
    # a half circle of circumference 20
    torch.testing.assert_close(curled[-1], torch.tensor([0.0, 40 / math.pi]), atol=0.01, rtol=0)
    assert (curled[1:] - curled[:-1]).norm(dim=-1).sum().item() == pytest.approx(20, abs=0.01)


def test_swings_invert():
    motion = Swing((40.0, 50.0), 0.4, 1.2, 0.3, 0.01, 0.02, (5.0, 3.0), (12.0, 0.3, -0.8))
    rest = torch.rand(50, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([30.0, 10.0])
    torch.testing.assert_close(motion.inverse(motion.forward(rest, 0.7), 0.7), rest, atol=0.01, rtol=0)


def test_elastic_bumps():
    motion = Elastic((((50.0, 50.0), 10.0, (6.0, 0.0), 0.0, 0.0),))
    moved = motion.forward(torch.tensor([[50.0, 50.0], [60.0, 50.0], [99.0, 99.0]]), 0.5)
    torch.testing.assert_close(moved, torch.tensor([[53.0, 50], [60 + 3 * math.exp(-0.5), 50], [99, 99]]))
    assert motion.dragged(torch.tensor([[80.0, 50.0]])).bumps == ()
