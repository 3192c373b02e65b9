"""Samples of drags with known paths."""

import math

import pytest
import torch
from dragkit.kernels.motion.first_guess import STEP
from dragkit.kernels.motion.prediction import SIDE
from dragkit.standalone.scenes.drag_samples import MARGINS, make_sample, next_time, painted
from dragkit.standalone.scenes.moving import KINDS
from dragkit.standalone.scenes.moving_shapes import Blob
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.scenes.random_choices import Dice
from dragkit.standalone.scenes.surfaces import Surfaces
from dragkit.standalone.scenes.trajectories import Globe, Joints, Swing
from dragkit.standalone.train.motion_data import bundled


@pytest.fixture(scope="module")
def surfaces():
    return Surfaces([photograph("coffee")], 0, count=10)


def test_the_next_step_is_that_of_the_farthest_handle():
    t = torch.linspace(0, 1, 11)
    paths = torch.stack((torch.stack((20 * t, 0 * t), -1), torch.stack((5 * t, 0 * t), -1)), 1)
    assert next_time(paths, 5.0) == pytest.approx(0.25)
    assert next_time(paths, 50.0) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_what_they_say(surfaces, kind):
    for seed in range(6):
        s = make_sample(seed, surfaces, kind=kind)
        assert s.kind == kind and 1 <= len(s.handles) <= 7
        assert torch.equal(s.paths[-1], s.targets)
        torch.testing.assert_close(s.paths[0], s.handles, atol=0.02, rtol=0)
        assert ((s.paths > 0) & (s.paths < SIDE)).all()
        # the flow takes each handle along its path, and none farther than a step
        x, y = s.handles.long().unbind(-1)
        after = s.handles + s.flow[:, y, x].T
        off = (s.paths - after).norm(dim=-1).amin(0)
        assert off.max() < 1, (kind, seed)
        gone = s.flow[:, y, x].norm(dim=0)
        whole = (s.paths[1:] - s.paths[:-1]).norm(dim=-1).sum(0)
        assert gone.max() == pytest.approx(min(STEP * SIDE, whole.max().item()), rel=0.2)
        assert s.moving[y, x][whole > 0.02 * SIDE].all() and s.swept()[s.moving].all()
        # all that moves lies in the region that is painted for it, and where it goes to
        assert s.region[s.moving].all() and s.region.all() == (kind == "camera")
        inside = ((s.targets >= 0) & (s.targets < SIDE)).all(1)
        x, y = s.targets[inside].long().unbind(-1)
        assert s.region[y, x].all()
        assert not s.flow[:, ~s.moving & (s.flow.norm(dim=0) > STEP * SIDE / 2)].any()


def test_samples_are_repeatable_and_different(surfaces):
    first, second = (make_sample(5, surfaces) for _ in range(2))
    assert torch.equal(first.picture, second.picture) and torch.equal(first.flow, second.flow)
    assert not torch.equal(first.picture, make_sample(6, surfaces).picture)
    assert torch.equal(bundled()[3][0], bundled()[3][0])


def test_every_other_item_has_a_region(surfaces):
    s = make_sample(3, surfaces, kind="limbs")
    (inputs, guess, *_, none), (held, held_guess, flow, weight, inside) = s.item(False), s.item(True)
    assert not none.any() and torch.equal(inside[0] > 0, s.region) and weight.all() and torch.equal(flow, s.flow)
    assert guess.abs().amin() > 0 and not held_guess[:, ~s.region].any() and not torch.equal(inputs, held)
    torch.testing.assert_close(held[3:5] * STEP * SIDE, held_guess)
    # the region of a camera's motion would be everything
    assert not make_sample(3, surfaces, kind="camera").item(True)[-1].any()
    data = bundled()
    assert not any(data[i][-1].any() for i in (4, 6)) and any(data[i][-1].any() for i in (5, 7, 9))


def test_painted_regions_have_a_margin():
    flow = torch.zeros(2, 64, 64)
    flow[0, 30:34, 20:24] = 12
    for seed in range(8):
        rows, columns = (painted(flow, Dice(seed)).any(axis).nonzero()[:, 0] for axis in (1, 0))
        margin = 30 - int(rows.min())
        assert MARGINS[0] * 64 <= margin <= MARGINS[1] * 64
        assert rows.max() == 33 + margin and columns.min() == 20 - margin and columns.max() == 35 + margin


def test_a_head_turns_and_its_edge_hardly_moves():
    globe = Globe(Swing((32.0, 32.0)), (10.0, 20.0), 0.5)
    c = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 20.0], [0.0, -10.0]])
    there = globe.forward(c, torch.tensor(1.0)) - 32
    sine, cosine = math.sin(0.5), math.cos(0.5)
    expected = [[10 * sine, 0], [10 * cosine, 0], [0, 20], [7.5 * sine, -10]]
    torch.testing.assert_close(there, torch.tensor(expected), atol=0.01, rtol=0)
    torch.testing.assert_close(globe.inverse(globe.forward(c, torch.tensor(0.0))), c)


def test_a_joint_turns_as_one_thing_and_fades_around_it():
    joints = Joints(((Swing((20.0, 20.0), turn=0.5), Blob((0.0, 0.0), (8.0, 8.0)), 4.0),))
    xy = torch.tensor([[20.0, 20.0], [27.0, 20.0], [20.0, 30.0], [20.0, 33.0]])
    moved = joints.forward(xy, torch.tensor(1.0)) - xy
    sine, cosine = math.sin(0.5), math.cos(0.5)
    # half of the edge away, half of the motion
    half = torch.tensor([-10 * sine, 10 * cosine - 10]) / 2
    expected = torch.stack((torch.zeros(2), torch.tensor([7 * cosine - 7, 7 * sine]), half, torch.zeros(2)))
    torch.testing.assert_close(moved, expected, atol=1e-3, rtol=1e-3)
    assert joints.dragged(xy[1:2]) == joints and joints.dragged(xy[3:]).parts == ()
