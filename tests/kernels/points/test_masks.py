"""Masks on other grids."""

import pytest
import torch
from dragkit.kernels.points.masks import MaskError, mask_to_grid, resize_mask


def test_a_cell_is_movable_when_half_of_it_is():
    mask = torch.zeros(1, 32, 48)
    mask[:, :12, :20] = 1
    grid = mask_to_grid(mask, 4, 6)
    half = torch.zeros(4, 6, dtype=torch.bool)
    half[:2, :3] = True
    half[1, 2] = False  # a quarter
    assert torch.equal(grid[0], half)
    assert torch.equal(mask_to_grid(mask, 32, 48), mask > 0)
    assert not mask_to_grid(0.4 * mask, 32, 48).any()


def test_grids_that_floor_the_size_still_fit():
    assert mask_to_grid(torch.ones(2, 341, 512), 42, 64).all()


@pytest.mark.parametrize("size", [(48, 48), (32, 90), (64, 48)])
def test_other_proportions_are_refused_with_both_sizes(size):
    with pytest.raises(MaskError, match=f"M is {size[1]} x {size[0]}, which has other proportions than the 6 x 4 grid"):
        mask_to_grid(torch.ones(1, *size), 4, 6, "M")
    with pytest.raises(MaskError, match=f"M is {size[1]} x {size[0]}, but the picture is 48 x 32"):
        resize_mask(torch.ones(1, *size), 32, 48, "M")


def test_resizing_keeps_what_is_full_and_where_it_is():
    mask = torch.zeros(1, 40, 60)
    mask[:, :20] = 1
    resized = resize_mask(mask, 80, 120)
    assert torch.equal(resized[:, :38], torch.ones(1, 38, 120)) and not resized[:, 42:].any()
    assert resize_mask(mask, 40, 60) is mask
