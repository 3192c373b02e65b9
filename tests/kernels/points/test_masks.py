"""Masks on other grids."""

import pytest
import torch
from dragkit.kernels.points.masks import (
    FAINT,
    MaskError,
    check_finite,
    check_painted,
    mask_to_grid,
    read_mask,
    resize_mask,
    share_of_grid,
)


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


@pytest.mark.parametrize("value", [0, 4.6e-5, 1 / 255, FAINT])
def test_a_mask_that_is_nowhere_painted_is_none(value):
    assert read_mask(torch.full((2, 6, 8), value)) is None
    noise = value * torch.rand(2, 6, 8, generator=torch.Generator().manual_seed(0))
    assert read_mask(noise) is None


@pytest.mark.parametrize("value", [0.1, 0.3, 0.5, 1])
def test_greys_count_by_the_strongest_of_them(value):
    assert torch.equal(read_mask(torch.full((1, 6, 8), value)), torch.ones(1, 6, 8))
    soft = torch.linspace(0, 1, 8).expand(1, 6, 8)
    torch.testing.assert_close(read_mask(value * soft), soft)
    stray = torch.zeros(1, 6, 8)
    stray[0, 2, 5] = value
    assert torch.equal(read_mask(stray), (stray > 0).float())
    # what JPEG leaves around it is not painted, and a full mask stays bit for bit
    noisy = stray + FAINT / 2 * torch.rand(1, 6, 8, generator=torch.Generator().manual_seed(1)) * (stray == 0)
    assert torch.equal(read_mask(noisy) >= 0.5, stray > 0)
    if value == 1:
        assert torch.equal(read_mask(noisy), noisy)


def test_each_mask_of_a_batch_is_read_alone():
    batch = torch.stack((torch.zeros(6, 8), 0.2 * torch.ones(6, 8), torch.full((6, 8), 1 / 255)))
    batch[1, :, 4:] = 0
    for unpainted in (0.0, 1.0):
        first, second, third = read_mask(batch, unpainted=unpainted)
        assert torch.equal(first, third) and torch.equal(first, torch.full((6, 8), unpainted))
        assert torch.equal(second, (batch[1] > 0).float())


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_mask_of_no_numbers_is_refused(value):
    mask = torch.ones(1, 6, 8)
    mask[0, 3, 3] = value
    with pytest.raises(MaskError, match="M has values that are no numbers; connect a mask with values from 0 to 1"):
        read_mask(mask, "M")
    assert torch.equal(read_mask(3 * torch.ones(1, 6, 8)), torch.ones(1, 6, 8))


def test_a_mask_that_fills_half_of_no_cell_is_named():
    mask = torch.zeros(2, 32, 48)
    mask[:, 3, 5] = 1
    mask[0, 8:16, 8:16] = 1
    grid = mask_to_grid(mask, 4, 6)
    assert check_painted(grid[:1]) is not None
    with pytest.raises(MaskError, match="M covers no cell of the 6 x 4 grid by half; paint more of it, or leave"):
        check_painted(grid, "M")


def test_the_grid_of_a_latent_lies_on_the_whole_cells():
    # 3 columns in front of 5 cells, 2 rows in front of 4, as VAE Encode crops
    mask = torch.zeros(1, 37, 47)
    mask[:, 2 + 8 : 2 + 24, 3 + 16 : 3 + 32] = 1
    grid = torch.zeros(1, 4, 5, dtype=torch.bool)
    grid[:, 1:3, 2:4] = True
    assert torch.equal(mask_to_grid(mask, 4, 5), grid)
    assert torch.equal(mask_to_grid(0.99 * mask + 0.5 * (1 - mask) - 0.005, 4, 5), grid)


def test_a_cell_has_its_share_of_the_mask_around_the_centre_of_the_picture():
    mask = torch.zeros(1, 16, 24)
    mask[:, :4, :4], mask[:, 8:, 8:16], mask[:, 8:, 16:] = 1, 0.5, 1
    expected = torch.tensor([[[0.25, 0, 0], [0, 0.5, 1]]])
    torch.testing.assert_close(share_of_grid(mask, 2, 3), expected)
    assert torch.equal(share_of_grid(expected, 2, 3), expected)
    # three rows and five columns that VAE Encode leaves out, one and two of them in front
    larger = torch.nn.functional.pad(mask, (2, 3, 1, 2), value=1.0)
    torch.testing.assert_close(share_of_grid(larger, 2, 3), expected)
    with pytest.raises(MaskError, match="mask is 24 x 16, which has other proportions than the 6 x 2 grid"):
        share_of_grid(mask, 2, 6)


def test_no_number_is_refused():
    mask = torch.zeros(1, 4, 4)
    assert check_finite(mask) is mask
    for value in (torch.nan, torch.inf):
        mask[0, 1, 1] = value
        with pytest.raises(MaskError, match="moved has values that are no numbers"):
            check_finite(mask, "moved")
