"""Low-rank additions to weights: their form, and that of their file."""

import torch
from dragkit.kernels.diffusion.lora import LowRank, state_dict

from .seeded import generator


def test_a_new_lora_changes_nothing_and_a_trained_one_adds_its_product():
    adapter = LowRank(6, 5, 2, generator(), "cpu")
    weight = torch.randn(6, 5, generator=generator(1))
    assert torch.equal(adapter(weight), weight)
    with torch.no_grad():
        adapter.up.copy_(torch.randn(6, 2, generator=generator(2)))
    torch.testing.assert_close(adapter(weight), weight + adapter.up @ adapter.down)
    assert adapter(weight.bfloat16()).dtype == torch.bfloat16
    adapter(weight.half()).float().sum().backward()
    assert adapter.up.grad.abs().min() > 0 and adapter.down.grad.abs().min() > 0
    saved = state_dict({"a.b": adapter})
    assert {name: tuple(value.shape) for name, value in saved.items()} == {
        "a.b.lora_up.weight": (6, 2), "a.b.lora_down.weight": (2, 5)
    }  # fmt: skip
    assert not any(value.requires_grad for value in saved.values())


def test_the_spread_of_a_new_lora_is_that_of_diffusers():
    assert abs(LowRank(1, 20000, 16, generator(), "cpu").down.std() * 16 - 1) < 0.01
