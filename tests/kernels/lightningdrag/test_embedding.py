"""The point embedding against the published code's numbers, and which weights it takes."""

import json

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.lightningdrag.embedding import (
    MAX_POINTS,
    PointEmbedding,
    PointEmbeddingError,
    build,
    hidden_points,
    point_maps,
)
from dragkit.kernels.points.drag_points import DragPoints

from ...golden.lightningdrag_rule import by_rule
from .published import GOLDEN, NUMBERS, numbers

MANIFEST = json.loads((GOLDEN / "lightningdrag_point_embedding_manifest.json").read_text())


def published_maps():
    points = numbers("embedding/")
    # the centres of the pixels
    return point_maps(points["handle_points_yx"].flip(1) + 0.5, points["target_points_yx"].flip(1) + 0.5, 128, 192)


def test_maps_are_the_published_ones():
    maps = published_maps()
    for name, found in zip(("handle", "target"), maps[0], strict=True):
        expected = torch.zeros(128, 192, dtype=torch.long)
        row, column, number = numbers("embedding/")[f"{name}_map"].T
        expected[row, column] = number
        assert torch.equal(found, expected)
    # the fourth handle lies on the third
    assert hidden_points(maps, 5) == [3]


def test_points_anywhere_on_the_picture_have_a_pixel():
    points = DragPoints([[0, 0], [1, 1], [0.5, 0.26]], [[1, 0], [0, 1], [0.99, 0.01]])
    maps = point_maps(*points.to_pixels(100, 50), 50, 100)
    assert maps[0, 0, 0, 0] == 1 and maps[0, 0, 49, 99] == 2 and maps[0, 0, 13, 50] == 3
    assert maps[0, 1, 0, 99] == 3 and maps[0, 1, 49, 0] == 2 and hidden_points(maps, 3) == [1]
    assert not point_maps(torch.zeros(0, 2), torch.zeros(0, 2), 8, 8).any()
    # every number survives half precision, and the next would not
    numbers = torch.arange(1, MAX_POINTS + 2)
    assert (numbers.bfloat16().long() == numbers).tolist() == [True] * MAX_POINTS + [False]
    with pytest.raises(PointEmbeddingError, match="there are 257 points; .* 256 at most"):
        point_maps(torch.zeros(257, 2), torch.zeros(257, 2), 8, 8)


def test_the_embedding_has_the_published_parameters():
    with torch.device("meta"):
        network = PointEmbedding()
    assert {name: list(value.shape) for name, value in network.state_dict().items()} == MANIFEST["keys"]
    assert sum(value.numel() for value in network.parameters()) == MANIFEST["params"]


@pytest.mark.parametrize(("rule", "gain"), [("ruleA", None), ("ruleB_gain2", 2.0)])
def test_the_embedding_is_the_published_one(rule, gain):
    levels = build(by_rule(MANIFEST["keys"], gain), "test")(published_maps())
    for i, pair in enumerate(levels):
        assert pair[0].shape == (1, MANIFEST["output_dim"][i], 16 >> i, 24 >> i)
        for name, found in zip(("handle", "target"), pair, strict=True):
            golden = NUMBERS[f"embedding/{rule}/{name}_{i}"]
            assert (found[:, 3 :: 16 << i, i % 2 :: 2, ::2] - golden).abs().max() < 1e-4 * golden.std()


@pytest.mark.parametrize("size", [(1, 1), (7, 11), (8, 5), (9, 13)])
def test_levels_have_the_grids_of_a_unet_of_any_size(size):
    levels = PointEmbedding(2)(torch.zeros(1, 2, 8 * size[0], 8 * size[1]))
    x = torch.zeros(1, 1, *size)
    for handle, target in levels:
        assert handle.shape == target.shape and handle.shape[-2:] == x.shape[-2:] and not handle.any()
        x = F.conv2d(x, torch.zeros(1, 1, 3, 3), stride=2, padding=1)


@pytest.mark.parametrize("below", [0, 2])
def test_an_embedding_may_have_fewer_levels(below):
    whole = PointEmbedding(2)
    weights = PointEmbedding(2, below).state_dict()
    weights = {name: value for name, value in whole.state_dict().items() if name in weights}
    maps = point_maps(torch.tensor([[20.0, 30.0]]), torch.tensor([[50.0, 9.0]]), 64, 64)
    found, levels = build(weights, "test")(maps), whole(maps)
    assert len(found) == below + 1 and len(levels) == 4
    for one, other in zip(found, levels, strict=False):
        assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_weights_that_are_no_point_embedding_are_named():
    with torch.device("meta"):
        good = PointEmbedding(2).state_dict()
    last = "downsample_blocks_unet.2.conv2.weight"
    wrong = {
        "it has no conv_in.weight, it begins with 0.norm.weight": {"0.norm.weight": torch.zeros(1)},
        "it is empty": {},
        "its first layer has 33 channels": {"conv_in.weight": torch.zeros(33, 2, 3, 3)},
        "conv_in.weight is [4, 4, 3, 3] instead of [4, 2, 3, 3]": good | {"conv_in.weight": torch.zeros(4, 4, 3, 3)},
        f"{last} is missing": {name: value for name, value in good.items() if name != last},
    }
    for said, weights in wrong.items():
        with pytest.raises(PointEmbeddingError) as error:
            build(weights, "file.pt")
        assert str(error.value).startswith("file.pt is no point embedding") and said in str(error.value)
