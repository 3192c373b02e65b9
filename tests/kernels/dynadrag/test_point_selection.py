"""Which pairs are dragged."""

import torch
from dragkit.kernels.dynadrag.point_selection import select_points


def test_pairs_that_look_different_are_dragged_and_otherwise_the_most_different_one():
    angles = torch.tensor([0.0, 20, 40, 50, 70, 90]).deg2rad()
    features = torch.stack((angles.cos(), angles.sin()))[None, :, None]
    handles = torch.zeros(3, 2)
    targets = torch.tensor([[1.0, 0], [4.0, 0], [5.0, 0]])
    assert select_points(features, handles, targets).tolist() == [False, True, True]
    assert select_points(features, handles[:2], torch.tensor([[1.0, 0], [2.0, 0]])).tolist() == [False, True]
    assert select_points(features, handles[:0], targets[:0]).tolist() == []
