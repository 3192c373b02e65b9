"""The whole way of a motion predictor as one flow."""

from functools import partial

import pytest
import torch
from dragkit.kernels.motion.displacements import displace
from dragkit.kernels.motion.prediction import predict_flow, sample_flow
from dragkit.kernels.motion.simvp import SimVP
from dragkit.kernels.motion.total_flow import compose, predict_total_flow


def turning(height, width, angle):
    """Everything turns about the middle."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    offset = torch.complex(x - width / 2, y - height / 2)
    return torch.view_as_real(offset * (torch.exp(torch.tensor(1j * angle)) - 1)).permute(2, 0, 1)[None]


def test_steps_are_put_one_after_the_other():
    # twelve turns of 5 degrees are one of 60, which their sum is not
    steps = [turning(40, 60, torch.pi / 36)] * 12
    whole, inner = turning(40, 60, torch.pi / 3), (..., slice(12, 28), slice(20, 40))
    torch.testing.assert_close(compose(steps)[inner], whole[inner], rtol=0, atol=0.02)
    assert (sum(steps) - whole)[inner].abs().max() > 1


@pytest.mark.parametrize("size", [(512, 384), (100, 180)])
def test_the_whole_way_of_a_predictor_ends_at_the_targets(size):
    height, width = size
    handles = torch.tensor([[0.3, 0.4], [0.6, 0.6]], dtype=torch.float64)
    targets = torch.tensor([[0.5, 0.4], [0.7, 0.5]], dtype=torch.float64)
    seen = []

    def predict(image, now, goals):
        seen.append(image.shape)
        # a quarter of what remains, in each half what its handle needs, never less than a pixel
        step = (goals - now) / max(1.0, float((goals - now).norm(dim=1).max()) / 8)
        left = (torch.arange(image.shape[3]) < 0.5 * image.shape[3]).view(1, 1, 1, -1)
        first, second = (one.float().view(1, 2, 1, 1).expand(1, 2, *image.shape[-2:]) for one in step)
        return torch.where(left, first, second)

    flow = predict_total_flow(predict, torch.rand(1, 3, height, width), handles, targets)
    grid = torch.tensor([flow.shape[3], flow.shape[2]])
    assert max(grid) == min(256, max(size)) and len(seen) > 3 and all(one[-2:] == flow.shape[-2:] for one in seen)
    moved = handles + sample_flow(flow, handles * grid) / grid
    torch.testing.assert_close(moved, targets, rtol=0, atol=0.01)
    still = predict_total_flow(predict, torch.rand(1, 3, height, width), targets, targets)
    assert still.shape == flow.shape and still.abs().max() == 0


def test_the_whole_way_in_a_region_is_the_held_displacement():
    """The first guess alone, step by step, ends where the held displacement does, and nothing folds."""
    region = torch.zeros(192, 256, dtype=torch.bool)
    region[20:170, 40:230] = True
    size = torch.tensor([256, 192])
    handles = torch.tensor([[100.5, 90.5], [150.5, 70.5]], dtype=torch.float64)
    targets = handles + torch.tensor([[40.0, 10.0], [30.0, 10.0]], dtype=torch.float64)
    predict = partial(predict_flow, SimVP(8, 16, 2, 2), region=region)
    flow = predict_total_flow(predict, torch.rand(1, 3, 192, 256), handles / size, targets / size)
    torch.testing.assert_close(sample_flow(flow, handles), targets - handles, atol=0.5, rtol=0)
    assert not flow[..., ~region].any()
    expected = displace(handles - 0.5, targets - 0.5, region, "rigid", border="held")
    assert (flow - expected).norm(dim=1).max() < 3 and (flow - expected).norm(dim=1)[:, region].mean() < 0.6
    x, y = flow[0]
    along, across = (one.diff(dim=1)[:-1] for one in (x, y)), (one.diff(dim=0)[:, :-1] for one in (x, y))
    (xx, yx), (xy, yy) = along, across
    assert ((1 + xx) * (1 + yy) - xy * yx).min() > 0
