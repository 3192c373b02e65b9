"""The drag warp: displacements over regions, their inverse, and the warped picture with its masks."""

import math
from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.displacements import DISPLACEMENTS, DisplacementError, displace
from dragkit.kernels.motion.nearest import nearest_handle
from dragkit.kernels.points.find_region import find_region
from dragkit.kernels.warp.inverse import FRONTS, invert
from dragkit.kernels.warp.picture import SAMPLINGS, drag_warp, inpaint_mask
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

GOLDEN = load_file(Path(__file__).parents[2] / "golden" / "drag_warp.safetensors")
HEIGHT, WIDTH = 90, 120
X, Y = torch.meshgrid(torch.arange(float(WIDTH)), torch.arange(float(HEIGHT)), indexing="xy")
CENTRE = torch.tensor([60.0, 45.0], dtype=torch.float64)
DISC = ((X - 60) / 30) ** 2 + ((Y - 45) / 24) ** 2 < 1
RING = DISC & ((X - 60) ** 2 + (Y - 45) ** 2 > 10**2)
HANDLES = torch.tensor([[40.0, 38], [76.3, 41.2], [55.7, 60], [64, 31]], dtype=torch.float64)
WHOLE = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)


def affine(matrix, shift=(0.0, 0.0)):
    matrix, shift = torch.tensor(matrix, dtype=torch.float64), torch.tensor(shift, dtype=torch.float64)
    return lambda xy: (xy - CENTRE) @ matrix.T + CENTRE + shift


def turn(angle, scale=1.0):
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return [[c, -s], [s, c]]


ALL = [name for name in DISPLACEMENTS if name != "stretch"]
TURNING, SCALING = ["rigid", "similarity", "affine", "arap"], ["similarity", "affine"]
MOTIONS = [
    (affine(turn(0.0), (6.3, -4.6)), ALL),
    (affine(turn(0.5), (3.0, 4.0)), TURNING),
    (affine(turn(2.6)), TURNING),
    (affine(turn(0.2, 1.4)), SCALING),
    (affine(turn(0.0, 2.8)), SCALING),
    (affine(turn(-0.3, 0.6)), SCALING),
    (affine([[1.0, 0.0], [0.0, 1.7]]), ["affine"]),
    (affine([[1.1, 0.3], [0.0, 0.9]], (2.0, 3.0)), ["affine"]),
]


def field(motion, height=HEIGHT, width=WIDTH):
    cells = torch.stack((X, Y), -1)[:height, :width].double()
    return (motion(cells) - cells).permute(2, 0, 1).float()


def inverse(flow, region, front="longest"):
    """Sources [H, W, 2] and where content arrives [H, W]."""
    source, mask = torch.zeros(*region.shape, 2), torch.zeros_like(region)
    for arrived in invert(flow, region, front):
        source[arrived.window] = torch.view_as_real(arrived.place + arrived.back)
        mask[arrived.window] = arrived.mask
    return source, mask


@pytest.mark.parametrize("region", [DISC, RING], ids=["disc", "ring"])
@pytest.mark.parametrize("motion,choice", [(motion, choice) for motion, choices in MOTIONS for choice in choices])
def test_exact_motions_are_recovered(motion, choice, region):
    flow = displace(HANDLES, motion(HANDLES), region, choice)
    assert flow.dtype == torch.float32 and not flow[0][:, ~region].any()
    assert (flow[0] - field(motion))[:, region].norm(dim=0).max() < 0.05


@pytest.mark.parametrize("region", [DISC, RING], ids=["disc", "ring"])
@pytest.mark.parametrize("motion", [motion for motion, _ in MOTIONS])
def test_the_inverse_undoes_the_motion_and_misses_nothing(motion, region):
    source, mask = inverse(field(motion), region)
    places = torch.stack((X, Y), -1)[mask]
    torch.testing.assert_close(motion(source[mask].double()).float(), places, atol=0.01, rtol=0)
    # what arrives is exactly what comes from a cell of the region
    origin = motion(torch.zeros(1, 2, dtype=torch.float64))
    matrix = (motion(torch.eye(2, dtype=torch.float64)) - origin).T
    back = ((torch.stack((X, Y), -1).double() - origin) @ torch.linalg.inv(matrix).T).round().long()
    inside = (back >= 0).all(-1) & (back[..., 0] < WIDTH) & (back[..., 1] < HEIGHT)
    expected = torch.zeros_like(region)
    expected[inside] = region[back[inside][:, 1], back[inside][:, 0]]
    assert (expected ^ mask).sum() <= 0.002 * expected.sum()


@pytest.mark.parametrize("choice", ALL)
def test_bent_motions_are_undone_where_they_can_be_seen(choice):
    targets = HANDLES + torch.tensor([[5.0, 2], [-3, 4], [2, -4], [-1, 3]], dtype=torch.float64)
    flow = displace(HANDLES, targets, DISC, choice)[0]
    source, mask = inverse(flow, DISC)
    grid = (source + 0.5) * 2 / torch.tensor([WIDTH, HEIGHT]) - 1
    ends = source + torch.nn.functional.grid_sample(flow[None], grid[None], align_corners=False)[0].permute(1, 2, 0)
    error = (ends - torch.stack((X, Y), -1)).norm(dim=-1)[mask]
    # at a tear or the rim of the region, between a flow and none, the sampled flow says nothing
    assert error.median() < 5e-3 and (error < 0.05).float().mean() > 0.85


