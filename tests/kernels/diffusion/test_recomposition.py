"""The recomposition on fields whose solution is known."""

import pytest
import torch
from dragkit.kernels.diffusion.recomposition import path, sample

SIGMAS = torch.tensor([1.0, 0.9, 0.7, 0.4, 0.1, 0.0])


def random(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


NOISE, MADE, WARPED = (random(seed, 2, 4, 5, 7) for seed in range(3))
MASK = torch.tensor([0.0, 0.25, 1.0]).view(1, 1, 1, 3).repeat_interleave(3, 3)[..., :7].expand(1, 1, 5, 7)


def line(sigma, end):
    return sigma * NOISE + (1 - sigma) * end


def held(count, evidence=None, denoise=None):
    seen = []
    x = sample(
        denoise or (lambda x, sigma: MADE),
        NOISE,
        SIGMAS,
        evidence or (line(sigma, WARPED) for sigma in SIGMAS[1:]),
        MASK,
        count,
        lambda i, x, denoised: seen.append((i, x, denoised)),
    )
    return x, seen


def test_a_path_to_a_point_is_the_straight_line():
    for sigma, x in zip(SIGMAS[1:], path(lambda x, sigma: WARPED, NOISE, SIGMAS), strict=True):
        torch.testing.assert_close(x, line(sigma, WARPED))


@pytest.mark.parametrize("count", [0, 2, 5])
def test_steps_are_held_as_the_mask_says_and_then_free(count):
    x, seen = held(count)
    assert [i for i, _, _ in seen] == list(range(5)) and all(torch.equal(one, MADE) for _, _, one in seen)
    z = NOISE
    for i, (level, following) in enumerate(zip(SIGMAS.tolist(), SIGMAS.tolist()[1:], strict=False)):
        z = z + (following - level) / level * (z - MADE)
        if i < count:
            z = MASK * z + (1 - MASK) * line(following, WARPED)
        torch.testing.assert_close(seen[i][1], z)
    torch.testing.assert_close(x, z)


def test_kept_is_the_warped_picture_and_painted_is_the_models_where_all_steps_are_held():
    x, _ = held(5)
    torch.testing.assert_close(x[..., :3], WARPED[..., :3])
    torch.testing.assert_close(x[..., 6:], MADE[..., 6:])
    # at every level the same mix of what the field leads to and the warped picture's
    between = x[..., 3:6]
    low, high = torch.minimum(MADE, WARPED)[..., 3:6], torch.maximum(MADE, WARPED)[..., 3:6]
    assert ((between >= low - 1e-5) & (between <= high + 1e-5)).all()


def test_both_paths_are_evaluated_at_the_same_levels_and_never_at_zero():
    picture, warped = [], []

    def denoise(into, end):
        return lambda x, sigma: into.append(float(sigma)) or end

    held(2, path(denoise(warped, WARPED), NOISE, SIGMAS), denoise(picture, MADE))
    torch.testing.assert_close(torch.tensor(picture), SIGMAS[:-1])
    torch.testing.assert_close(torch.tensor(warped), SIGMAS[:2])
