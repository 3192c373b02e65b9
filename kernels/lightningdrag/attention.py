"""LightningDrag's self-attention (Shi et al. 2024): tokens are [own | reference], and what is at the target of a pair
looks for what the reference has at its handle.

    query += p(target)      key += [p(target) | p(handle)]      p = Linear(LayerNorm(point embedding))

The reference is the hidden state that enters the same block of the appearance encoder, which sees the clean latent at
timestep 0: a KVCache of the one level 0 records it, and what replay reads from it stands behind the block's own.
"""

import torch
import torch.nn.functional as F

from ..diffusion.kv_cache import replay

# the noise level that the KVCache of a reference has
REFERENCE_LEVELS = (0.0,)
EPS = 1e-5


class PointAttentionError(ValueError):
    """Points that do not fit the grid that is being sampled; the message says both sizes."""


def with_reference(cache, block, hidden):
    """[own | reference] tokens [n * B, N + R, d] of a block's hidden state [n * B, N, d] entering self-attention; a
    recording of B pictures (or of one) serves each of n chunks."""
    return torch.cat((hidden, replay(cache, 0, block, hidden)), 1)


def project(embedding, weights):
    """p of an embedding [B, ed, h, w]: [B, h * w, d], row by row; weights are a block's norm.weight, norm.bias [ed] and
    proj.weight [d, ed]."""
    tokens = embedding.flatten(2).transpose(1, 2)
    tokens = F.layer_norm(tokens, tokens.shape[-1:], weights["norm.weight"], weights["norm.bias"], EPS)
    return F.linear(tokens, weights["proj.weight"])


def project_points(levels, points):
    """{block: (p(target), p(handle))} of PointEmbedding's levels for all blocks of `points` {block: weights}; once per
    edit.

    A block takes the level that has as many channels as its norm: the published code goes by the number of tokens,
    which is the same for every picture of whole latent cells, since UNet and embedding both round up when they halve.
    """
    by_width = {handle.shape[1]: (handle, target) for handle, target in levels}
    found = {}
    for block, weights in points.items():
        width = len(weights["norm.weight"])
        if width not in by_width:
            raise PointAttentionError(
                f"block {block} is for a point embedding of {width} channels; this one has "
                f"{', '.join(map(str, by_width))}"
            )
        handle, target = by_width[width]
        found[block] = project(target, weights), project(handle, weights)
    return found


def _add(tokens, parts, shown):
    """Changes tokens."""
    length, rows = sum(part.shape[1] for part in parts), len(tokens) // len(shown)
    if tokens.shape[1] < length:
        raise PointAttentionError(
            f"the drag points are for {parts[0].shape[1]} latent cells where the sampler has {tokens.shape[1]} tokens; "
            "sample at the size of the picture that the points were placed on"
        )
    for i, visible in enumerate(shown):
        start = 0
        for part in parts if visible else ():
            tokens[i * rows : (i + 1) * rows, start : start + part.shape[1]] += part
            start += part.shape[1]
    return tokens


def add_to_queries(q, p_target, shown=(True,)):
    """Projected queries [n * B, N, d] with the points added; p [1 or B, N, d]. `shown` says of each of the n equal
    chunks (guidance branches) whether it sees the points: the others stay as they are."""
    if q.shape[1] != p_target.shape[1]:
        raise PointAttentionError(
            f"the drag points are for {p_target.shape[1]} latent cells where the sampler has {q.shape[1]}; "
            "sample at the size of the picture that the points were placed on"
        )
    return _add(q.clone(), (p_target,), shown)


def add_to_keys(k, p_target, p_handle, shown=(True,)):
    """Projected keys [n * B, N + R (+ others), d] of [own | reference (| tokens of others)] with the points added."""
    return _add(k.clone(), (p_target, p_handle), shown)


def join_reference(own, reference, points=(), shown=(True,)):
    """[own | reference] of keys or values projected apart, [n * B, N, d] and [B, R, d]: the reference's stay the same
    from step to step. Points, (p_target, p_handle), are for keys. Each number is copied once, since at this length
    copies take time."""
    repeats = len(own) // len(reference)
    return _add(torch.cat((own, reference.expand(repeats, -1, -1, -1).flatten(0, 1)), 1), points, shown)
