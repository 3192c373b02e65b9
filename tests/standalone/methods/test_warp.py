"""A warped picture repaired by the demo model."""

import torch
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.methods.warp import repair, warp_picture
from dragkit.standalone.scenes.photographs import photograph

DRAG = DragPoints(torch.tensor([[0.6, 0.7]]), torch.tensor([[0.45, 0.7]]))


def test_only_what_opened_and_the_seam_is_painted_anew(demo):
    image = photograph("chelsea")[None]
    warped, anew = warp_picture(image, DRAG, border="free")
    done = []
    painted = repair(demo, warped, anew, steps=2, callback=lambda *counts: done.append(counts))
    assert done == [(1, 2), (2, 2)] and 0.01 < (anew > 0).float().mean() < 0.2
    outside = anew[0] == 0
    assert torch.equal(painted[..., outside], warped[..., outside])
    assert (painted - warped).abs()[..., anew[0] == 1].mean() > 0.02
    assert torch.equal(repair(demo, warped, anew, steps=2), painted)
    assert not torch.equal(repair(demo, warped, anew, steps=2, seed=1), painted)
    assert repair(demo, image, torch.zeros_like(anew)) is image
