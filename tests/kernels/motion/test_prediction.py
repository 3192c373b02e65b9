"""SimVP against the published code's numbers, the input maps, Eq. 4, the guard and the shipped predictor."""

import json
import math
import zlib
from functools import partial
from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.first_guess import STEP, first_guess, turns
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
from dragkit.kernels.motion.simvp import PredictorError, SimVP, build, metadata_of
from dragkit.standalone.bench.motion import bench_motion, spaced, straight
from dragkit.standalone.models.predictors import load_motion_predictor
from dragkit.standalone.scenes.moving import KINDS
from dragkit.weights import MOTION_PREDICTOR
from safetensors.torch import load_file, save_file

GOLDEN = Path(__file__).parents[2] / "golden"
MANIFEST = json.loads((GOLDEN / "simvp_manifest.json").read_text())
CASES = list(MANIFEST)


def published(case):
    """The network of a golden case with the weights of its rule."""
    config, gain = MANIFEST[case]["config"], 1.4 if MANIFEST[case]["rule"].startswith("B") else None
    network = SimVP(**{key: config[key] for key in ("hid_S", "hid_T", "N_S", "N_T")}).eval()
    for name, value in network.state_dict().items():
        r = torch.randn(value.shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode()) & 0x7FFFFFFF))
        if value.ndim == 1 and name.endswith("weight"):
            r = 1 + 0.02 * r
        elif gain and value.ndim > 1:
            r = r * (gain / value[0].numel() ** 0.5)
        else:
            r = 0.02 * r
        value.copy_(r)
    return network


@pytest.mark.parametrize("case", CASES)
def test_simvp_has_the_published_parameters(case):
    config = {key: MANIFEST[case]["config"][key] for key in ("hid_S", "hid_T", "N_S", "N_T")}
    with torch.device("meta"):
        network = SimVP(**config)
    assert {k: list(v.shape) for k, v in network.state_dict().items()} == MANIFEST[case]["keys"]
    assert sum(p.numel() for p in network.parameters()) == MANIFEST[case]["params"]


def test_simvp_is_published_by_default():
    assert SimVP().config.items() <= MANIFEST["cli_default"]["config"].items()


@pytest.mark.parametrize("case", CASES)
def test_simvp_gives_the_published_outputs(case):
    golden = {
        k.split("/")[1]: v for k, v in load_file(GOLDEN / "simvp.safetensors").items() if k.startswith(case + "/")
    }
    network = published(case)
    with torch.no_grad():
        latent, skip = network.enc(golden["in"])
        translated = network.hid(latent)
        out = network(golden["in"])
    # of the skip connection every eighth channel is kept
    for name, value in {
        "enc_latent": latent,
        "enc_skip": skip[:, ::8],
        "translator_out": translated,
        "out": out,
    }.items():
        assert (value - golden[name]).abs().max() < 1e-4 * golden[name].std(), name


def test_any_size_is_padded_and_cropped():
    network = published("tiny_B")
    x = torch.rand(2, 6, 23, 30, generator=torch.Generator().manual_seed(0))
    wide = torch.nn.functional.pad(x, (0, 2, 0, 1), mode="replicate")
    with torch.no_grad():
        assert torch.equal(network(x), network(wide)[..., :23, :30])
        assert network(x[:1, :, :1, :1]).shape == (1, 2, 1, 1)


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


def test_the_first_guess_is_straight_where_nothing_turns():
    handles = torch.tensor([[20.5, 30.5], [70.5, 80.5], [10.5, 90.5]])
    targets = torch.tensor([[20.5, 10.5], [70.5, 60.5], [10.5, 80.5]])
    # the farthest goes one step, the others as much of their ways
    expected = torch.tensor([[0.0, -4.0], [0.0, -4.0], [0.0, -2.0]])
    torch.testing.assert_close(sample_flow(first_guess(handles, targets, 96, 96), handles), expected, atol=5e-3, rtol=0)
    near = first_guess(handles, handles + 1, 96, 96)
    torch.testing.assert_close(near, torch.ones(1, 2, 96, 96), atol=5e-3, rtol=0)


