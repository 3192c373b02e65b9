"""Points and the reference in self-attention against the published code's numbers."""

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.diffusion.kv_cache import KVCache
from dragkit.kernels.lightningdrag.attention import (
    REFERENCE_LEVELS,
    PointAttentionError,
    add_to_keys,
    add_to_queries,
    join_reference,
    project_points,
    with_reference,
)

from .published import attend, close, numbers


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
