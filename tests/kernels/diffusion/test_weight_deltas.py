"""Weights in a file as differences to known ones."""

import torch
from dragkit.kernels.diffusion.weight_deltas import pack_deltas, packed_shapes, unpack_deltas


def test_what_is_learned_comes_back_from_a_fifth_of_the_room():
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator)

    # 15 * 9 * 9, 64 * 33 and 3 * 5 differences leave every kind of rest when four go into three bytes
    base = {"conv.weight": random(15, 9, 3, 3), "linear.weight": random(64, 33), "small.weight": random(3, 5)}
    base |= {"conv.bias": random(16), "conv_in.weight": random(8, 4, 3, 3), "conv_out.weight": random(4, 8, 3, 3)}
    learned = {name: value + 0.1 * random(*value.shape) for name, value in base.items()}
    # a row that did not change
    learned["linear.weight"][3] = base["linear.weight"][3]
    # the layer at the beginning may take more than its base did
    learned["conv_in.weight"] = random(8, 9, 3, 3)
    packed = pack_deltas(learned, base)
    found = unpack_deltas(packed, base)
    assert found.keys() == learned.keys()
    for name, value in learned.items():
        assert found[name].shape == value.shape and found[name].dtype == torch.float32
        if name in ("conv.bias", "conv_in.weight", "conv_out.weight"):
            assert torch.equal(found[name], value.half().float())
            continue
        # half a step of 6 bits in each row, and the scale's own rounding
        largest = (value - base[name]).flatten(1).abs().amax(1)
        error = (found[name] - value).flatten(1).abs().amax(1)
        assert (error <= largest * (0.5 / 31 + 1e-3) + 1e-6).all() and error.max() > 0
    torch.testing.assert_close(found["linear.weight"][3], base["linear.weight"][3], rtol=0, atol=1e-6)
    assert packed["linear.weight.delta"].nbytes == 64 * 33 * 3 / 4
    assert {name: list(value.shape) for name, value in packed.items()} == packed_shapes(learned)
