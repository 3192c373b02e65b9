"""Scenes whose drag has a known outcome."""

import pytest
import torch
from dragkit.standalone.scenes.coarse_regions import SHAPES, coarse_region
from dragkit.standalone.scenes.ground_truth import KINDS, MARGINS, cases
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


def test_a_coarse_region_holds_the_thing_and_where_it_goes_with_a_margin(some_cases):
    for case in some_cases:
        coarse = case.coarse[0] > 0.5
        here = (case.flow.norm(dim=0) > 1).nonzero().flip(-1)
        there = here + case.flow[:, here[:, 1], here[:, 0]].T
        places = torch.cat((here, there)).round().long()
        for margin in torch.cartesian_prod(*2 * (torch.tensor([-1, 0, 1]) * MARGINS[0],)):
            columns, rows = (places + margin).clamp(0, 255).unbind(1)
            assert coarse[rows, columns].all(), case.name
        # and nobody paints everything
        assert coarse.float().mean() < 0.75


def test_coarse_regions_are_of_the_seed_and_the_case_alone(some_cases):
    again = {case.name: case.coarse for case in cases(every=7)}
    every = {case.name: case.coarse for case in cases(every=1)}
    others = {case.name: case.coarse for case in cases(seed=1, every=7)}
    assert all(torch.equal(case.coarse, again[case.name]) for case in some_cases)
    assert all(torch.equal(case.coarse, every[case.name]) for case in some_cases)
    assert not any(torch.equal(case.coarse, others[case.name]) for case in some_cases)
    # about a third of them are boxes
    boxes = [bool(one[0][torch.outer(one[0].amax(1), one[0].amax(0)) > 0].all()) for one in every.values()]
    assert len(boxes) == 60 and 12 < sum(boxes) < 28


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_of_a_coarse_region(shape):
    # two far cells of a picture 20 high and 30 wide, which go one to the right and five down
    flow = torch.zeros(2, 20, 30)
    flow[:, 4, 6] = flow[:, 9, 20] = torch.tensor([1.0, 5.0])
    region = coarse_region(shape, flow)
    cells = torch.tensor([[4, 6], [9, 20], [9, 7], [14, 21]])
    assert region.shape == (20, 30) and region[cells[:, 0], cells[:, 1]].all()
    corners = {"box": True, "hull": False, "ellipse": False}
    assert bool(region[4, 21]) is bool(region[14, 6]) is corners[shape]
    if shape == "box":
        assert region.sum() == 11 * 16
    if shape == "hull":
        # the parallelogram of the four, a cell more at its border
        assert 55 < region.sum() < 100
    # the middle of them
    assert region[9, 13]
