"""Motion as colours and arrows."""

import colorsys
import math

import pytest
import torch
from dragkit.kernels.drawing.flow_colors import draw_arrows, flow_to_image

TURN = 2 * math.pi


def circle(count):
    """Unit vectors in `count` directions as a flow [1, 2, 1, count]."""
    angle = torch.arange(count, dtype=torch.float64) * TURN / count
    return torch.stack((angle.cos(), angle.sin()))[None, :, None]


def hues(image):
    return torch.tensor([colorsys.rgb_to_hsv(*pixel)[0] for pixel in image.flatten(0, -2).tolist()])


def test_no_motion_is_white():
    assert torch.equal(flow_to_image(torch.zeros(2, 2, 4, 6)), torch.ones(2, 4, 6, 3))


@pytest.mark.parametrize(
    ("step", "colour"),
    [
        (0, (1, 0, 0)),
        (15, (1, 1, 0)),
        (21, (0, 1, 0)),
        (25, (0, 1, 1)),
        (36, (0, 0, 1)),
        (49, (1, 0, 1)),
        (18, (0.5, 1, 0)),
    ],
)
def test_directions_have_the_colours_of_the_published_wheel(step, colour):
    image = flow_to_image(circle(55)[..., step : step + 1], maximum=1.0001)
    torch.testing.assert_close(image[0, 0, 0], torch.tensor(colour, dtype=torch.float32), rtol=0, atol=1e-3)


def test_opposite_directions_have_opposite_hues():
    hue = hues(flow_to_image(circle(360), maximum=1.001))
    apart = (hue - hue.roll(180)).abs()
    assert torch.minimum(apart, 1 - apart).min() > 0.3


def test_turning_the_motion_turns_the_wheel():
    image = flow_to_image(circle(360), maximum=1.001)
    turned = circle(360).roll(100, -1)
    torch.testing.assert_close(flow_to_image(turned, maximum=1.001), image.roll(100, 2))
    c, s = math.cos(TURN / 5), math.sin(TURN / 5)
    rotated = torch.einsum("ij,bjhw->bihw", torch.tensor([[c, -s], [s, c]], dtype=torch.float64), circle(360))
    torch.testing.assert_close(flow_to_image(rotated, maximum=1.001), image.roll(-72, 2), rtol=0, atol=1e-4)


def test_colours_change_smoothly_around_the_wheel():
    image = flow_to_image(circle(3600), maximum=1.001)
    assert (image - image.roll(1, 2)).abs().max() < 0.01


def test_longer_is_more_saturated_up_to_the_maximum_and_darker_beyond():
    flow = torch.zeros(1, 2, 1, 4)
    flow[0, 1, 0] = torch.tensor([0.0, 1.0, 2.0, 4.0])
    half, full, beyond = flow_to_image(flow, maximum=2.0)[0, 0, 1:]
    torch.testing.assert_close(1 - half, (1 - full) / 2)
    torch.testing.assert_close(beyond, full * 0.75)
    # by default the greatest length of the batch is the maximum
    torch.testing.assert_close(flow_to_image(flow), flow_to_image(flow, maximum=4.0))
    batch = torch.cat((flow, flow / 2))
    torch.testing.assert_close(flow_to_image(batch)[1:], flow_to_image(flow / 2, maximum=4.0))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_a_number_is_black_and_spoils_nothing_else(value):
    flow = torch.randn(1, 2, 6, 8, generator=torch.Generator().manual_seed(0))
    flow[0, :, 2, 3] = 0
    expected = flow_to_image(flow)
    flow[0, 1, 2, 3] = value
    image = flow_to_image(flow)
    assert torch.equal(image[0, 2, 3], torch.zeros(3))
    image[0, 2, 3] = expected[0, 2, 3]
    assert torch.equal(image, expected)


def test_image_is_in_range_and_the_flow_unwritten():
    flow = torch.randn(2, 2, 9, 7, generator=torch.Generator().manual_seed(1)).half()
    before = flow.clone()
    image = flow_to_image(flow)
    assert image.shape == (2, 9, 7, 3) and image.dtype == torch.float32
    assert image.min() >= 0 and image.max() <= 1 and torch.equal(flow, before)


def test_arrows_start_on_the_grid_and_follow_the_motion():
    image, flow = torch.full((1, 32, 64, 3), 0.5), torch.zeros(1, 2, 32, 64)
    flow[:, 0] = 12
    out = draw_arrows(image, flow, 32)
    assert torch.equal(image, torch.full((1, 32, 64, 3), 0.5))
    # one arrow from column 16 and one from column 48, both in row 16
    changed = (out != image).any(-1)[0]
    assert out[0, 16, 20].max() < 0.2 and out[0, 16, 52].max() < 0.2
    assert not changed[:, 34:44].any() and not changed[:8].any() and not changed[25:].any()


def test_still_and_broken_places_have_no_arrow():
    image = torch.rand(1, 48, 48, 3, generator=torch.Generator().manual_seed(2))
    flow = torch.full((1, 2, 48, 48), 0.5)
    flow[0, 0, :24] = math.nan
    assert torch.equal(draw_arrows(image, flow, 16), image)


def test_each_flow_of_a_batch_gets_its_own_arrows():
    image, flow = torch.full((1, 32, 32, 3), 0.5), torch.zeros(2, 2, 32, 32)
    flow[1, 1] = 9
    out = draw_arrows(image, flow, 16)
    assert torch.equal(out[:1], image) and not torch.equal(out[1:], image)
    assert torch.equal(out[1:], draw_arrows(image, flow[1:], 16))
