"""Tracking: the authors' numbers of DragDiffusion."""

import pytest
import torch
from dragkit.kernels.dynadrag.point_tracking import track_points

from ...golden.dragdiffusion import golden


@pytest.mark.parametrize("case", ["track_a", "track_border_rp12"])
def test_tracking_finds_the_authors_positions(case):
    case = golden(case)
    initial, before = case["handle_init_yx"].flip(1), case["handle_before_yx"].flip(1)
    found = track_points(case["F0"], case["F1"], initial, before, int(case["r_p"]))
    assert torch.equal(found, case["handle_after_yx"].flip(1))


def test_no_points_are_found_nowhere():
    none = torch.zeros(0, 2)
    assert track_points(torch.zeros(1, 3, 8, 9), torch.zeros(1, 3, 8, 9), none, none, 3).shape == (0, 2)
