"""Points and region drawn on a picture: where, in which colour, and what stays as it was."""

import pytest
import torch
from dragkit.kernels.drawing.overlay import draw_points
from dragkit.kernels.points.drag_points import DragPoints

SIZES = [(96, 160), (160, 96), (41, 300)]


def picture(height, width, batch=1, seed=0):
    return torch.rand(batch, height, width, 3, generator=torch.Generator().manual_seed(seed))


def no_points():
    return DragPoints(torch.zeros(0, 2), torch.zeros(0, 2))


def test_nothing_to_draw_is_a_copy():
    image = picture(32, 48)
    out = draw_points(image, no_points())
    assert torch.equal(out, image) and out.data_ptr() != image.data_ptr()


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_handle_is_red_and_target_blue_where_they_are(height, width):
    points = DragPoints([[0.2, 0.7]], [[0.9, 0.25]])
    out = draw_points(picture(height, width), points)
    for ends, strong in zip(points.to_pixels(width, height), (0, 2), strict=True):
        x, y = (int(v) for v in ends[0])
        pixel = out[0, y, x]
        weak = [channel for channel in range(3) if channel != strong]
        assert pixel[strong] > 0.85 and pixel[weak].max() < 0.5


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_dot_is_centred_on_the_point(height, width):
    drawn = (draw_points(torch.zeros(1, height, width, 3), DragPoints([[0.4, 0.6]], [[0.4, 0.6]]))[0] > 0).any(-1)
    rows, columns = drawn.nonzero().T
    assert abs(columns.double().mean() + 0.5 - 0.4 * width) < 0.5
    assert abs(rows.double().mean() + 0.5 - 0.6 * height) < 0.5


def test_arrow_has_its_head_at_the_target():
    out = draw_points(torch.full((1, 200, 400, 3), 0.5), DragPoints([[0.1, 0.4975]], [[0.9, 0.4975]]))
    thickness = ((out[0] - 0.5).abs().amax(-1) > 0.05).sum(0)
    middle, near_target = thickness[200], thickness[345:356].max()
    assert middle > 0 and near_target >= 2 * middle
    # the axis is the centre of row 99
    torch.testing.assert_close(out[0, 99, 100:300], torch.ones(200, 3))


def test_nothing_changes_away_from_the_drawing():
    image = picture(128, 256)
    out = draw_points(image, DragPoints([[0.25, 0.25]], [[0.5, 0.25]]))
    changed = (out != image).any(-1)[0]
    rows, columns = changed.nonzero().T
    assert changed.any() and rows.min() > 24 and rows.max() < 40 and columns.min() > 56 and columns.max() < 136


def test_each_picture_of_a_batch_is_drawn_as_if_alone():
    image, mask = picture(40, 64, batch=3), (picture(40, 64, batch=3, seed=1)[..., 0] > 0.5).float()
    points = DragPoints([[0.2, 0.3], [0.6, 0.6]], [[0.7, 0.3], [0.61, 0.6]])
    out = draw_points(image, points, mask)
    for i in range(3):
        assert torch.equal(out[i : i + 1], draw_points(image[i : i + 1], points, mask[i : i + 1]))
    assert torch.equal(draw_points(image, points, mask[:1])[1:2], draw_points(image[1:2], points, mask[:1]))


def test_mask_dims_outside_and_keeps_inside_close():
    image, mask = picture(32, 48), torch.zeros(1, 32, 48)
    mask[:, :, 24:] = 1
    out = draw_points(image, no_points(), mask)
    assert out[:, :, :24].mean() < 0.6 * image[:, :, :24].mean()
    assert (out[:, :, 24:] - image[:, :, 24:]).abs().max() < 0.1
    assert not torch.equal(out[:, :, 24:], image[:, :, 24:])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_inputs_are_not_written_and_values_stay_in_range(dtype):
    image, mask = picture(48, 80).to(dtype), torch.rand(1, 48, 80, generator=torch.Generator().manual_seed(2))
    points = DragPoints([[0.0, 0.0], [0.5, 0.5]], [[1.0, 1.0], [0.5, 0.5]])
    before = image.clone(), mask.clone(), points.handles.clone()
    out = draw_points(image, points, mask)
    assert torch.equal(image, before[0]) and torch.equal(mask, before[1]) and torch.equal(points.handles, before[2])
    assert out.dtype == dtype and out.shape == image.shape and out.min() >= 0 and out.max() <= 1.001


def test_the_most_points_at_a_thousand_pixels():
    ends = torch.rand(2, 512, 2, generator=torch.Generator().manual_seed(3))
    ends[1] = (ends[0] + 0.1 * (ends[1] - 0.5)).clamp(0, 1)
    out = draw_points(torch.full((1, 1024, 1024, 3), 0.5), DragPoints(ends[0], ends[1]))
    x, y = (ends[0] * 1024).long().clamp(max=1023).T
    assert (out[0, y, x, 0] > 0.85).all()
