"""The measures of an edit."""

import pytest
import torch
from dragkit.standalone.bench.metrics import content_distance, probes, psnr, ssim


def test_measures_of_the_truth_are_perfect(some_cases):
    case = some_cases[0]
    inside = case.mask[0] > 0.5
    assert psnr(case.target, case.target, inside) > 90
    assert ssim(case.target, case.target, inside) == pytest.approx(1)
    places = probes(case, torch.Generator().manual_seed(0))
    assert len(places) > 5
    assert content_distance(case.target, case, places) == 0
    moved = sum(case.flow[:, y, x].norm().item() for x, y, _, _ in places) / len(places)
    # doing nothing leaves content as far from its place as it should have moved
    assert content_distance(case.source, case, places) == pytest.approx(moved, rel=0.35)
