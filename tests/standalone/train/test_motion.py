"""Training data with known paths, the trainer, and videos."""

import math
import sys

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.motion.first_guess import STEP
from dragkit.kernels.motion.prediction import SIDE
from dragkit.standalone.cli import main
from dragkit.standalone.models.predictors import load_motion_predictor
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.scenes.drag_samples import make_sample, next_time
from dragkit.standalone.scenes.motions import positions
from dragkit.standalone.scenes.moving import KINDS
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.scenes.random_choices import Dice
from dragkit.standalone.scenes.surfaces import Surfaces
from dragkit.standalone.scenes.trajectories import Elastic, Swing
from dragkit.standalone.train import motion as trainer
from dragkit.standalone.train.data_errors import DataError
from dragkit.standalone.train.motion_data import Synthetic, bundled, open_data
from dragkit.standalone.train.motion_videos import FLOW_SIDE, Videos, follow_flow, item_of
from dragkit.standalone.train.optical_flow import dis
from dragkit.standalone.train.video_frames import read_frames
from PIL import Image

TINY = {"hid_S": 8, "hid_T": 16, "N_S": 2, "N_T": 2}


@pytest.fixture(scope="module")
def surfaces():
    return Surfaces([photograph("coffee")], 0, count=10)


def test_a_swing_is_an_arc_about_its_anchor():
    motion = Swing((10.0, 20.0), turn=math.pi / 2)
    ends = motion.forward(torch.tensor([5.0, 0.0]), torch.tensor([0.0, 0.5, 1.0]))
    expected = torch.tensor([[15, 20], [10 + 5 * 0.5**0.5, 20 + 5 * 0.5**0.5], [10, 25]])
    torch.testing.assert_close(ends, expected, atol=0.01, rtol=0)


def test_a_curl_keeps_its_length_and_leaves_the_root():
    motion = Swing((0.0, 0.0), bend=math.pi / 20)
    spine = torch.stack((torch.linspace(0, 20, 200), torch.zeros(200)), -1)
    curled = motion.forward(spine, 1.0)
    # a half circle of circumference 20
    torch.testing.assert_close(curled[-1], torch.tensor([0.0, 40 / math.pi]), atol=0.01, rtol=0)
    assert (curled[1:] - curled[:-1]).norm(dim=-1).sum().item() == pytest.approx(20, abs=0.01)


