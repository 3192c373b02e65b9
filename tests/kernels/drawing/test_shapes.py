"""Distances to shapes, and what they cover."""

import torch
from dragkit.kernels.drawing.shapes import add_shape, arrow_field, composite, disc_field, empty_layer


def test_disc_field_is_the_distance():
    field = disc_field(20, 30, [(10.5, 8.5)], 3.0, 100.0)
    x, y = torch.arange(30) + 0.5, torch.arange(20)[:, None] + 0.5
    torch.testing.assert_close(field, ((x - 10.5) ** 2 + (y - 8.5) ** 2).sqrt() - 3)


def test_arrow_field_turns_with_the_arrow():
    right = arrow_field(40, 40, [((8, 20.5), (32, 20.5))], 2.0, 100.0)
    down = arrow_field(40, 40, [((20.5, 8), (20.5, 32))], 2.0, 100.0)
    torch.testing.assert_close(down, right.T)
    # the shaft is as thick as asked for, the axis ends at the tip
    torch.testing.assert_close(right[19:23, 12], torch.tensor([0.0, -1.0, 0.0, 1.0]))
    assert right[20, 31] < 0 < right[20, 32]
    assert (arrow_field(40, 40, [((8, 20), (8, 20))], 2.0, 100.0) == torch.inf).all()


def test_half_covered_pixels_are_half_painted():
    layer = add_shape(empty_layer(1, 3), torch.tensor([[-2.0, 0.0, 2.0]]), (1.0, 0.0, 0.5))
    out = composite(torch.full((1, 1, 3, 3), 0.2), layer)
    torch.testing.assert_close(out[0, 0], torch.tensor([[1.0, 0.0, 0.5], [0.6, 0.1, 0.35], [0.2, 0.2, 0.2]]))
