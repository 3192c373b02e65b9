"""The trainer of motion predictors."""

import sys

import pytest
import torch
from dragkit.standalone.cli import main
from dragkit.standalone.models.predictors import load_motion_predictor
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.train import motion as trainer
from dragkit.standalone.train.motion_data import Synthetic
from PIL import Image

from .film import film

TINY = {"hid_S": 8, "hid_T": 16, "N_S": 2, "N_T": 2}


def short(folder, out, **options):
    return trainer.train_motion(
        folder, out, **{"config": TINY, "batch": 4, "precision": "no", "validation": 2} | options
    )


def test_going_on_after_an_interruption_changes_nothing(tmp_path, monkeypatch):
    short(None, tmp_path / "whole.safetensors", steps=6, every=2)
    export = trainer.export

    def interrupted(network, path):
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "export", interrupted)
    with pytest.raises(KeyboardInterrupt):
        short(None, tmp_path / "parts.safetensors", steps=6, every=2)
    monkeypatch.setattr(trainer, "export", export)
    made = short(None, tmp_path / "parts.safetensors", steps=6, every=2)
    assert made["step"] == 6 and [step for step, _ in made["curves"]["loss"]] == [2, 4, 6]
    whole, parts = (load_motion_predictor(tmp_path / f"{name}.safetensors") for name in ("whole", "parts"))
    for key, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[key]), key
    assert Image.open(tmp_path / "parts.png").size[0] > 500
    with pytest.raises(trainer.TrainingError, match="other sizes"):
        short(None, tmp_path / "parts.safetensors", steps=8, config=TINY | {"hid_S": 16})


def test_spoiling_a_guess_counts_more_than_leaving_it():
    flow = torch.tensor([2.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 4, 4)
    away, weight, heat = (
        flow + torch.tensor([0.0, 3.0]).view(1, 2, 1, 1),
        torch.ones(1, 1, 4, 4),
        torch.zeros(1, 1, 4, 4),
    )
    none = torch.zeros_like(weight)
    left, spoilt = (trainer.loss_of(away, guess, flow, weight, heat, none).item() for guess in (away, flow))
    assert left == pytest.approx(3, abs=0.01) and spoilt == pytest.approx(3 * (1 + trainer.HARM), abs=0.1)
    # where nothing moves, the guess is the aim
    still = torch.zeros_like(flow)
    kept, stilled = (trainer.loss_of(p, flow, still, weight, heat, none) for p in (flow, still))
    assert kept < 0.02 < stilled
    # in a region it counts more, and what is still is to be still
    in_region = trainer.loss_of(away, flow, flow, weight, heat, weight).item()
    assert in_region == pytest.approx(3 * (1 + trainer.HARM_INSIDE), abs=0.1) and trainer.HARM_INSIDE > trainer.HARM
    kept, stilled = (trainer.loss_of(p, flow, still, weight, heat, weight) for p in (flow, still))
    assert stilled < 0.02 < kept


def test_errors_are_measured_where_content_moves_and_in_all_of_a_region():
    flow, weight = torch.zeros(2, 2, 4, 4), torch.ones(2, 1, 4, 4)
    flow[:, 0, :2] = 3
    inside = torch.zeros(2, 1, 4, 4)
    inside[1, :, :3] = 1
    nothing = torch.zeros_like(flow)
    one, other = (trainer.end_point_error(*(p[i : i + 1] for p in (nothing, flow, weight, inside))) for i in (0, 1))
    assert one == 3 and other == 2
    assert trainer.end_point_error(nothing, flow, weight, inside) == pytest.approx((8 * 3 + 12 * 2) / 20)


def test_training_lowers_the_loss(tmp_path, monkeypatch):
    four = Synthetic([photograph("coffee")])
    items = [four[i] for i in range(4)]
    monkeypatch.setattr(Synthetic, "__getitem__", lambda self, index: items[index % 4])
    curves = short(None, tmp_path / "m.safetensors", steps=60, every=10, learning_rate=5e-3)["curves"]
    assert curves["loss"][-1][1] < 0.95 * curves["loss"][0][1]


def test_videos_train_and_bad_ones_are_named_and_counted(tmp_path, capsys):
    film(tmp_path / "good.mp4")
    film(tmp_path / "short.mp4", 8)
    (tmp_path / "broken.mp4").write_bytes(b"this is no video" * 100)
    cut = (tmp_path / "good.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(cut[: len(cut) // 3])
    (tmp_path / "notes.txt").write_text("not looked at")
    made = short(tmp_path, tmp_path / "m.safetensors", steps=2, batch=2, every=1)
    assert made["step"] == 2 and made["skipped"] == 3
    warned = capsys.readouterr().err
    assert all(f"skipped {tmp_path / name}.mp4: it " in warned for name in ("broken", "cut", "short"))
    assert "fewer than 16 frames" in warned and "good.mp4" not in warned


@pytest.mark.parametrize("module", ["av", "cv2", "accelerate"])
def test_missing_packages_are_named(tmp_path, monkeypatch, module):
    film(tmp_path / "good.mp4", 16)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SystemExit) as caught:
        main(
            [
                "train-motion",
                str(tmp_path),
                "--out",
                str(tmp_path / "m.safetensors"),
                "--steps",
                "1",
                "--precision",
                "no",
            ]
        )
    assert 'pip install "dragkit[train]"' in str(caught.value.code) and "\n" not in str(caught.value.code)


def test_a_training_begins_with_given_weights(tmp_path, capsys):
    first, then, words = tmp_path / "first.safetensors", tmp_path / "then.safetensors", ["train-motion", "--synthetic"]
    words += ["--steps", "1", "--batch", "1", "--precision", "no", "--learning-rate", "1e-9"]
    short(None, first, steps=3, learning_rate=1e-2)
    main([*words, "--from", str(first), "--out", str(then)])
    before, after = (load_motion_predictor(path) for path in (first, then))
    assert after.knows_regions
    # of the file's sizes, and where a step that is as good as none leaves it
    assert after.config == TINY
    for key, value in before.state_dict().items():
        torch.testing.assert_close(after.state_dict()[key], value, atol=1e-6, rtol=2e-3)
    assert before.dec.readout.weight.abs().max() > 1e-3
    (tmp_path / "bad.safetensors").write_bytes(b"none")
    with pytest.raises(SystemExit, match="bad.safetensors is no safetensors file"):
        main([*words, "--from", str(tmp_path / "bad.safetensors"), "--out", str(tmp_path / "x.safetensors")])
    with pytest.raises(SystemExit, match="--from: there is no file 'nowhere'"):
        main([*words, "--from", "nowhere", "--out", str(tmp_path / "x.safetensors")])


def test_the_command_trains(tmp_path, capsys):
    out = tmp_path / "m.safetensors"
    main(["train-motion", "--synthetic", "--out", str(out), "--steps", "1", "--batch", "1", "--precision", "no"])
    assert "1 steps, 0 file(s) skipped" in capsys.readouterr().out
    assert load_motion_predictor(out).config == trainer.SHIPPED
    with pytest.raises(SystemExit, match="name a folder"):
        main(["train-motion", "--out", str(out)])
