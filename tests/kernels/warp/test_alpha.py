"""Pictures with alpha under the drag warp: what is transparent has no colour."""

import torch
from dragkit.kernels.warp.alpha import warp_picture

REGION = torch.ones(1, 12, 20, dtype=torch.bool)


def half_transparent():
    """[1, 4, 12, 20]: opaque blue at the right, at the left a red that nobody sees."""
    image = torch.zeros(1, 4, 12, 20)
    image[:, 0, :, :10] = 1
    image[:, 2:, :, 10:] = 1
    return image


def test_colours_between_pixels_are_those_of_what_can_be_seen():
    flow = torch.tensor([0.5, 0.0]).view(1, 2, 1, 1).expand(1, 2, 12, 20)
    warped, opened, moved = warp_picture(half_transparent(), flow, REGION, "bilinear", "longest")
    assert moved[:, :, 1:].all() and opened.sum() == 12
    edge = warped[0, :, :, 10]
    # straight alpha would give (0.5, 0, 0.5): a purple fringe
    torch.testing.assert_close(edge, torch.tensor([0.0, 0.0, 1.0, 0.5])[:, None].expand(4, 12))
    assert (warped[0, 3, :, :10] == 0).all() and (warped[0, 2, :, 11:] == 1).all()


def test_what_does_not_move_keeps_the_colour_that_nobody_sees():
    image = half_transparent()
    flow = torch.zeros(1, 2, 12, 20)
    flow[:, 0, :, 14:] = 3
    warped, _, moved = warp_picture(image, flow, REGION, "bicubic", "longest")
    assert moved.any() and torch.equal(warped[:, :, ~moved[0]], image[:, :, ~moved[0]])


def test_a_picture_without_alpha_is_warped_as_it_is():
    image = torch.rand(1, 3, 12, 20)
    flow = torch.full((1, 2, 12, 20), 1.0)
    opaque = torch.cat((image, torch.ones(1, 1, 12, 20)), 1)
    plain = warp_picture(image, flow, REGION, "bilinear", "longest")
    alpha = warp_picture(opaque, flow, REGION, "bilinear", "longest")
    torch.testing.assert_close(alpha.image[:, :3], plain.image)
