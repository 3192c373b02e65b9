"""Drag Warp on the real server."""

import pytest
import torch
from dragkit.kernels.motion.displacements import displace
from dragkit.kernels.points.drag_points import parse_points

from ..warps import HANDLE, HEIGHT, SHIFT, TARGET, WIDTH, Bench, box, picture

TURNED = (
    '{"format":"dragkit.points","version":1,"points":['
    '{"handle":[0.42,0.47],"target":[0.45,0.47],"turn":-35,"scale":1.2}]}'
)
CHOICES = ["stretch", "nearest-4", "nearest", "rigid", "similarity", "affine", "arap"]


@pytest.fixture(scope="module")
def found(comfy):
    """What all graphs give that are no error, run at once."""
    bench = Bench(comfy)
    image, both = picture(), picture(batch=2)
    bench.warp("shift", image, SHIFT, HANDLE)
    bench.warp("bare", image, SHIFT, HANDLE, seam=0, grow=0, feather=0)
    bench.warp("none", image, "", HANDLE)
    bench.warp("no_mask", image, SHIFT)
    bench.warp("empty_mask", image, SHIFT, torch.zeros(1, HEIGHT, WIDTH))
    bench.warp("full_mask", image, SHIFT, torch.ones(1, HEIGHT, WIDTH))
    bench.warp("batch", both, SHIFT, HANDLE)
    bench.warp("two_masks", both, SHIFT, torch.cat((HANDLE, box(38, 28, 44, 34))))
    bench.warp("alpha", picture(4), SHIFT, HANDLE)
    cutout = torch.cat((torch.full((1, HEIGHT, WIDTH, 3), 0.8), box(36, 26, 44, 34)[..., None]), -1)
    # what lies under a transparent pixel is black
    cutout[..., :3] *= cutout[..., 3:]
    bench.warp("cutout", cutout, "0.42,0.47 -> 0.425,0.47", HANDLE)
    flow = torch.tensor([8.0, -4.0]).view(1, 2, 1, 1).repeat(1, 1, HEIGHT // 2, WIDTH // 2)
    bench.warp("flow", image, "", HANDLE, flow=flow)
    apart = torch.tensor([16.0, -8.0]).view(1, 2, 1, 1) * HANDLE[:, None] + 0.2 * (1 - HANDLE[:, None])
    bench.warp("found", image, "", flow=apart)
    turn = "0.35,0.4 -> 0.4,0.3\n0.5,0.55 -> 0.5,0.55\n0.45,0.35 -> 0.55,0.4"
    for choice in CHOICES:
        bench.warp(choice, image, turn, HANDLE, displacement=choice)
    bench.warp("held", image, SHIFT, box(20, 6, 80, 58), border="held")
    bench.warp("held_disc", image, SHIFT, border="held")
    # what is no displacement held at the border
    for border in ("free", "held"):
        bench.warp(f"stretch_{border}", image, turn, HANDLE, displacement="stretch", border=border)
        bench.warp(f"flow_{border}", image, "", HANDLE, flow=flow, border=border)
    bench.warp("bicubic", image, turn, HANDLE, sampling="bicubic")
    for choice in ("rigid", "arap"):
        bench.warp(f"turned_{choice}", image, TURNED, HANDLE, displacement=choice)
    meeting = "0.1,0.5 -> 0.45,0.5\n0.8,0.5 -> 0.5,0.5"
    sides = box(2, 20, 22, 44) + box(64, 20, 90, 44)
    for front in ("longest", "shortest", "first", "last"):
        bench.warp(front, image, meeting, sides, front=front)
    return bench.run()


def test_a_shift_by_whole_pixels_carries_the_region_and_touches_nothing_else(found):
    image, mask = picture(), HANDLE.bool()
    target = TARGET.bool()
    torch.testing.assert_close(found["shift.warped"][target], image[mask], atol=1e-4, rtol=0)
    assert torch.equal(found["shift.warped"][~target], image[~target])
    assert torch.equal(found["shift.moved"], TARGET)
    torch.testing.assert_close(
        found["shift.flow"], torch.tensor([16.0, -8.0]).view(1, 2, 1, 1) * HANDLE[:, None], atol=1e-4, rtol=0
    )


def test_the_inpaint_mask_is_what_opened_up_and_a_soft_seam(found):
    opened = HANDLE * (1 - TARGET)
    assert torch.equal(found["bare.inpaint"], opened)
    mask = found["shift.inpaint"]
    assert (mask[opened == 1] == 1).all() and mask.min() == 0 and ((mask > 0) & (mask < 1)).any()
    # the seam follows the border of what moved, and leaves its inside
    assert mask[0, 12, 55] == 1 and mask[0, 31, 55] == 1 and mask[0, 20, 56] == 0 and mask[0, 60, 90] == 0


def test_without_a_drag_nothing_changes(found):
    assert torch.equal(found["none.warped"], picture())
    assert not found["none.inpaint"].any() and not found["none.moved"].any() and not found["none.flow"].any()


def test_a_mask_that_says_nothing_leaves_the_region_to_the_points(found):
    assert 0.01 < found["no_mask.moved"].mean() < 0.3
    for name in ("empty_mask", "full_mask"):
        for output in ("warped", "inpaint", "moved", "flow"):
            assert torch.equal(found[f"{name}.{output}"], found[f"no_mask.{output}"])


def test_batches_of_pictures_take_one_mask_or_their_own(found):
    for output in ("warped", "inpaint", "moved"):
        assert len(found[f"batch.{output}"]) == len(found[f"two_masks.{output}"]) == 2
    assert torch.equal(found["batch.moved"], TARGET.expand(2, -1, -1)) and len(found["batch.flow"]) == 1
    assert torch.equal(found["two_masks.moved"][:1], TARGET)
    assert torch.equal(found["two_masks.moved"][1:], box(54, 20, 60, 26)) and len(found["two_masks.flow"]) == 2
    assert torch.equal(found["two_masks.warped"][0], found["batch.warped"][0])
    assert not torch.equal(found["two_masks.warped"][1], found["batch.warped"][1])


def test_alpha_is_kept_and_moves_with_its_picture(found):
    image, target = picture(4), TARGET.bool()
    torch.testing.assert_close(found["alpha.warped"][target], image[HANDLE.bool()], atol=5e-3, rtol=0)
    assert torch.equal(found["alpha.warped"][~target], image[~target])
    # half a pixel beside a transparent one: half the alpha, all of the colour
    warped = found["cutout.warped"]
    half = (warped[..., 3] > 0.1) & (warped[..., 3] < 0.9)
    assert half.sum() >= 8 and (warped[half][:, :3] - 0.8).abs().max() < 1e-3


def test_a_flow_on_any_grid_replaces_the_points(found):
    torch.testing.assert_close(found["flow.warped"], found["shift.warped"], atol=1e-4, rtol=0)
    assert torch.equal(found["flow.moved"], TARGET)


def test_without_a_mask_a_flow_says_what_moves_and_a_fraction_of_a_pixel_is_nothing(found):
    assert torch.equal(found["found.moved"], TARGET)
    torch.testing.assert_close(found["found.warped"], found["shift.warped"], atol=1e-4, rtol=0)


def test_every_displacement_is_one_of_its_own(found):
    flows = [found[f"{choice}.flow"] for choice in CHOICES]
    for i, flow in enumerate(flows):
        assert flow.isfinite().all() and flow.abs().max() > 1
        assert not flow[:, :, HANDLE[0] == 0].any()
        assert all((flow - other).abs().max() > 0.1 for other in flows[:i])
    assert torch.equal(found["bicubic.flow"], found["rigid.flow"])
    assert not torch.equal(found["bicubic.warped"], found["rigid.warped"])


def test_a_held_region_keeps_its_border_and_has_no_seam(found):
    inside = box(20, 6, 80, 58)
    assert torch.equal(found["held.warped"][inside == 0], picture()[inside == 0])
    assert not (found["held.moved"] * (1 - inside)).any() and not found["held.inpaint"].any()
    for name in ("held", "held_disc"):
        flow = found[f"{name}.flow"]
        torch.testing.assert_close(flow[0, :, 30, 40], torch.tensor([16.0, -8.0]), atol=0.02, rtol=0)
        torch.testing.assert_close(found[f"{name}.warped"][0, 22, 56], picture()[0, 30, 40], atol=0.02, rtol=0)
    # without a region a disc around the handle, 40 % of the shorter side wide on each side
    flow = found["held_disc.flow"].norm(dim=1)[0]
    assert flow[30, 56] > 0.5 and flow[30, 64] < 0.5 and not flow[:, 67:].any() and not flow[56:].any()


@pytest.mark.parametrize("motion", ["stretch", "flow"])
def test_stretch_and_a_flow_are_free_in_any_case(found, motion):
    for output in ("warped", "inpaint", "moved", "flow"):
        assert torch.equal(found[f"{motion}_held.{output}"], found[f"{motion}_free.{output}"])
    # a seam along the border of what moved
    assert (found[f"{motion}_held.inpaint"] * found[f"{motion}_held.moved"]).any()


def test_a_turn_at_a_point_is_followed_or_the_log_says_that_it_is_not(found, comfy):
    points = parse_points(TURNED)
    ends = points.to_grid(WIDTH, HEIGHT)
    expected = displace(*ends, HANDLE[0], "rigid", turns=points.turns)
    torch.testing.assert_close(found["turned_rigid.flow"], expected, atol=1e-4, rtol=0)
    assert (expected - displace(*ends, HANDLE[0], "rigid")).abs().max() > 2
    sentence = "Drag Warp: 1 of the points turn or scale, which is not followed here"
    # said of arap alone
    assert comfy.log().count(sentence) == 1


def test_front_decides_what_is_seen_where_regions_meet(found):
    assert torch.equal(found["longest.warped"], found["first.warped"])
    assert torch.equal(found["shortest.warped"], found["last.warped"])
    assert not torch.equal(found["longest.warped"], found["shortest.warped"])


def test_what_cannot_be_warped_is_said_in_one_sentence(comfy):
    def error(image, text, mask=None, flow=None):
        bench = Bench(comfy)
        bench.warp("never", image, text, mask, flow)
        message = bench.error()
        assert "\n" not in message
        return message

    image = picture()
    assert "Drag Warp: mask is 64 x 64, but the picture is 96 x 64" in error(image, SHIFT, HANDLE[..., :64])
    batch = "Drag Warp: mask has a batch of 2, but there are 3 pictures"
    assert batch in error(picture(batch=3), SHIFT, torch.cat((HANDLE, TARGET)))
    assert "point 1 starts outside the region" in error(image, "0.9,0.9 -> 0.5,0.5", HANDLE)
    nan = torch.full((1, 2, HEIGHT, WIDTH), torch.nan)
    assert "Drag Warp: flow contains NaN" in error(image, SHIFT, HANDLE, nan)
    assert "Drag Warp: flow has a batch of 2" in error(image, SHIFT, HANDLE, torch.zeros(2, 2, HEIGHT, WIDTH))
