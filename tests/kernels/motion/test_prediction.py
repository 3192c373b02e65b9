"""A predictor's input maps, Eq. 4, and the guard."""

from functools import partial

import pytest
import torch
from dragkit.kernels.motion.first_guess import STEP, first_guess
from dragkit.kernels.motion.prediction import (
    ROUNDS,
    corrected,
    follow,
    guarded_step,
    input_maps,
    predict_flow,
    predict_step,
    roll_out,
    sample_flow,
)


def test_input_maps():
    image = torch.rand(1, 3, 20, 30)
    handles = torch.tensor([[10.5, 7.5], [10.9, 7.1], [30.0, 0.2]])
    guess = torch.rand(1, 2, 20, 30)
    maps = input_maps(image, handles, guess)
    assert maps.shape == (1, 6, 20, 30) and torch.equal(maps[:, :3], image)
    torch.testing.assert_close(maps[:, 3:5], guess / (30 * STEP))
    heat = torch.zeros(20, 30)
    heat[3:12, 6:15] = 1
    heat[0:5, 25:30] = 1
    assert torch.equal(maps[0, 5], heat)


def test_a_correction_turns_and_scales_the_guess():
    guess = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1).expand(1, 2, 2, 2)
    correction = torch.tensor([[[0.0, -1.0], [-1.0, 1.0]], [[0.0, 0.0], [1.0, 0.0]]])[None]
    expected = torch.tensor([[[3.0, 0.0], [-4.0, 6.0]], [[4.0, 0.0], [3.0, 8.0]]])[None]
    torch.testing.assert_close(corrected(guess, correction), expected)


def test_flow_is_read_between_pixels():
    flow = torch.zeros(1, 2, 4, 5)
    flow[0, :, 1, 2], flow[0, :, 1, 3] = torch.tensor([4.0, 0.0]), torch.tensor([0.0, 8.0])
    points = torch.tensor([[2.5, 1.5], [2.75, 1.5], [2.5, 2.0], [0.0, 0.0]], dtype=torch.float64)
    expected = [[4, 0], [3, 2], [2, 0], [0, 0]]
    torch.testing.assert_close(sample_flow(flow, points), torch.tensor(expected, dtype=torch.float64))


class Constant(torch.nn.Module):
    """Stands in for a trained network."""

    knows_regions = True

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def forward(self, inputs):
        return torch.tensor([self.x, self.y]).view(1, 2, 1, 1).expand(1, 2, *inputs.shape[-2:])


def test_a_step_adds_the_flow_to_the_handles():
    # 192 x 96 pixels are shown at a third of the size
    image = torch.rand(1, 3, 96, 192)
    handles, targets = torch.tensor([[50.0, 40.0]]), torch.tensor([[90.0, 40.0]])
    flow, moved = predict_step(Constant(0.5, -1.0), image, handles, targets)
    assert flow.shape == (1, 2, 96, 192)
    step = 192 * STEP * torch.tensor([1.5, -1.0])
    torch.testing.assert_close(moved, torch.tensor([[50.0, 40.0]]) + step, atol=1e-4, rtol=0)
    # a single drag's guess is the same everywhere
    torch.testing.assert_close(flow[0, :, 90, 190], step, atol=1e-3, rtol=0)


def test_no_points_no_motion():
    nothing = torch.zeros(0, 2)
    flow = predict_flow(Constant(1.0, 1.0), torch.rand(1, 3, 20, 30), nothing, nothing)
    assert flow.shape == (1, 2, 20, 30) and not flow.any()
    assert roll_out(partial(predict_flow, Constant(1.0, 1.0)), torch.rand(1, 3, 20, 30), nothing, nothing) == []


def test_in_a_region_the_guess_keeps_the_size_of_the_picture():
    image = torch.rand(1, 3, 192, 256)
    region = torch.zeros(192, 256, dtype=torch.bool)
    region[40:160, 60:200] = True
    handles, targets = torch.tensor([[100.0, 90.0], [140.0, 90.0]]), torch.tensor([[140.0, 90.0], [160.0, 90.0]])
    guess = first_guess(handles, targets, 192, 256, region)
    flow = predict_flow(Constant(0.0, 0.0), image, handles, targets, region)
    assert torch.equal(flow, guess) and not flow[..., ~region].any()
    turned = predict_flow(Constant(-1.0, 0.5), image, handles, targets, region)
    torch.testing.assert_close(turned, 0.5 * torch.stack((-guess[:, 1], guess[:, 0]), 1))
    # a network that knows no regions is not asked in one
    away = Constant(-1.0, 0.5)
    away.knows_regions = False
    assert torch.equal(predict_flow(away, image, handles, targets, region), guess)
    # the region lies on the picture, whatever its grid is
    cells = region[::4, ::4]
    assert torch.equal(predict_flow(Constant(0.0, 0.0), image, handles, targets, cells), guess)
    # a line thinner than a pixel of the picture is a region
    line = torch.zeros(1920, 2560, dtype=torch.bool)
    line[900:903] = True
    thin = predict_flow(Constant(0.0, 0.0), image, handles, targets, line)[0].norm(dim=0)
    assert thin[90].max() > 5 and thin[[89, 91]].max() == 0


