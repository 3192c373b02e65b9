"""The anchor leads any solver along a stored path."""

import pytest
import torch
from dragkit.kernels.diffusion.anchor import Path, lands_on


def path():
    generator = torch.Generator().manual_seed(0)
    return Path([0.0, 0.25, 0.5, 1.0], torch.randn(4, 1, 3, 4, 5, generator=generator))


def test_a_path_is_straight_between_its_levels_and_ends_at_its_ends():
    stored = path()
    for level, latent in zip(stored.levels, stored.latents, strict=True):
        assert torch.equal(stored.at(level), latent)
    torch.testing.assert_close(stored.at(0.75), (stored.latents[2] + stored.latents[3]) / 2)
    torch.testing.assert_close(stored.at(0.3), 0.8 * stored.latents[1] + 0.2 * stored.latents[2])
    assert torch.equal(stored.at(2.0), stored.latents[-1])
    assert torch.equal(stored.at(-1.0), stored.latents[0])


@pytest.mark.parametrize("levels", [(1.0, 0.5, 0.25, 0.0), (0.9, 0.6, 0.1, 0.0), (1.0, 0.3)])
def test_eulers_steps_are_on_the_path_from_wherever_they_begin(levels):
    stored = path()
    x = torch.full((1, 3, 4, 5), 7.0)
    for sigma, following in zip(levels[:-1], levels[1:], strict=True):
        denoised = lands_on(stored.at(following), x, sigma, following)
        x = x + (following - sigma) * (x - denoised) / sigma
        torch.testing.assert_close(x, stored.at(following), atol=1e-5, rtol=1e-5)


def test_at_the_last_step_what_is_denoised_is_the_picture():
    picture = path().latents[0]
    x = torch.full_like(picture, 7.0)
    torch.testing.assert_close(lands_on(picture, x, 0.02, 0.0), picture, atol=1e-6, rtol=0)
