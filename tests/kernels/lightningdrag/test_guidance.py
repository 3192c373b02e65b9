"""Guidance by points against the published code's numbers, and where it is left out."""

import torch
from dragkit.kernels.lightningdrag.guidance import DECAYS, felt, guided, point_scales

from .published import numbers


def test_decays_are_the_published_ones():
    checked = 0
    for key, golden in numbers("decay/").items():
        run, decay = key.split("/")
        steps, scale = run.removeprefix("n").split("_g")
        found = torch.tensor(point_scales(float(scale), decay, int(steps)), dtype=torch.float64)
        torch.testing.assert_close(found, golden, rtol=0, atol=1e-12)
        checked += 1
    assert checked == 6 * len(DECAYS)


def test_guidance_is_right_at_scale_1():
    without, shown = torch.rand(2, 3), torch.rand(2, 3)
    assert torch.equal(guided(None, shown, 1.0), shown) and torch.equal(guided(without, shown, 0.0), without)
    torch.testing.assert_close(guided(without, shown, 3.0), 3 * shown - 2 * without)
    assert all(point_scales(1.0, decay, 4) == [1] * 4 for decay in DECAYS)
    assert point_scales(3.0, "none", 4, 2) == [3, 3, 1, 1]


def test_faint_guidance_is_left_out():
    # the published 8 steps: the last one has decayed to 1.03
    assert [felt(scale) != 1 for scale in point_scales(3.0, "inv_square", 8)] == [True] * 7 + [False]
    assert felt(0.9) == 0.9 and felt(1.06) == 1.06 and felt(0.97) == 1 == felt(1.03)
