"""Scenes whose drag has a known outcome."""

import torch
from dragkit.standalone.scenes.ground_truth import KINDS
from dragkit.standalone.scenes.motions import positions, sample


def test_every_case_is_what_it_says(some_cases):
    assert {case.kind for case in some_cases} <= set(KINDS) and len(some_cases) >= 5
    for case in some_cases:
        handles, targets = case.points.to_pixels(256, 256)
        inside = case.mask[0] > 0.5
        # outside the region the truth is the source, but for the soft edge of resampling
        assert (case.target - case.source)[:, ~inside].abs().mean() < 5e-3
        assert (case.target - case.source)[:, inside].abs().mean() > 5e-3
        for handle, target in zip(handles.long().tolist(), targets, strict=True):
            # content at a handle goes to its target
            arrived = torch.tensor(handle) + 0.5 + case.flow[:, handle[1], handle[0]]
            assert (arrived - target).norm() < 1.5, case.name


def test_the_true_flow_takes_the_source_to_the_target(some_cases):
    xy = positions(256)
    for case in some_cases:
        moving = case.flow.norm(dim=0) > 1
        ends = xy + case.flow.permute(1, 2, 0)
        error = (sample(case.target, ends) - case.source).abs().mean(0)
        assert error[moving].median() < 0.02, case.name
