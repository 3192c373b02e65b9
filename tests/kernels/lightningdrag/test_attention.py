"""LightningDrag's kernels against the published code's numbers, and where they are to be better than it."""

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.diffusion.kv_cache import KVCache
from dragkit.kernels.lightningdrag import image_tokens
from dragkit.kernels.lightningdrag.attention import (
    REFERENCE_LEVELS,
    PointAttentionError,
    add_to_keys,
    add_to_queries,
    join_reference,
    project_points,
    with_reference,
)
from dragkit.kernels.lightningdrag.embedding import (
    MAX_POINTS,
    PointEmbedding,
    PointEmbeddingError,
    build,
    hidden_points,
    point_maps,
)
from dragkit.kernels.lightningdrag.guidance import DECAYS, felt, guided, point_scales
from dragkit.kernels.points.drag_points import DragPoints
from safetensors.torch import load_file

from ...golden.lightningdrag_rule import by_rule

GOLDEN = Path(__file__).parents[2] / "golden"
MANIFEST = json.loads((GOLDEN / "lightningdrag_point_embedding_manifest.json").read_text())
NUMBERS = load_file(GOLDEN / "lightningdrag.safetensors")


def numbers(group):
    return {key.removeprefix(group): value for key, value in NUMBERS.items() if key.startswith(group)}


def close(found, golden, tolerance=1e-5):
    assert found.shape == golden.shape and (found - golden).abs().max() <= tolerance * golden.abs().max()


def attend(q, k, v, heads):
    q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


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


def published_attention():
    """A block's golden numbers, its output from q, k, v, and the points projected for the row that sees them."""
    case = numbers("attention/points/")
    weights = {key.removeprefix("attn."): value for key, value in case.items() if key.startswith("attn.")}
    processor = {key.removeprefix("proc."): value for key, value in case.items() if key.startswith("proc.")}
    levels = [(case["handle_emb"][1:], case["target_emb"][1:])]

    def out(q, k, v):
        found = attend(q, k, v, int(case["heads"]))
        return F.linear(found, weights["to_out.0.weight"], weights["to_out.0.bias"])[..., 1::4]

    cache = KVCache(REFERENCE_LEVELS)
    cache.put(cache.step_of(0), "block", case["ref"])
    tokens = with_reference(cache, "block", case["x"])
    q, k, v = (
        F.linear(x, weights[f"to_{name}.weight"]) for name, x in (("q", case["x"]), ("k", tokens), ("v", tokens))
    )
    return case, out, project_points(levels, {"block": processor})["block"], (q, k, v)


def test_point_attention_is_the_published_one():
    case, out, points, (q, k, v) = published_attention()
    assert case["uc_mask"].tolist() == [1, 0]
    close(out(q, k, v), case["out_ref_only"])
    moved = add_to_queries(q, points[0], (False, True)), add_to_keys(k, *points, (False, True))
    close(out(*moved, v), case["out_points"])
    # what others put behind the reference stays as it is, and so do the arguments
    more = torch.cat((k, k[:, :3]), 1)
    before = more.clone()
    assert torch.equal(add_to_keys(more, *points, (False, True))[:, -3:], k[:, :3]) and torch.equal(more, before)


@pytest.mark.parametrize("pictures", [1, 2])
def test_a_reference_projected_apart_is_joined_to_what_the_whole_gives(pictures):
    _, _, points, (_, k, _) = published_attention()
    own = torch.cat((k[:, :24], 2 * k[:, :24])).repeat_interleave(pictures, 0)[: 2 * pictures]
    reference = k[:1, 24:].repeat(pictures, 1, 1) * torch.arange(1.0, pictures + 1).view(-1, 1, 1)
    before = own.clone(), reference.clone()
    whole = torch.cat((own, reference.repeat(2, 1, 1)), 1)
    assert torch.equal(
        join_reference(own, reference, points, (True, False)), add_to_keys(whole, *points, (True, False))
    )
    assert torch.equal(join_reference(own, reference), whole)
    assert torch.equal(own, before[0]) and torch.equal(reference, before[1])


