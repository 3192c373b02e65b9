"""The demo FlowDiffusion: its drags, its training, its file."""

import torch
from dragkit.standalone.methods.instantdrag import instantdrag
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.models.flowdiffusion import load_demo_flowdiffusion
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.train.flowdiffusion import Bank, train_flowdiffusion
from safetensors.torch import load_file


def test_without_motion_a_drag_teaches_that_the_picture_stays():
    bank = Bank(load_demo(), [photograph("coffee")], 6, seed=3)
    assert bank.source.shape == bank.target.shape == (6, 4, 32, 32) and bank.flow.shape == (6, 2, 32, 32)
    assert (bank.source - bank.target).abs().amax((1, 2, 3)).min() > 0.5
    # the fraction of the picture that content goes: 8 to 40 of 256 pixels
    assert bank.flow.norm(dim=1).amax((1, 2)).min() > 8 / 256 and bank.flow.norm(dim=1).max() < 40 / 256
    target, seen, weight = bank.batch(200, torch.Generator().manual_seed(0))
    still, blind = ~seen[:, 4:].any(1).any(1).any(1), ~seen.any(1).any(1).any(1)
    assert 2 < (still & ~blind).sum() < 60 and 2 < blind.sum() < 60
    stays = still & ~blind
    torch.testing.assert_close(target[stays], seen[stays, :4] * bank.scale)
    assert weight.min() == 1 and weight.max() > 1 and target.shape == (200, 4, 16, 16)


def test_a_training_goes_on_where_it_stopped_and_its_file_loads(tmp_path):
    out = tmp_path / "flow.safetensors"
    train_flowdiffusion(tmp_path, out, steps=1, batch=2, count=2)
    first = load_file(out)
    train_flowdiffusion(tmp_path, out, steps=3, batch=2, count=2)
    assert not torch.equal(load_file(out)["conv_in.weight"], first["conv_in.weight"])
    model = load_demo_flowdiffusion(out)
    with torch.no_grad():
        after = instantdrag(model, photograph("coffee")[None, :, :64, :64], torch.ones(1, 2, 8, 8), steps=2)
    assert after.shape == (1, 3, 64, 64) and after.isfinite().all() and model.denoiser.evaluations == 2
