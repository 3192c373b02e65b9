"""The region found around points."""

import torch
from dragkit.kernels.points.find_region import find_region

from ..known_motions import HEIGHT, WIDTH


def test_a_region_is_found_around_the_points():
    handles = torch.tensor([[20.0, 20], [90, 60]], dtype=torch.float64)
    region = find_region(handles, handles + torch.tensor([[30.0, 0], [0, 2]]), HEIGHT, WIDTH)
    # half the drag, and the least part of the shorter side
    assert region[20, 6] and not region[20, 3] and region[60, 84] and not region[60, 81]
    assert region[20, 20] and region[60, 90] and not region[40, 55]
    assert not find_region(handles[:0], handles[:0], HEIGHT, WIDTH).any()


def test_a_motion_that_is_held_has_all_of_the_picture():
    handles = torch.tensor([[10.0, 20.0]])
    held = find_region(handles, handles + 4, 48, 64, "held")
    assert held.shape == (48, 64) and held.all() and not find_region(handles, handles + 4, 48, 64).all()
