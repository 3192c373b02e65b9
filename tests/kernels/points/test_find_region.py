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


def test_a_motion_that_is_held_has_room_to_fade():
    handles = torch.tensor([[20.0, 20], [90, 60]], dtype=torch.float64)
    region = find_region(handles, handles + torch.tensor([[10.0, 0], [0, 2]]), HEIGHT, WIDTH, "held")
    # twice the drag, and 16 % of the shorter side
    assert region[20, 39] and not region[20, 41] and region[60, 76] and not region[60, 74]
    long = find_region(handles[:1], handles[:1] + 50, HEIGHT, WIDTH, "held")
    # at most 40 %
    assert long[20, 55] and not long[20, 57]
