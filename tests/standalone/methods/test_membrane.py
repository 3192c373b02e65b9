"""Holes filled without a network."""

import pytest
import torch
from dragkit.standalone.methods.membrane import fill, span

HEIGHT, WIDTH = 96, 160


def ramp():
    """[1, 3, H, W]: x, y and a constant, in 0..1."""
    y, x = torch.meshgrid(torch.arange(HEIGHT) / HEIGHT, torch.arange(WIDTH) / WIDTH, indexing="ij")
    return torch.stack((x, y, torch.full_like(x, 0.25)))[None]


@pytest.mark.parametrize("hole", [(slice(20, 50), slice(30, 93)), (slice(40, 41), slice(10, 150)), (slice(5, 6),) * 2])
def test_a_linear_picture_is_filled_as_it_was(hole):
    # a linear function solves Laplace's equation
    unknown = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    unknown[(..., *hole)] = True
    image = ramp()
    found = span(image.masked_fill(unknown, 7.0), unknown)
    assert torch.equal(found[..., ~unknown[0, 0]], image[..., ~unknown[0, 0]])
    assert (found - image).abs().max() < 0.02


def test_fill_leaves_what_is_outside_and_fades_with_the_mask():
    image = torch.rand(1, 4, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, HEIGHT, WIDTH)
    mask[:, 20:40, 30:70] = 1
    mask[:, 40, 30:70] = 0.25
    found = fill(image, mask)
    assert torch.equal(found[..., mask[0] == 0], image[..., mask[0] == 0])
    inside = found[..., 25:35, 40:60]
    assert inside.std() < 0.1 and (inside - 0.5).abs().max() < 0.3
    full = fill(image, (mask > 0).float())
    torch.testing.assert_close(found[..., 40, 30:70], torch.lerp(image, full, 0.25)[..., 40, 30:70])
    for nothing in (torch.zeros_like(mask), torch.ones_like(mask)):
        assert torch.equal(fill(image, nothing), image)
