"""Flows on other grids, confined to a region, and those that cannot be used."""

import pytest
import torch
from dragkit.kernels.motion.flow import FlowError, check_flow, confine_flow, place_flow, resize_flow


def test_flow_is_confined_to_a_region_of_another_size():
    flow = torch.ones(2, 2, 30, 40)
    mask = torch.zeros(1, 60, 80)
    mask[:, 20:40, 40:] = 1
    found = confine_flow(flow, mask)
    assert (found[:, :, 10:20, 20:] == 1).all() and found.sum() == 2 * 2 * 10 * 20
    assert torch.equal(confine_flow(flow[:1], mask.repeat(2, 1, 1)), found)


def test_a_flow_on_another_grid_is_the_same_motion():
    flow = torch.tensor([3.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 8, 12)
    resized = resize_flow(flow, 24, 24)
    torch.testing.assert_close(resized[0, 0], torch.full((24, 24), 6.0))
    torch.testing.assert_close(resized[0, 1], torch.full((24, 24), -3.0))
    assert resize_flow(flow, 8, 12) is flow


@pytest.mark.parametrize("shape,value,message", [((1, 3, 4, 4), 0.0, "FLOW is"), ((1, 2, 4, 4), torch.nan, "NaN")])
def test_flows_that_cannot_be_used_are_refused(shape, value, message):
    with pytest.raises(FlowError, match=message):
        check_flow(torch.full(shape, value), "F")


def test_a_motion_goes_to_a_latent_and_back_in_its_place():
    # 13 x 9 cells of 8 in 109 x 77 pixels: 2 columns and 2 rows lie in front
    flow = torch.zeros(1, 2, 77, 109)
    flow[..., 2 + 16 : 2 + 24, 2 + 40 : 2 + 48] = 8.0
    cells = place_flow(flow, 9, 13)
    expected = torch.zeros(1, 2, 9, 13)
    expected[..., 2, 5] = 1.0
    assert cells.shape == expected.shape and (cells - expected)[..., 2, 5].abs().max() < 0.5
    assert cells.flatten(2).argmax(2).tolist() == [[2 * 13 + 5] * 2]
    # what is no cell moves as the cell beside it
    back = place_flow(torch.arange(13.0).expand(1, 2, 9, 13), 77, 109)
    assert back.shape == (1, 2, 77, 109)
    torch.testing.assert_close(back[0, 0, 40, 2 + 8 * 5 + 3 : 2 + 8 * 5 + 5].mean(), torch.tensor(8 * 5.0))
    assert torch.equal(back[..., :2], back[..., 2:3].expand(-1, -1, -1, 2))
    # a grid over all of the picture is no latent
    assert torch.equal(place_flow(flow, 38, 54), resize_flow(flow, 38, 54))
