"""Edited pictures put back."""

import pytest
import torch
from dragkit.kernels.warp.paste import PasteError, paste


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_whole_cells_go_back_around_the_centre():
    image, edited = random(1, 4, 45, 63), random(2, 3, 40, 56, seed=1)
    before = image.clone()
    pasted = paste(image, edited)
    assert pasted.shape == (2, 4, 45, 63) and torch.equal(image, before)
    assert torch.equal(pasted[:, :3, 2:42, 3:59], edited)
    border = torch.ones(45, 63, dtype=torch.bool)
    border[2:42, 3:59] = False
    assert torch.equal(pasted[..., border], image[..., border].expand(2, -1, -1))
    assert torch.equal(pasted[:, 3], image[:, 3].expand(2, -1, -1))
    assert torch.equal(paste(edited, edited[:1, :, :, :]), edited[:1].expand(2, -1, -1, -1))


def test_the_mask_takes_its_part_and_leaves_the_rest_bit_for_bit():
    image, edited = random(1, 3, 40, 56), random(1, 3, 40, 56, seed=1)
    mask = torch.zeros(1, 40, 56)
    mask[:, 10:30, 20:], mask[:, 15, 25] = 1, 0.25
    pasted = paste(image, edited, mask)
    for level, expected in ((0, image), (1, edited), (0.25, torch.lerp(image, edited, 0.25))):
        where = (mask == level)[:, None].expand(-1, 3, -1, -1)
        assert torch.equal(pasted[where], expected[where])


def test_feather_fades_inside_the_mask_but_not_at_the_border_of_the_picture():
    image, edited = torch.zeros(1, 3, 40, 56), torch.ones(1, 3, 40, 56)
    mask = torch.zeros(1, 40, 56)
    mask[:, 10:30, 20:] = 1
    pasted = paste(image, edited, mask, 3)[0, 0]
    assert not pasted[mask[0] == 0].any()
    torch.testing.assert_close(pasted[20, 18:26], torch.tensor([0, 0, 0.25, 0.5, 0.75, 1, 1, 1]))
    torch.testing.assert_close(pasted[8:16, 55], torch.tensor([0, 0, 0.25, 0.5, 0.75, 1, 1, 1]))
    assert torch.equal(paste(image, edited, torch.ones(1, 40, 56), 8), edited)


@pytest.mark.parametrize("size", [(40, 55), (20, 28), (48, 64), (40, 48)])
def test_other_sizes_are_refused(size):
    said = f"edited is {size[1]} x {size[0]}, but image is 56 x 40; it must be of the same size, or of the whole latent"
    with pytest.raises(PasteError, match=said):
        paste(torch.zeros(1, 3, 40, 56), torch.zeros(1, 3, *size))
