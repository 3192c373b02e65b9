"""FastDrag on the demo model."""

import pytest
import torch
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.methods.fastdrag import fastdrag, fastdrag_latent
from dragkit.standalone.scenes.photographs import photograph

NO_POINTS = DragPoints(torch.zeros(0, 2), torch.zeros(0, 2))
DRAG = DragPoints(torch.tensor([[0.6, 0.7]]), torch.tensor([[0.45, 0.7]]))


@pytest.mark.parametrize("mode", ["inverse", "fastdrag"])
def test_no_drag_returns_the_picture(demo, mode):
    latent = demo.encode(photograph("coffee")[None])
    same = fastdrag_latent(demo, latent, NO_POINTS, mode=mode, steps=50, strength=0.14, refinement=4)
    assert (same - latent).norm() / latent.norm() < 2e-3
    rough = fastdrag_latent(demo, latent, NO_POINTS, mode=mode)
    assert (rough - latent).norm() / latent.norm() < 0.15


def test_a_drag_changes_the_region_and_little_else(demo):
    image = photograph("chelsea")[None]
    mask = torch.zeros(1, 256, 256)
    mask[:, 130:230, 70:200] = 1
    untouched = fastdrag(demo, image, NO_POINTS)
    change = (fastdrag(demo, image, DRAG, mask) - untouched).abs().mean(1)
    far = torch.nn.functional.max_pool2d(mask, 65, 1, 32) == 0
    assert change[mask > 0].mean() > 5 * change[far].mean()


def test_the_same_edit_twice_is_equal_and_does_not_touch_its_inputs(demo):
    image = photograph("chelsea")[None]
    kept = image.clone()
    assert torch.equal(fastdrag(demo, image, DRAG), fastdrag(demo, image, DRAG))
    assert torch.equal(image, kept)