def test_opposed_drags_do_not_fold_when_the_winner_takes_all():
    handles = torch.tensor([[45.0, 45], [75, 45]], dtype=torch.float64)
    targets = handles + torch.tensor([[9.0, 0], [-12, 0]], dtype=torch.float64)
    flow = displace(handles, targets, DISC, "nearest")[0]
    assert set(flow[0][DISC].tolist()) == {9.0, -12.0}
    source, mask = inverse(flow, DISC)
    back = (source - torch.stack((X, Y), -1))[mask]
    assert {tuple(one) for one in back.tolist()} == {(-9.0, 0.0), (12.0, 0.0)}
    # the longer move is in front as a whole, and only once
    assert (back[:, 0] == 12).sum() == (flow[0] == -12).sum()
    assert len(source[mask].unique(dim=0)) == mask.sum()


def test_the_nearest_handle_is_found_whatever_the_size():
    generator = torch.Generator().manual_seed(0)
    for height, width in ((1, 1), (3, 5), (9, 8), (37, 2), (50, 64)):
        handles = torch.rand(12, 2, generator=generator) * torch.tensor([width, height])
        cells = torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy"), -1).view(-1, 2)
        expected = torch.cdist(cells.float(), handles).argmin(1).view(height, width)
        assert torch.equal(nearest_handle(height, width, handles).long(), expected)


def test_nearest_4_is_the_published_mean():
    generator = torch.Generator().manual_seed(1)
    handles = torch.rand(7, 2, generator=generator).double() * 20 + 50
    targets = handles + torch.randn(7, 2, generator=generator)
    flow = displace(handles, targets, DISC, "nearest-4")[0]
    for x, y in ((52, 50), (60, 45), (68, 61)):
        distance = (torch.tensor([x, y]) - handles).norm(dim=1)
        order = distance.argsort()[:4]
        weight = 1 / (distance[order] + 1e-6)
        expected = (weight[:, None] * (targets - handles)[order]).sum(0) / weight.sum()
        torch.testing.assert_close(flow[:, y, x].double(), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("choice", ["rigid", "similarity", "affine"])
def test_close_handles_that_part_reach_their_targets(choice):
    handles = torch.tensor([[151.0, 101], [157, 101]], dtype=torch.float64)
    vectors = torch.tensor([[0.0, -30], [0, 30]], dtype=torch.float64)
    flow = displace(handles, handles + vectors, torch.ones(300, 400, dtype=torch.bool), choice)[0]
    for handle, vector in zip(handles.long().tolist(), vectors.float(), strict=True):
        torch.testing.assert_close(flow[:, handle[1], handle[0]], vector, atol=0.01, rtol=0)


def test_arap_reaches_its_targets_and_bends_less_than_the_mean():
    handles = torch.tensor([[32.0, 45], [60, 45], [88, 45]], dtype=torch.float64)
    targets = handles + torch.tensor([[0.0, 8], [0, -8], [0, 8]], dtype=torch.float64)
    band = (X > 28) & (X < 92) & ((Y - 45).abs() < 8)

    def stretch(choice):
        flow = displace(handles, targets, band, choice)[0]
        for handle, target in zip(handles.long().tolist(), targets.tolist(), strict=True):
            arrived = torch.tensor(handle) + flow[:, handle[1], handle[0]]
            assert torch.dist(arrived, torch.tensor(target)) < 0.1
        end = torch.stack((X, Y)) + flow
        return (end.diff(dim=1)[:, 38:52, 30:90].norm(dim=0) - 1).square().mean()

    assert stretch("arap") < 0.5 * stretch("nearest-4")


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


TWO = ((X - 30).abs() < 10) & ((Y - 45).abs() < 10) | ((X - 90).abs() < 10) & ((Y - 45).abs() < 10)


@pytest.mark.parametrize("choice", list(DISPLACEMENTS))
def test_each_part_of_a_region_follows_its_own_points(choice):
    handles = torch.tensor([[30.0, 45], [101.0, 45]], dtype=torch.float64)
    flow = displace(handles, handles + torch.tensor([[0.0, 7]]), TWO, choice)[0]
    assert flow[1, 45, 30] == pytest.approx(7, abs=1e-4) and flow[1, 45, 96:100].min() > 0.5
    flow = displace(handles[:1], handles[:1] + 5, TWO, choice)[0]
    assert flow[:, :, :45].any() and not flow[:, :, 60:].any()


def test_a_point_outside_belongs_to_the_nearest_part_or_is_named():
    handles = torch.tensor([[30.0, 45], [42.0, 45]], dtype=torch.float64)
    flow = displace(handles, handles + 4, TWO, "nearest", reach=3)[0]
    assert flow[:, :, :45].any() and not flow[:, :, 60:].any()
    with pytest.raises(DisplacementError, match="^point 2 starts outside the region, more than 2 away from it; [^.]*$"):
        displace(handles, handles + 4, TWO, "nearest", reach=2)
    with pytest.raises(DisplacementError, match="^point 1 "):
        displace(handles, handles + 4, TWO & False, "rigid")


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


def test_a_region_is_found_around_the_points():
    handles = torch.tensor([[20.0, 20], [90, 60]], dtype=torch.float64)
    region = find_region(handles, handles + torch.tensor([[30.0, 0], [0, 2]]), HEIGHT, WIDTH)
    # half the drag, and the least part of the shorter side
    assert region[20, 6] and not region[20, 3] and region[60, 84] and not region[60, 81]
    assert region[20, 20] and region[60, 90] and not region[40, 55]
    assert not find_region(handles[:0], handles[:0], HEIGHT, WIDTH).any()


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
