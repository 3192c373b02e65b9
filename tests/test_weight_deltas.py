"""Weights in a file as differences to known ones."""

import torch
from dragkit.kernels.weight_deltas import pack_deltas, unpack_deltas


def test_what_is_learned_comes_back_from_an_eighth_of_the_room():
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator)

    base = {"conv.weight": random(16, 4, 3, 3), "linear.weight": random(16, 32), "conv.bias": random(16)}
    learned = {name: value + 0.1 * random(*value.shape) for name, value in base.items()}
    # a layer that takes more than its base did
    learned["conv.weight"] = torch.cat((learned["conv.weight"], random(16, 6, 3, 3)), 1)
    # a row that did not change
    learned["linear.weight"][3] = base["linear.weight"][3]
    packed = pack_deltas(learned, base)
    found = unpack_deltas(packed, base)
    assert found.keys() == learned.keys()
    for name, value in learned.items():
        assert found[name].shape == value.shape and found[name].dtype == torch.float32
        before = torch.zeros_like(value)
        if value.ndim > 1:
            before[:, : base[name].shape[1]] = base[name]
        # half a step of int8, and the scale's own rounding; vectors are float16
        largest = (value - before).abs().max() if value.ndim > 1 else 127 / 500
        assert (found[name] - value).abs().max() <= largest / 127
    assert torch.equal(found["linear.weight"][3], base["linear.weight"][3])
    assert packed["conv.weight.delta"].dtype == torch.int8
    assert sum(value.nbytes for value in packed.values()) < sum(value.nbytes for value in learned.values()) / 3.5