def test_the_first_guess_turns_what_turns_together():
    # two points of a wheel about (48, 48) make a quarter turn; the farthest is 20 pixels away
    handles = torch.tensor([[68.0, 48.0], [60.0, 48.0]])
    targets = torch.tensor([[48.0, 68.0], [48.0, 60.0]])
    assert turns(handles, targets, 9.6).tolist() == pytest.approx([math.pi / 2 * 1j] * 2)
    angle = 4 / 20
    flow = first_guess(handles, targets, 96, 96)
    turned = torch.tensor([math.cos(angle), math.sin(angle)])
    expected = torch.stack((20 * turned, 12 * turned)) + 48 - handles
    torch.testing.assert_close(sample_flow(flow, handles), expected, atol=0.03, rtol=0)
    # drags apart from each other, of a thing that would have to grow, go straight
    assert turns(handles, handles + torch.tensor([[20.0, 0.0], [-4.0, 0.0]]), 9.6).abs().max() < 1e-6


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


def test_distance_of_paths():
    corner = spaced(torch.tensor([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]))
    torch.testing.assert_close(corner[[0, 8, 16, 24, 32]], torch.tensor([[0.0, 0], [2, 0], [4, 0], [4, 2], [4, 4]]))
    assert torch.equal(spaced(torch.ones(5, 2)), torch.ones(33, 2))


def test_files_of_another_kind_are_refused(tmp_path):
    network = SimVP(8, 16, 2, 2)
    weights, good = network.state_dict(), metadata_of(network)
    assert torch.equal(build(weights, good, "x").dec.readout.weight, network.dec.readout.weight)
    bad = {
        "no motion predictor": (weights, None),
        "do not fit": (weights, good | {"config": json.dumps(network.config | {"hid_T": 32})}),
        "not possible": (weights, good | {"config": json.dumps(network.config | {"N_T": 10**9})}),
        "that its metadata describes": (weights, good | {"config": "{"}),
    }
    for message, (tensors, metadata) in bad.items():
        save_file(tensors, tmp_path / "other.safetensors", metadata)
        with pytest.raises(PredictorError, match=message) as caught:
            load_motion_predictor(tmp_path / "other.safetensors")
        assert "\n" not in str(caught.value) and "other.safetensors" in str(caught.value)
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(PredictorError, match="text.safetensors is no safetensors file"):
        load_motion_predictor(tmp_path / "text.safetensors")


def test_the_shipped_predictor_beats_straight_steps():
    assert MOTION_PREDICTOR.stat().st_size <= 10_000_000
    rows = bench_motion(3, seed=1)
    means = {
        (name, key): sum(row[key] for row in rows if row["method"] == name)
        for name in ("motion predictor", "equal straight steps", "LWF")
        for key in ("path", "flow")
    }
    assert means["motion predictor", "path"] < means["equal straight steps", "path"]
    assert means["motion predictor", "flow"] < min(means["equal straight steps", "flow"], means["LWF", "flow"])
    assert all(row["reached"] and row["rounds"] <= ROUNDS for row in rows)
    assert {row["kind"] for row in rows} == set(KINDS)


def test_the_straight_baseline_is_straight():
    handles, targets = torch.tensor([[20.0, 30.0], [60.0, 60.0]]), torch.tensor([[50.0, 30.0], [60.0, 70.0]])
    done = roll_out(straight, torch.zeros(1, 3, 96, 96), handles, targets, redraw=still)
    ways = torch.stack([r.handles for r in done])
    torch.testing.assert_close(ways[:, 0, 1], torch.full((len(done),), 30.0))
    torch.testing.assert_close(ways[:, 1, 0], torch.full((len(done),), 60.0))
