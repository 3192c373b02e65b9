"""Image tokens against the published code's numbers."""

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.lightningdrag import image_tokens

from .published import attend, close, numbers


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