def test_the_network_sees_the_guess_of_the_region():
    seen = []

    class Sees(Constant):
        def forward(self, inputs):
            seen.append(inputs)
            return super().forward(inputs)

    image = torch.rand(1, 3, 96, 128)
    region = torch.zeros(96, 128, dtype=torch.bool)
    region[:, 64:] = True
    handles, targets = torch.tensor([[96.5, 48.5]]), torch.tensor([[116.5, 48.5]])
    predict_flow(Sees(0.0, 0.0), image, handles, targets, region)
    (inputs,) = seen
    assert inputs.shape == (1, 6, 48, 64) and inputs[0, 5].sum() == 81
    # in lengths of a step
    assert inputs[0, 3, 24, 48] > 0.9 and inputs[0, 3:5, :, :32].abs().max() < 0.01


def still(image, flow):
    return image


def heading(x, y):
    return lambda image, handles, targets: torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, *image.shape[-2:])


def test_the_guard_replaces_and_reports_bad_steps():
    image = torch.zeros(1, 3, 96, 96)
    handles = torch.tensor([[50.0, 50.0], [94.0, 20.0], [20.0, 60.0]])
    targets = torch.tensor([[30.0, 50.0], [94.0, 60.0], [44.0, 60.0]])
    made = guarded_step(heading(4.0, 0.0), image, handles, targets)
    # the farthest has 40 pixels to go, of which a straight step takes 4
    assert made.away.tolist() == [True, False, False] and made.outside.tolist() == [False, True, False]
    assert not made.late.any()
    torch.testing.assert_close(made.handles, torch.tensor([[48.0, 50.0], [94.0, 24.0], [24.0, 60.0]]))


def test_a_handle_that_would_not_move_goes_straight():
    handles, targets = torch.tensor([[50.0, 50.0], [20.0, 20.0]]), torch.tensor([[70.0, 50.0], [20.0, 30.0]])
    flow = torch.zeros(1, 2, 96, 96)
    flow[:, 1, :30, :30] = 2.0
    made = guarded_step(lambda *seen: flow, torch.zeros(1, 3, 96, 96), handles, targets)
    assert made.late.tolist() == [True, False] and not made.away.any()
    torch.testing.assert_close(made.handles, torch.tensor([[54.0, 50.0], [20.0, 22.0]]))
    assert len(roll_out(heading(0.0, 0.0), torch.zeros(1, 3, 96, 96), handles, targets, redraw=still)) == 5


@pytest.mark.parametrize("predict", [heading(0.0, 0.0), heading(0.05, 0.0), heading(-3.0, 1.0), heading(9.0, 9.0)])
@pytest.mark.parametrize("rounds", [1, 3, ROUNDS])
def test_targets_are_reached_whatever_is_predicted(predict, rounds):
    handles, targets = torch.tensor([[5.0, 5.0], [40.0, 40.0]]), torch.tensor([[90.0, 80.0], [41.0, 40.0]])
    done = roll_out(predict, torch.zeros(1, 3, 96, 96), handles, targets, rounds, still)
    assert len(done) <= rounds and torch.equal(done[-1].handles, targets)
    ways = torch.stack([handles] + [r.handles for r in done])
    # no jump at the end makes up for what was left undone
    assert (ways[1:] - ways[:-1]).norm(dim=-1).max() < 1.3 * 113.4 / min(rounds, 10) + 15


def test_the_picture_follows_the_flow():
    image = torch.rand(1, 3, 32, 40)
    flow = torch.zeros(1, 2, 32, 40)
    flow[:, 0, 8:16, 8:16] = 5.0
    after = follow(image, flow)
    torch.testing.assert_close(after[..., 9:15, 14:20], image[..., 9:15, 9:15], atol=1e-5, rtol=0)
    torch.testing.assert_close(after[..., 20:, :], image[..., 20:, :])
