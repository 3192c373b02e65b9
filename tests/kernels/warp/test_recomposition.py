"""The regions of the recomposition."""

import torch
from dragkit.kernels.warp.picture import drag_warp
from dragkit.kernels.warp.recomposition import opened_by, regions, soft_mask

HEIGHT, WIDTH = 40, 60


def box(left, top, right, bottom):
    mask = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    mask[:, top:bottom, left:right] = True
    return mask


def test_the_regions_of_a_shifted_box_are_as_drawn():
    # a box moved 6 to the right, one part of it still covered
    found = regions(box(26, 12, 36, 24), box(20, 12, 26, 24), band=2, grow=5)
    refine = box(24, 10, 38, 26)
    assert torch.equal(found.refine, refine)
    assert torch.equal(found.paint, box(15, 7, 31, 29) & ~refine)
    assert torch.equal(sum(one.int() for one in found), torch.ones(1, HEIGHT, WIDTH, dtype=torch.int))


def test_bands_of_no_width_leave_what_moved_and_what_opened():
    moved, opened = box(26, 12, 36, 24), box(20, 12, 26, 24)
    found = regions(moved, opened, band=0, grow=0)
    assert torch.equal(found.refine, moved) and torch.equal(found.paint, opened)
    assert torch.equal(found.keep, ~moved & ~opened)


def test_what_opened_is_what_the_warp_says_opened():
    image, region = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)), box(10, 8, 30, 28)
    flow = torch.tensor([9.0, -4.0]).view(1, 2, 1, 1) * region[:, None]
    warped = drag_warp(image, flow, region)
    assert torch.equal(opened_by(flow, warped.moved), warped.opened) and warped.opened.any()
    # less than half a pixel leaves nothing open
    assert not opened_by(0.04 * flow, torch.zeros_like(region)).any()


def test_the_soft_mask_has_three_values():
    found = regions(box(26, 12, 36, 24), box(20, 12, 26, 24), band=2, grow=5)
    for blend in (0.0, 0.3, 1.0):
        mask = soft_mask(found, blend)
        assert mask.dtype == torch.float32 and mask.shape == (1, HEIGHT, WIDTH)
        assert (mask[found.keep] == 0).all() and (mask[found.paint] == 1).all()
        torch.testing.assert_close(mask[found.refine], torch.full_like(mask[found.refine], blend))


def test_without_a_motion_everything_is_kept():
    nothing = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    found = regions(nothing, opened_by(torch.zeros(1, 2, HEIGHT, WIDTH), nothing), 5, 5)
    assert found.keep.all() and not found.refine.any() and not found.paint.any()