def test_branches_see_the_points_or_not():
    _, _, points, (q, k, _) = published_attention()
    q, k = q.repeat(3, 1, 1), k.repeat(3, 1, 1)
    shown = (True, False, True)
    for one, moved in ((q, add_to_queries(q, points[0], shown)), (k, add_to_keys(k, *points, shown))):
        assert (one == moved).all(2).all(1).tolist() == [False, False, True, True, False, False]


def test_points_of_another_size_are_refused():
    _, _, points, (q, k, _) = published_attention()
    with pytest.raises(PointAttentionError, match="for 24 latent cells where the sampler has 12"):
        add_to_queries(q[:, :12], points[0])
    with pytest.raises(PointAttentionError, match="for 24 latent cells"):
        add_to_keys(k[:, :40], *points)
    with pytest.raises(PointAttentionError, match="block x is for a point embedding of 7 channels; this one has 16"):
        project_points([(torch.zeros(1, 16, 1, 1),) * 2], {"x": {"norm.weight": torch.zeros(7)}})


def test_image_tokens_are_the_published_ones():
    case = numbers("attention/ip/")
    weights = {key.removeprefix("attn."): value for key, value in case.items() if key.startswith("attn.")}
    text, tokens = case["context_text_then_ip"].split((7, 4), 1)
    q, k, v = (F.linear(x, weights[f"to_{name}.weight"]) for name, x in (("q", case["x"]), ("k", text), ("v", text)))
    keys = image_tokens.image_keys(
        tokens, {key.removeprefix("ip."): value for key, value in case.items() if key.startswith("ip.")}
    )
    heads = int(case["heads"])
    found = attend(q, k, v, heads) + image_tokens.image_term(q, *keys, heads)
    close(F.linear(found, weights["to_out.0.weight"], weights["to_out.0.bias"]), case["out"])
    # one picture serves all rows
    term = image_tokens.image_term(q.repeat(3, 1, 1), *keys, heads)
    close(term[2:], image_tokens.image_term(q, *keys, heads))


def test_image_tokens_folded_into_the_projections_give_the_same():
    generator = torch.Generator().manual_seed(0)
    to_q, to_out = torch.nn.Linear(24, 24, bias=False), torch.nn.Linear(24, 24)
    hidden, k, v = (torch.randn(*size, generator=generator) for size in ((6, 10, 24), (2, 4, 24), (2, 4, 24)))
    with torch.no_grad():
        expected = to_out(image_tokens.image_term(to_q(hidden), k, v, 3)) - to_out.bias
        found = image_tokens.folded_term(hidden, *image_tokens.fold(to_q, to_out, k, v, 3), 3)
    close(found, expected)


def test_the_image_projection_is_the_published_one():
    case = numbers("attention/image_proj/")
    network = image_tokens.build({key: case[key] for key in case if key not in ("in", "out")}, "test")
    close(network(case["in"]), case["out"])
    close(network(case["in"][:, 0]), case["out"])
    with pytest.raises(image_tokens.ImageTokensError, match="file has no image projection .*: it begins with latents"):
        image_tokens.build({"latents": torch.zeros(1)}, "file")


def test_decays_are_the_published_ones():
    checked = 0
    for key, golden in numbers("decay/").items():
        run, decay = key.split("/")
        steps, scale = run.removeprefix("n").split("_g")
        found = torch.tensor(point_scales(float(scale), decay, int(steps)), dtype=torch.float64)
        torch.testing.assert_close(found, golden, rtol=0, atol=1e-12)
        checked += 1
    assert checked == 6 * len(DECAYS)


def test_guidance_is_right_at_scale_1():
    without, shown = torch.rand(2, 3), torch.rand(2, 3)
    assert torch.equal(guided(None, shown, 1.0), shown) and torch.equal(guided(without, shown, 0.0), without)
    torch.testing.assert_close(guided(without, shown, 3.0), 3 * shown - 2 * without)
    assert all(point_scales(1.0, decay, 4) == [1] * 4 for decay in DECAYS)
    assert point_scales(3.0, "none", 4, 2) == [3, 3, 1, 1]


def test_faint_guidance_is_left_out():
    # the published 8 steps: the last one has decayed to 1.03
    assert [felt(scale) != 1 for scale in point_scales(3.0, "inv_square", 8)] == [True] * 7 + [False]
    assert felt(0.9) == 0.9 and felt(1.06) == 1.06 and felt(0.97) == 1 == felt(1.03)
