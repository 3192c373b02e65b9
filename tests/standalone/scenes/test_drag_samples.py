"""Samples of drags with known paths."""

import pytest
import torch
from dragkit.kernels.motion.first_guess import STEP
from dragkit.kernels.motion.prediction import SIDE
from dragkit.standalone.scenes.drag_samples import make_sample, next_time
from dragkit.standalone.scenes.moving import KINDS
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.scenes.surfaces import Surfaces
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
        assert not s.flow[:, ~s.moving & (s.flow.norm(dim=0) > STEP * SIDE / 2)].any()


def test_samples_are_repeatable_and_different(surfaces):
    first, second = (make_sample(5, surfaces) for _ in range(2))
    assert torch.equal(first.picture, second.picture) and torch.equal(first.flow, second.flow)
    assert not torch.equal(first.picture, make_sample(6, surfaces).picture)
    assert torch.equal(bundled()[3][0], bundled()[3][0])
