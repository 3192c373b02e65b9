"""Pairs of regions: which belong together, and those without a partner."""

import pytest
import torch
from dragkit.kernels.motion.region_flow import drag_regions
from dragkit.kernels.points.region_pairs import RegionPair, RegionPairError, pair_masks

from ..regions import HEIGHT, WIDTH, box


def test_parts_pair_up_in_reading_order():
    handles = box(40, 2, 44, 6) | box(2, 4, 6, 8) | box(20, 4, 24, 8)
    targets = box(10, 40, 14, 44) | box(50, 20, 54, 24) | box(30, 30, 34, 34)
    pairs = list(pair_masks(handles[None], targets[None]))
    assert [tuple(part.nonzero()[0].tolist()) for pair in pairs for part in pair] == [
        (2, 40), (20, 50), (4, 2), (30, 30), (4, 20), (40, 10),
    ]  # fmt: skip
    one_by_one = list(pair_masks(torch.stack((handles, box(0, 0, 4, 4))), torch.stack((targets, targets))))
    assert len(one_by_one) == 2 and torch.equal(one_by_one[0][0], handles)


def test_regions_without_a_partner_are_refused_in_one_sentence():
    two = (box(2, 2, 6, 6) | box(20, 2, 24, 6))[None]
    with pytest.raises(RegionPairError, match="^Region Drag: handle_mask has 2 separate .* target_mask has 1;"):
        pair_masks(two, box(2, 2, 6, 6)[None])
    grid = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    grid[:, ::4, ::4] = True
    with pytest.raises(RegionPairError, match="192 separate regions; at most 64"):
        pair_masks(grid, grid)
    sliver = RegionPair(((0.1, 0.1), (0.2, 0.1), (0.3, 0.1)), ((0.1, 0.1), (0.9, 0.1), (0.3, 0.9)))
    with pytest.raises(RegionPairError, match="^Region Drag: the handle of region pair 1 covers no pixel"):
        drag_regions([sliver], [], HEIGHT, WIDTH)
