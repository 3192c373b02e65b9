"""Inversion along a probability flow that is known in closed form: that of Gaussian data."""

import pytest
import torch
from dragkit.kernels.diffusion.inversion import METHODS, invert

MEAN, VARIANCE = 0.7, 0.3


def flow_matching(x, s):
    """E[eps - x_0 | x] of x = (1 - s) x_0 + s eps."""
    slope = (s - (1 - s) * VARIANCE) / ((1 - s) ** 2 * VARIANCE + s**2)
    return slope * (x - (1 - s) * MEAN) - MEAN


def noise_prediction(x, s):
    """E[eps | x] of x = x_0 + s eps."""
    return (x - MEAN) * s / (VARIANCE + s**2)


# field, the level inverted to, what next's latents are scaled by
FIELDS = {"flow": (flow_matching, 0.9, False), "noise": (noise_prediction, 2.0, True)}


def data(count=1000):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, generator=generator, dtype=torch.float64) * VARIANCE**0.5 + MEAN


def returned(field, steps, method, refinement=0):
    """Error of Euler's way back, relative."""
    velocity, top, scaled = FIELDS[field]
    sigmas = [top * i / steps for i in range(steps + 1)]
    scales = [(1 + s**2) ** 0.5 for s in sigmas] if scaled else None
    x0 = data()
    x = invert(lambda x, i: velocity(x, sigmas[i]), x0, sigmas, method, refinement, scales=scales)
    for high, low in zip(sigmas[:0:-1], sigmas[-2::-1], strict=True):
        x = x + (low - high) * velocity(x, high)
    return float((x - x0).norm() / x0.norm())


def test_the_fields_are_those_of_the_data():
    x0, s = data(400_000), 0.4
    eps = torch.randn(len(x0), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for velocity, x, target in (
        (flow_matching, (1 - s) * x0 + s * eps, eps - x0),
        (noise_prediction, x0 + s * eps, eps),
    ):
        # the best linear guess of the target from x
        slope = ((x - x.mean()) * (target - target.mean())).mean() / x.var()
        guess = target.mean() + slope * (x - x.mean())
        torch.testing.assert_close(velocity(x, s), guess, atol=0.03, rtol=0)


@pytest.mark.parametrize("field", FIELDS)
def test_half_the_step_leaves_a_quarter_of_the_error_with_predict_and_half_with_next(field):
    predict = [returned(field, steps, "predict") for steps in (40, 80)]
    following = [returned(field, steps, "next") for steps in (40, 80)]
    assert predict[0] / predict[1] == pytest.approx(4, rel=0.15)
    assert following[0] / following[1] == pytest.approx(2, rel=0.15)
    assert predict[0] < 0.2 * following[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("field", FIELDS)
def test_refinement_makes_the_way_back_exact(field, method):
    errors = [returned(field, 20, method, refinement) for refinement in (0, 1, 4, 12)]
    assert errors == sorted(errors, reverse=True)
    assert errors[1] < 0.3 * errors[0] and errors[-1] < 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_a_step_is_one_evaluation_at_its_end_and_one_per_refinement(method):
    asked, done = [], []
    sigmas = [0.0, 0.2, 0.5, 0.7]
    invert(lambda x, i: asked.append(i) or x, torch.ones(2), sigmas, method, 2, lambda i, x: done.append(i))
    assert asked == [1, 1, 1, 2, 2, 2, 3, 3, 3] and done == [0, 1, 2]


def test_predict_looks_where_the_last_step_leads():
    seen, sigmas = [], [0.0, 1.0, 3.0]
    invert(lambda x, i: seen.append(x.item()) or torch.tensor(float(i)), torch.tensor(5.0), sigmas, "predict")
    # 5, then 6 and 2 more by the first velocity, which was 1
    assert seen == [5.0, 8.0]


def test_a_method_that_is_none_is_named():
    with pytest.raises(ValueError, match="method is 'best'; it must be one of predict, next"):
        invert(lambda x, i: x, torch.ones(1), [0.0, 1.0], "best")
