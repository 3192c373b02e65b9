"""FlowGen's maps against the published code's numbers, and where they are to be better than it."""

import pytest
import torch
from dragkit.kernels.instantdrag.conditioning import flow_channels
from dragkit.kernels.instantdrag.flowgen_maps import MODES, frame, generate_flow, input_maps

from .published import MAPS, NUMBERS, X, Y, close, published_picture, published_points, published_scale


@pytest.mark.parametrize("case", MAPS)
def test_maps_are_the_published_ones(case):
    handles, targets = published_points(case)
    maps, _ = input_maps(published_picture(), handles, targets, "published")
    close(maps[:, :3, 1::16, 4::16], NUMBERS["image"])
    vectors = torch.zeros(2, 256, 256)
    vectors[tuple(NUMBERS[f"maps/{case}/vectors_at"].long().T)] = NUMBERS[f"maps/{case}/vectors"]
    torch.testing.assert_close(maps[0, 3:], vectors, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", sorted(set(MAPS) - {"one_point_auto"}))
def test_flow_is_the_published_one(case):
    raw = torch.stack((0.6 * torch.sin(X / 40 + Y / 97), 0.45 * torch.cos(X / 71 - Y / 33)))[None]
    picture, points = published_picture(), published_points(case)
    flow = generate_flow(lambda maps: raw, picture, *points, "published", published_scale(case))
    found = flow_channels(flow, 64, 64)[..., ::3, 1::3]
    torch.testing.assert_close(found, NUMBERS[f"maps/{case}/flow_latent"], rtol=0, atol=1e-6)


def answer(x, y):
    """A network that lets everything move along (x, y)."""
    return lambda maps: torch.tensor([x, y]).view(1, 2, 1, 1).expand(len(maps), 2, 256, 256)


@pytest.mark.parametrize("size", [(512, 512), (384, 512), (700, 301), (90, 128), (2000, 1999), (3, 400)])
def test_any_picture_keeps_its_proportions_and_the_direction_of_its_drags(size):
    height, width = size
    where = frame(height, width, "proportional")
    assert max(where.height, where.width) == 256
    assert abs(where.width / where.height / (width / height) - 1) < 0.51 / min(where.width, where.height)
    picture = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    handles = torch.tensor([[0.25, 0.5], [1.0, 1.0]], dtype=torch.float64)
    move = torch.tensor([[0.2, 0.05], [-0.1, -0.0125]], dtype=torch.float64)
    maps, _ = input_maps(picture, handles, handles + move, "proportional")
    assert maps.shape == (2, 5, 256, 256) and maps.isfinite().all()
    # each drag is four cells of the map, all in its own direction
    pixels = move * torch.tensor([width, height])
    for (x, y), drag in zip((handles * torch.tensor([where.width, where.height])).tolist(), pixels, strict=True):
        column = where.left + min(int(x), where.width - 1)
        row = where.top + min(int(y), where.height - 1)
        found = maps[0, 3:, row, column]
        assert torch.cosine_similarity(found.double(), drag, 0) > 1 - 1e-3
        assert found.norm() > 0
    assert torch.equal(maps[0, 3:], maps[1, 3:])
    flow = generate_flow(answer(0.4, 0.1), picture, handles, handles + move)
    assert flow.shape == (2, 2, where.height, where.width)
    # the longest component of all drags, in cells of the flow, and nothing turned
    longest = (move * torch.tensor([where.width, where.height])).abs().max()
    torch.testing.assert_close(flow[:, 0], torch.full_like(flow[:, 0], float(longest)))
    torch.testing.assert_close(flow[:, 1], flow[:, 0] / 4)
    half = generate_flow(answer(0.4, 0.1), picture, handles, handles + move, scale=0.5)
    torch.testing.assert_close(half, flow * 0.2)


def test_a_square_is_what_was_published_but_for_the_direction():
    handles, targets = published_points("one_point_auto")
    ours, theirs = (input_maps(published_picture(), handles, targets, mode)[0] for mode in MODES)
    assert torch.equal(ours[:, :3], theirs[:, :3]) and torch.equal(ours[:, 3], theirs[:, 3])
    torch.testing.assert_close(ours[:, 4], theirs[:, 4] / 2)  # (60, -30)


def test_the_picture_lies_where_its_handles_do():
    picture = torch.ones(1, 3, 256, 512)
    picture[..., 60:100, 300:340] = 0
    handle, target = torch.tensor([[320 / 512, 80 / 256]]).double(), torch.ones(1, 2).double()
    maps, _ = input_maps(picture, handle, target, "proportional")
    row, column = maps[0, 3].nonzero().float().mean(0).round().long().tolist()
    assert maps[0, :3, row, column].max() < -0.9
    # margins repeat the border
    assert maps[0, :3, :64].min() > 0.9 and maps[0, :3, 192:].min() > 0.9


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_without_motion_is_one_without_motion(mode):
    handles, targets = published_points("one_point_auto")
    for x, y in ((0.0, 0.0), (0.3, 0.0)):
        flow = generate_flow(answer(x, y), published_picture(), handles, targets, mode)
        assert flow.isfinite().all() and flow[:, 1].abs().max() == 0 and (flow[:, 0] != 0).all() == (x != 0)


@pytest.mark.parametrize("mode", MODES)
def test_without_a_drag_nothing_moves_and_nothing_is_asked(mode):
    handle = torch.tensor([[0.2, 0.3]], dtype=torch.float64)
    for points in ((handle, handle), (handle[:0], handle[:0])):
        flow = generate_flow(None, torch.rand(2, 3, 100, 200), *points, mode)
        assert flow.shape == (2, 2, *((256, 256) if mode == "published" else (128, 256))) and flow.abs().max() == 0
