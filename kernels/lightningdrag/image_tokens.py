"""IP-Adapter's image prompt (Ye et al. 2023): a picture's CLIP embedding as a few tokens that cross-attention sees
beside the text, with keys and values of their own. Parameter names are those of the published weights."""

import torch
import torch.nn.functional as F
from torch import nn

from ..diffusion.state_dicts import misfit

TOKENS = 4


class ImageTokensError(ValueError):
    """Weights that are no image projection of IP-Adapter; the message says why."""


class ImageProjection(nn.Module):
    """CLIP image embedding [B, D] or [B, 1, D] -> tokens [B, 4, C]; C as the text's."""

    def __init__(self, embedding, context):
        super().__init__()
        self.proj = nn.Linear(embedding, TOKENS * context)
        self.norm = nn.LayerNorm(context)

    def forward(self, embedding):
        tokens = self.proj(embedding.to(self.proj.weight))
        return self.norm(tokens.reshape(-1, TOKENS, self.norm.normalized_shape[0]))


def build(weights, name):
    """The ImageProjection, float32 and in evaluation mode, of a state dict; ImageTokensError names the file."""
    shapes = [tuple(weights[key].shape) if key in weights else () for key in ("proj.weight", "norm.weight")]
    if [len(shape) for shape in shapes] != [2, 1]:
        found = f"it begins with {next(iter(weights))}" if weights else "it is empty"
        raise ImageTokensError(
            f"{name} has no image projection of IP-Adapter for SD1.5 (the plain one, not plus or full): {found}"
        )
    network = ImageProjection(shapes[0][1], shapes[1][0])
    if problem := misfit(weights, network):
        raise ImageTokensError(f"{name} has no image projection of IP-Adapter for SD1.5: {problem}")
    network.load_state_dict({key: value.float() for key, value in weights.items()})
    return network.eval().requires_grad_(False)


def image_keys(tokens, weights):
    """Keys and values [B, 4, d] of image tokens [B, 4, C]; weights are a block's to_k_ip.weight and to_v_ip.weight
    [d, C]. Once per edit."""
    return F.linear(tokens, weights["to_k_ip.weight"]), F.linear(tokens, weights["to_v_ip.weight"])


def image_term(q, k, v, heads):
    """What is added to cross-attention [n * B, N, d] before its output projection: attention of its projected queries
    q [n * B, N, d] to the image tokens' k, v [1 or B, 4, d] alone."""
    repeats = len(q) // len(k)

    def split(x):
        return x.unflatten(2, (heads, -1)).transpose(1, 2)

    k, v = (split(x.to(q).repeat(repeats, 1, 1)) for x in (k, v))
    return F.scaled_dot_product_attention(split(q), k, v).transpose(1, 2).flatten(2)


def fold(to_q, to_out, k, v, heads):
    """(P [B, C, 4 * heads], U [B, 4 * heads, C]), which stand for image_term and the projections around it: what
    to_out makes of it is softmax(hidden P) U. k, v [B, 4, d] are of image_keys; once per edit, since four tokens are
    far fewer than the channels that the projections would go through."""
    width = k.shape[-1]
    weight = to_q(torch.eye(width).to(k)).unflatten(1, (heads, -1))
    keys, values = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (k, v))
    folded = torch.einsum("chd,bhtd->bcht", weight, keys).flatten(2) * (width // heads) ** -0.5
    # each token's value alone, in its head's place
    rows = torch.einsum("bhtd,hg->bhtgd", values, torch.eye(heads).to(v)).reshape(len(v), heads * TOKENS, width)
    return folded, to_out(rows) - to_out(torch.zeros_like(rows[:1, :1]))


def folded_term(hidden, p, u, heads):
    """What is added to cross-attention [n * B, N, C] after its output projection, from the hidden state that enters it;
    p, u are of fold."""
    repeats = len(hidden) // len(p)
    p, u = (x.repeat(repeats, 1, 1) for x in (p, u))
    return (hidden @ p).unflatten(2, (heads, -1)).softmax(-1).flatten(2) @ u
