"""The drag warp: the picture, what opened up, what is in front, and the mask to paint anew."""

from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.displacements import DISPLACEMENTS, displace
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.kernels.points.find_region import find_region
from dragkit.kernels.warp.picture import SAMPLINGS, drag_warp, inpaint_mask
from dragkit.kernels.warp.sheet import FRONTS
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from ..known_motions import DISC, HANDLES, HEIGHT, TWO, WIDTH, X, affine, field, turn

GOLDEN = load_file(Path(__file__).parents[2] / "golden" / "drag_warp.safetensors")


def test_the_golden_numbers_hold_every_choice():
    assert {name.split("/")[0] for name in GOLDEN if "/" in name} == set(DISPLACEMENTS)


@pytest.mark.parametrize("choice", list(DISPLACEMENTS))
def test_a_choice_gives_its_golden_numbers(choice):
    region = GOLDEN["region"].bool()
    flow = displace(GOLDEN["handles"], GOLDEN["targets"], region, choice)
    torch.testing.assert_close(flow, GOLDEN[f"{choice}/flow"], atol=1e-3, rtol=1e-3)
    warped = drag_warp(GOLDEN["image"], GOLDEN[f"{choice}/flow"], region[None])
    torch.testing.assert_close(warped.image, GOLDEN[f"{choice}/image"], atol=1e-3, rtol=1e-3)
    assert torch.equal(warped.opened, GOLDEN[f"{choice}/opened"].bool())


@pytest.mark.parametrize("choice", list(DISPLACEMENTS))
def test_no_drag_changes_nothing(choice):
    image = torch.rand(2, 3, HEIGHT, WIDTH)
    for handles in (HANDLES, HANDLES[:0]):
        flow = displace(handles, handles, DISC, choice)
        assert not flow.any()
        warped = drag_warp(image, flow, DISC[None])
        assert torch.equal(warped.image, image) and not warped.opened.any() and not warped.moved.any()


def test_zero_flow_beside_a_motion_stays_bit_for_bit():
    image = torch.rand(1, 3, HEIGHT, WIDTH)
    flow = field(affine(turn(0.4))) * (X < 60)
    warped = drag_warp(image, flow[None], TWO[None], "bicubic")
    right = X > 70
    assert torch.equal(warped.image[:, :, right], image[:, :, right])
    assert not warped.opened[0][right].any() and not warped.moved[0][right].any()
    assert warped.moved.any() and warped.opened.any()


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_translation_moves_pixels_and_says_what_opened(sampling):
    image = torch.rand(1, 3, 40, 50)
    region = torch.zeros(1, 40, 50, dtype=torch.bool)
    region[:, 10:20, 10:30] = True
    flow = torch.tensor([12.0, 5.0]).view(1, 2, 1, 1).expand(1, 2, 40, 50)
    warped = drag_warp(image, flow, region, sampling)
    arrived = region.roll((5, 12), (1, 2))
    assert torch.equal(warped.moved, arrived) and torch.equal(warped.opened, region & ~arrived)
    torch.testing.assert_close(warped.image[0, :, 15:25, 22:42], image[0, :, 10:20, 10:30], atol=1e-4, rtol=0)
    assert torch.equal(warped.image[:, :, ~arrived[0]], image[:, :, ~arrived[0]])


def test_content_leaves_the_frame():
    image = torch.rand(1, 1, 20, 20)
    region = torch.ones(1, 20, 20, dtype=torch.bool)
    away = drag_warp(image, torch.full((1, 2, 20, 20), 1e7), region)
    assert torch.equal(away.image, image) and away.opened.all() and not away.moved.any()
    partly = drag_warp(image, torch.full((1, 2, 20, 20), -15.0), region)
    torch.testing.assert_close(partly.image[..., :5, :5], image[..., 15:, 15:], atol=1e-5, rtol=0)
    assert partly.moved.sum() == 25 and partly.opened.sum() == 375


@pytest.mark.parametrize("front,seen", [("longest", 2.0), ("shortest", 1.0), ("first", 1.0), ("last", 2.0)])
def test_what_is_in_front_where_regions_meet(front, seen):
    image = torch.where(X < 60, 1.0, 2.0)[None, None]
    flow = torch.where(X < 60, 25.0, -35.0)
    flow = torch.stack((flow, torch.zeros_like(flow)))[None]
    warped = drag_warp(image, flow, TWO[None], front=front)
    assert front in FRONTS and (warped.image[0, 0, 36:55, 46:65] == seen).all()


def test_a_picture_at_the_edge_of_sense():
    point, target = torch.tensor([[0.0, 0.0]], dtype=torch.float64), torch.tensor([[3.0, 2.0]], dtype=torch.float64)
    for size in ((1, 1), (1, 9), (8, 8)):
        image, region = torch.rand(1, 3, *size), torch.zeros(1, *size, dtype=torch.bool)
        region[0, 0, 0] = True
        for choice in DISPLACEMENTS:
            warped = drag_warp(image, displace(point, target, region[0], choice), region)
            assert warped.opened.sum() == 1 and warped.moved.sum() == (size == (8, 8))
            if size == (8, 8):
                torch.testing.assert_close(warped.image[..., 2, 3], image[..., 0, 0])


