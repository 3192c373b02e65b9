"""The bench of motion predictors: the shipped one, the baselines, the distance of paths."""

import torch
from dragkit.kernels.motion.prediction import ROUNDS, roll_out
from dragkit.kernels.motion.simvp import SimVP
from dragkit.standalone.bench.motion import bench_motion, spaced, straight
from dragkit.standalone.scenes.moving import KINDS
from dragkit.weights import MOTION_PREDICTOR


def test_distance_of_paths():
    corner = spaced(torch.tensor([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]))
    torch.testing.assert_close(corner[[0, 8, 16, 24, 32]], torch.tensor([[0.0, 0], [2, 0], [4, 0], [4, 2], [4, 4]]))
    assert torch.equal(spaced(torch.ones(5, 2)), torch.ones(33, 2))


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


def still(image, flow):
    return image


def test_the_straight_baseline_is_straight():
    handles, targets = torch.tensor([[20.0, 30.0], [60.0, 60.0]]), torch.tensor([[50.0, 30.0], [60.0, 70.0]])
    done = roll_out(straight, torch.zeros(1, 3, 96, 96), handles, targets, redraw=still)
    ways = torch.stack([r.handles for r in done])
    torch.testing.assert_close(ways[:, 0, 1], torch.full((len(done),), 30.0))
    torch.testing.assert_close(ways[:, 1, 0], torch.full((len(done),), 60.0))


def test_a_region_is_told_to_those_that_take_one():
    rows = bench_motion(2, seed=3, network=SimVP(8, 16, 2, 2).requires_grad_(False))
    alone, held, network = (
        [row for row in rows if row["method"] == f"{name}{where}" and row["kind"] != "camera"]
        for name, where in (
            ("its first guess alone", ""),
            ("its first guess alone", ", region"),
            ("its network", ", region"),
        )
    )
    assert len(alone) == len(held) == len(network) == 2 * (len(KINDS) - 1)
    # without a region all goes along; a network that was never trained corrects something
    assert sum(r["inside"] for r in held) < 0.5 * sum(r["inside"] for r in alone)
    assert all(a["inside"] != b["inside"] for a, b in zip(network, held, strict=True))
    assert not any(", region" in r["method"] or r["inside"] is not None for r in rows if r["kind"] == "camera")
