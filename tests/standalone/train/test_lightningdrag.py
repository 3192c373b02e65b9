"""The demo LightningDrag: its drags, its training, its file."""

import pytest
import torch
from dragkit.kernels.lightningdrag.attention import project_points
from dragkit.kernels.lightningdrag.files import LightningDragError
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.methods.lightningdrag import lightningdrag
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.models.lightningdrag import CHANNELS, load_demo_lightningdrag, load_lightningdrag
from dragkit.standalone.models.widened import widened
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.train.lightningdrag import OFFERED, Bank, Learner, pairs_of, train_lightningdrag
from safetensors.torch import load_file


def test_pairs_follow_what_moves_within_the_region():
    flow, region = torch.zeros(2, 20, 30), torch.zeros(20, 30)
    region[5:10, 5:25] = 1
    flow[0, :, :20] = 6  # beyond it nothing moves, and of what does, some leaves the region
    pairs = pairs_of(flow, region, torch.Generator().manual_seed(0))
    assert pairs.shape == (OFFERED, 4) and ((pairs[:, 2:] - pairs[:, :2]) == torch.tensor([6.0, 0.0])).all()
    assert pairs[:, 0].min() > 5 and pairs[:, 0].max() < 20 and pairs[:, 1].min() > 5 and pairs[:, 1].max() < 10
    assert pairs_of(flow * 0, region, torch.Generator()) is None
    assert pairs_of(flow * 5, region, torch.Generator()) is None


def test_the_learner_begins_as_the_demo_model_and_has_points_for_all_blocks():
    model = load_demo()
    learner = Learner(widened(model.denoiser.unet, CHANNELS))
    bank = Bank(model, [photograph("coffee")], 3, seed=1)
    source, target, seen, maps, shows = bank.batch(4, torch.Generator().manual_seed(0))
    assert source.shape == target.shape == (4, 4, 16, 16) and seen.shape == (4, 5, 16, 16)
    assert maps.shape == (4, 2, 128, 128) and 1 <= maps.max() <= 8
    whole = bank.batch(2, torch.Generator().manual_seed(0), 32)
    assert whole[0].shape == (2, 4, 32, 32) and whole[3].shape == (2, 2, 256, 256)
    assert all(any(torch.equal(one, known) for known in bank.target) for one in whole[1])
    # no points are said to be shown where the window has none
    assert not shows[maps.amax((1, 2, 3)) == 0].any()
    # outside the region the picture is seen, inside grey
    free = seen[:, :1] > 0
    assert free.any() and not free.all()
    points = project_points(learner.embedding(maps), learner.points())
    grids = {tokens.shape[1] for pair in points.values() for tokens in pair}
    assert len(points) == 11 and grids == {16 * 16, 8 * 8, 4 * 4}
    # peaks are seen above the epsilon of the normalisation
    assert all(one.std(dim=1).max() > 0.05 for pair in points.values() for one in pair)
    assert all(one.requires_grad for one in learner.parameters())
    assert torch.equal(learner.unet.conv_in.weight[:, :4], model.denoiser.unet.conv_in.weight)


def test_a_training_goes_on_where_it_stopped_and_its_file_drags(tmp_path):
    out = tmp_path / "light.safetensors"
    train_lightningdrag(tmp_path, out, steps=1, batch=1, count=1)
    first = load_file(out)
    train_lightningdrag(tmp_path, out, steps=2, batch=1, count=1)
    changed = {name for name, value in load_file(out).items() if not torch.equal(value, first[name])}
    assert {name.split(".")[0] for name in changed} == {"points", "point_embedding", "unet"}
    assert any("proj.weight" in name for name in changed) and out.stat().st_size < 4_000_000
    model, drag = load_demo_lightningdrag(out)
    picture = photograph("coffee")[None, :, :64, :64]
    points = DragPoints([[0.3, 0.4]], [[0.6, 0.5]])
    found = [
        lightningdrag(model, drag, picture, points, steps=1, sampler="ddim", candidates=1, scale=scale)
        for scale in (1.0, 5.0)
    ]
    assert found[0].shape == picture.shape and found[0].isfinite().all() and not torch.equal(*found)
    with pytest.raises(LightningDragError, match="has no appearance encoder; it can be used with the demo model"):
        load_lightningdrag(out, model)