def test_a_huge_picture_has_exact_positions():
    image = torch.zeros(1, 1, 4096, 4096)
    image[0, 0, 4000:4040, 4000:4040] = torch.rand(40, 40)
    handles = torch.tensor([[4005.0, 4005], [4030, 4030]], dtype=torch.float64)
    region = torch.zeros(4096, 4096, dtype=torch.bool)
    region[4000:4040, 4000:4040] = True
    flow = displace(handles, handles - torch.tensor([3990.0, 2000]), region, "rigid")
    warped = drag_warp(image, flow, region[None])
    assert warped.moved.sum() == 1600 and warped.opened.sum() == 1600
    torch.testing.assert_close(
        warped.image[0, 0, 2000:2040, 10:50], image[0, 0, 4000:4040, 4000:4040], atol=2e-3, rtol=0
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_batch_is_a_loop_in_any_dtype(dtype):
    image = torch.rand(2, 5, HEIGHT, WIDTH).to(dtype)
    kept = image.clone()
    flows = torch.stack((field(affine(turn(0.3))), field(affine(turn(0.0), (4.0, 2.5)))))
    regions = torch.stack((DISC, TWO))
    together = drag_warp(image, flows, regions)
    assert together.image.dtype == dtype and together.opened.shape == together.moved.shape == (2, HEIGHT, WIDTH)
    for i in range(2):
        one = drag_warp(image[i : i + 1], flows[i : i + 1], regions[i : i + 1])
        for part, whole in zip(one, together, strict=True):
            assert torch.equal(part[0], whole[i])
    shared = drag_warp(image, flows[:1], regions[:1])
    assert torch.equal(shared.image[0], together.image[0]) and shared.moved.shape == (2, HEIGHT, WIDTH)
    assert torch.equal(image, kept)


def test_bicubic_values_stay_within_their_own_picture():
    image = torch.stack((torch.rand(3, HEIGHT, WIDTH).round(), 5 * torch.rand(3, HEIGHT, WIDTH)))
    flow = torch.full((1, 2, HEIGHT, WIDTH), 0.4)
    warped = drag_warp(image, flow, torch.ones(1, HEIGHT, WIDTH, dtype=torch.bool), "bicubic")
    assert warped.moved.all(-1).any() and warped.image[0].min() >= 0 and warped.image[0].max() <= 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(DISPLACEMENTS)), st.sampled_from(FRONTS))
def test_any_drag_over_any_region(seed, choice, front):
    generator = torch.Generator().manual_seed(seed)
    height, width, count = (int(n) for n in torch.randint(1, 33, (3,), generator=generator))
    size = torch.tensor([width, height])
    handles, targets = (torch.rand(count, 2, generator=generator).double() * size - 0.5 for _ in range(2))
    region = torch.rand(height, width, generator=generator) < torch.rand(1, generator=generator)
    region |= find_region(handles[:1], targets[:1], height, width)
    flow = displace(handles, targets, region, choice, reach=100)
    assert flow.isfinite().all() and not flow[0][:, ~region].any()
    image = torch.rand(1, 2, height, width, generator=generator)
    warped = drag_warp(image, flow, region[None], front=front)
    assert warped.image.isfinite().all() and image.min() <= warped.image.min() and warped.image.max() <= image.max()
    still = ~warped.moved[0]
    assert torch.equal(warped.image[:, :, still], image[:, :, still])
    assert not (warped.opened & warped.moved).any() and not (warped.opened[0] & ~region).any()


def test_the_inpaint_mask_holds_what_opened_and_the_seam():
    opened, moved = torch.zeros(2, 1, 60, 80, dtype=torch.bool)
    opened[:, 20:30, 10:20] = True
    moved[:, 20:50, 30:60] = True
    hard = inpaint_mask(opened, moved, seam=6, grow=2, feather=0)[0]
    expected = torch.zeros(60, 80)
    expected[18:32, 8:22] = 1
    expected[17:53, 27:63] = 1
    expected[23:47, 33:57] = 0
    assert torch.equal(hard, expected)
    soft = inpaint_mask(opened, moved, seam=6, grow=2, feather=4)[0]
    assert (soft[hard == 1] == 1).all()
    torch.testing.assert_close(soft[25, 1:9], torch.tensor([0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1.0]))
    nothing = torch.zeros(1, 9, 9, dtype=torch.bool)
    assert not inpaint_mask(nothing, nothing, 6, 2, 4).any()
    assert torch.equal(inpaint_mask(opened, moved, 0, 0, 0), opened.float())


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (8000, 1), (1, 8000), (9, 7)])
@pytest.mark.parametrize("choice", DISPLACEMENTS)
def test_pictures_of_any_proportions(size, choice):
    height, width = size
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    points = DragPoints(torch.tensor([[0.3, 0.4]]), torch.tensor([[0.6, 0.5]])).to_grid(width, height)
    for region in (torch.ones(height, width, dtype=torch.bool), find_region(*points, height, width)):
        warped, opened, moved = drag_warp(image, displace(*points, region, choice), region[None], "bicubic")
        assert warped.shape == image.shape and warped.isfinite().all()
        assert 0 <= warped.min() and warped.max() <= 1
        assert torch.equal(warped[~moved[:, None].expand_as(warped)], image[~moved[:, None].expand_as(warped)])
