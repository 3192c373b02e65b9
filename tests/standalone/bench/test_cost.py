"""What an edit costs: that both sides of each ratio do the same work, on a small network."""

from functools import partial

import pytest
from dragkit.kernels.instantdrag.flowgen import FlowGen
from dragkit.kernels.lightningdrag.embedding import PointEmbedding
from dragkit.standalone.bench import cost
from dragkit.standalone.bench.tables import all_tables

SMALL = cost.SMALL_CONFIG
CELLS = 8


@pytest.fixture
def batches(monkeypatch):
    """{input channels: sizes of the batches that a UNet of so many evaluates}."""
    found, made = {}, cost.random_unet

    def random_unet(config, *options):
        unet = made(config, *options)
        sizes = found.setdefault(unet.config.in_channels, [])
        unet.register_forward_pre_hook(lambda _, args: sizes.append(len(args[0])))
        return unet

    monkeypatch.setattr(cost, "random_unet", random_unet)
    # a sixteenth and a quarter of the published weights
    monkeypatch.setattr(cost, "PointEmbedding", partial(PointEmbedding, 4))
    monkeypatch.setattr(cost, "FlowGen", partial(FlowGen, 32))
    return found


def test_fastdrags_edit_has_as_many_evaluations_as_what_it_is_held_against(batches):
    row = cost.fastdrag_cost(SMALL, CELLS)
    # one to warm up; seven bare ones before and after the seven there and seven back
    assert batches[4] == [1] * (1 + 7 + 14 + 7) and row["evaluations"] == 14 and row["side"] == 64
    # the cache is what the shapes say: (8 + 4 + 2 cells a side)^2 at three blocks each, seven steps, float32
    expected = 7 * 3 * (64 * 32 + 16 * 64 + 4 * 128) * 4
    assert row["cache_bytes"] == row["predicted_bytes"] == expected and row["cache_met"]
    assert row["ratio"] == row["edit_seconds"] / row["floor_seconds"] and row["floor_seconds"] > 0


def test_lightningdrags_batches_are_those_that_it_is_held_against(batches):
    row = cost.lightningdrag_cost(SMALL, CELLS, runs=2)
    assert row["steps"] == 8 and row["scale"] == 3
    # plain ones (one to warm up), seven guided steps of two branches and the last of one, plain ones
    assert batches[9] == [2] * 3 + [2] * 7 + [1] + [2] * 2
    assert row["floor_seconds"] == pytest.approx(8 * row["batch_seconds"])
    assert row["ratio"] == row["edit_seconds"] / row["floor_seconds"]


def test_instantdrag_is_held_against_one_evaluation_alone(batches):
    row = cost.instantdrag_cost(SMALL, CELLS, runs=1)
    assert batches == {10: [1, 1]} and row["evaluation_spread"] == 0
    shown = all_tables("cost", [row])
    assert "FlowGen" in shown and "guided step" not in shown and "64 x 64" in shown


def test_a_quick_run_takes_a_small_network(monkeypatch):
    asked = []
    monkeypatch.setattr(cost, "METHODS", {"a": lambda *given: asked.append(given), "b": None})
    cost.bench_cost(quick=True, methods=["a"])
    cost.bench_cost(methods=["a"])
    assert asked == [(SMALL, 32), ()]