def test_swings_invert():
    motion = Swing((40.0, 50.0), 0.4, 1.2, 0.3, 0.01, 0.02, (5.0, 3.0), (12.0, 0.3, -0.8))
    rest = torch.rand(50, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([30.0, 10.0])
    torch.testing.assert_close(motion.inverse(motion.forward(rest, 0.7), 0.7), rest, atol=0.01, rtol=0)


def test_elastic_bumps():
    motion = Elastic((((50.0, 50.0), 10.0, (6.0, 0.0), 0.0, 0.0),))
    moved = motion.forward(torch.tensor([[50.0, 50.0], [60.0, 50.0], [99.0, 99.0]]), 0.5)
    torch.testing.assert_close(moved, torch.tensor([[53.0, 50], [60 + 3 * math.exp(-0.5), 50], [99, 99]]))
    assert motion.dragged(torch.tensor([[80.0, 50.0]])).bumps == ()


def test_the_next_step_is_that_of_the_farthest_handle():
    t = torch.linspace(0, 1, 11)
    paths = torch.stack((torch.stack((20 * t, 0 * t), -1), torch.stack((5 * t, 0 * t), -1)), 1)
    assert next_time(paths, 5.0) == pytest.approx(0.25)
    assert next_time(paths, 50.0) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_what_they_say(surfaces, kind):
    for seed in range(6):
        s = make_sample(seed, surfaces, kind=kind)
        assert s.kind == kind and 1 <= len(s.handles) <= 7
        assert torch.equal(s.paths[-1], s.targets)
        torch.testing.assert_close(s.paths[0], s.handles, atol=0.02, rtol=0)
        assert ((s.paths > 0) & (s.paths < SIDE)).all()
        # the flow takes each handle along its path, and none farther than a step
        x, y = s.handles.long().unbind(-1)
        after = s.handles + s.flow[:, y, x].T
        off = (s.paths - after).norm(dim=-1).amin(0)
        assert off.max() < 1, (kind, seed)
        gone = s.flow[:, y, x].norm(dim=0)
        whole = (s.paths[1:] - s.paths[:-1]).norm(dim=-1).sum(0)
        assert gone.max() == pytest.approx(min(STEP * SIDE, whole.max().item()), rel=0.2)
        assert s.moving[y, x][whole > 0.02 * SIDE].all() and s.swept()[s.moving].all()
        assert not s.flow[:, ~s.moving & (s.flow.norm(dim=0) > STEP * SIDE / 2)].any()


def test_samples_are_repeatable_and_different(surfaces):
    first, second = (make_sample(5, surfaces) for _ in range(2))
    assert torch.equal(first.picture, second.picture) and torch.equal(first.flow, second.flow)
    assert not torch.equal(first.picture, make_sample(6, surfaces).picture)
    assert torch.equal(bundled()[3][0], bundled()[3][0])


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
    left, spoilt = (trainer.loss_of(away, guess, flow, weight, heat).item() for guess in (away, flow))
    assert left == pytest.approx(3, abs=0.01) and spoilt == pytest.approx(3 * (1 + trainer.HARM), abs=0.1)
    # where nothing moves, the guess is the aim
    still = torch.zeros_like(flow)
    assert trainer.loss_of(flow, flow, still, weight, heat) < 0.02 < trainer.loss_of(still, flow, still, weight, heat)


def test_training_lowers_the_loss(tmp_path, monkeypatch):
    four = Synthetic([photograph("coffee")])
    items = [four[i] for i in range(4)]
    monkeypatch.setattr(Synthetic, "__getitem__", lambda self, index: items[index % 4])
    curves = short(None, tmp_path / "m.safetensors", steps=60, every=10, learning_rate=5e-3)["curves"]
    assert curves["loss"][-1][1] < 0.95 * curves["loss"][0][1]


def film(path, count=24):
    """A square of noise runs to the right over a still one, 3 pixels a frame."""
    import av

    generator = torch.Generator().manual_seed(0)
    ground, thing = (
        torch.nn.functional.interpolate(torch.rand(1, 3, n, n, generator=generator), (size, size), mode="bicubic")[0]
        for n, size in ((24, 192), (8, 64))
    )
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 192, 192, "yuv420p", 4_000_000
        for i in range(count):
            picture = ground.clone()
            picture[:, 64:128, 20 + 3 * i : 84 + 3 * i] = thing
            for packet in stream.encode(av.VideoFrame.from_image(to_pil(picture))):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


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


def handles_in(inputs):
    """Pixels whose whole surroundings are in the heatmap [S, S]: those of the handles, and between close ones."""
    return F.max_pool2d(1 - inputs[5:], 9, 1, 4)[0] == 0


def test_what_a_video_teaches(tmp_path):
    film(tmp_path / "good.mp4")
    inputs, guess, flow, weight = Videos([tmp_path / "good.mp4"])[0]
    assert inputs.shape == (6, SIDE, SIDE) and flow.shape == guess.shape == (2, SIDE, SIDE) and weight.shape[0] == 1
    handles = handles_in(inputs)
    assert 1 <= handles.sum()
    # the square runs to the right: targets lie there, and a step is a step
    assert (inputs[3][handles] > 0.7).all() and inputs[4][handles].abs().max() < 0.3
    torch.testing.assert_close(guess, inputs[3:5] * STEP * SIDE)
    torch.testing.assert_close(flow[:, handles].median(1).values, torch.tensor([STEP * SIDE, 0.0]), atol=0.5, rtol=0)
    # what the square covers cannot be followed
    assert 0 < (weight < 0.5).float().mean() < 0.5


def test_masks_say_where_handles_may_lie(tmp_path):
    film(tmp_path / "good.mp4", 16)
    (tmp_path / "good_masks").mkdir()
    mask = Image.new("L", (192, 192), 0)
    mask.paste(255, (0, 64, 192, 84))
    mask.save(tmp_path / "good_masks" / "00000.png")
    rows = handles_in(Videos([tmp_path / "good.mp4"])[1][0]).nonzero()[:, 0]
    assert ((rows >= 64 * SIDE // 192) & (rows <= 84 * SIDE // 192)).all()


def test_frames_from_the_middle(tmp_path):
    film(tmp_path / "good.mp4")
    whole, part = read_frames(tmp_path / "good.mp4", 0, 30), read_frames(tmp_path / "good.mp4", 9, 5)
    assert len(whole) == 24 and len(part) == 5
    assert [frame.tobytes() for frame in part] == [frame.tobytes() for frame in whole[9:14]]


def test_flow_is_followed_and_checked():
    still = torch.zeros(2, FLOW_SIDE, FLOW_SIDE)
    right = still + torch.tensor([2.0, 0.0]).view(2, 1, 1)
    flows = iter([torch.stack((right, right)), torch.stack((-right, still))])
    places, known = follow_flow([Image.new("RGB", (FLOW_SIDE, FLOW_SIDE))] * 3, lambda before, after: next(flows))
    torch.testing.assert_close(places[2] - positions(FLOW_SIDE), torch.tensor([4.0, 0.0]).expand_as(places[2]))
    assert known[1, 50, :-2].all() and not known[1, 50, -2:].any()
    # the second pair does not come back
    assert not known[2].any()


def test_nothing_moves():
    frames = [to_pil(photograph("coffee", FLOW_SIDE))] * 16
    assert item_of(frames, None, Dice(0), dis) is None


def test_folders_of_pictures(tmp_path, capsys):
    to_pil(photograph("rocket")).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_text("no picture")
    data = open_data(tmp_path)
    assert data.skipped == 1 and "b.jpg" in capsys.readouterr().err
    assert data[0][0].shape == (6, SIDE, SIDE)
    (tmp_path / "a.png").unlink()
    with pytest.raises(DataError, match="none of the pictures"):
        open_data(tmp_path)
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(DataError, match="holds neither videos"):
        open_data(tmp_path)


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


def test_the_command_trains(tmp_path, capsys):
    out = tmp_path / "m.safetensors"
    main(["train-motion", "--synthetic", "--out", str(out), "--steps", "1", "--batch", "1", "--precision", "no"])
    assert "1 steps, 0 file(s) skipped" in capsys.readouterr().out
    assert load_motion_predictor(out).config == trainer.SHIPPED
    with pytest.raises(SystemExit, match="name a folder"):
        main(["train-motion", "--out", str(out)])
