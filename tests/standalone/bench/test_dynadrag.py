"""DynaDrag's schedules: what they cost, counted, and that they are the same edit over the same kernels."""

import math
from dataclasses import replace

import pytest
import torch
from dragkit.kernels.dynadrag.predict_and_move import Predictor, Settings, Tracker
from dragkit.standalone.bench import dynadrag as bench_dynadrag
from dragkit.standalone.bench import quality as bench_quality
from dragkit.standalone.bench.dynadrag import DEMO, PUBLISHED, SHIPPED, TRACKING, Schedule, Unguarded, scheduled_edit
from dragkit.standalone.cli import main
from dragkit.standalone.methods.dynadrag import dynadrag
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.models.predictors import load_motion_predictor
from dragkit.standalone.scenes.ground_truth import cases

ONE_STEP = Settings(rounds=2, steps=1)
SMALL = Schedule(steps=4, strength=0.5, preview_steps=1, settings=ONE_STEP)


@pytest.fixture(scope="module")
def demo():
    return load_demo()


@pytest.fixture(scope="module")
def case():
    return next(cases(every=3))


@pytest.fixture(scope="module")
def edit(demo, case):
    """(picture, rounds, evaluations, gradient steps) of an edit with a schedule."""
    predictor = load_motion_predictor()

    def run(schedule):
        before = demo.denoiser.evaluations, demo.denoiser.gradient_steps
        picture, rounds = scheduled_edit(demo, case.source[None], case.points, case.mask, predictor, schedule)
        counted = demo.denoiser.evaluations - before[0], demo.denoiser.gradient_steps - before[1]
        return picture, rounds, *counted

    return run


def test_what_is_shipped_needs_at_most_8_evaluations_a_round_and_the_published_schedule_100():
    assert SHIPPED.per_round <= 8 and DEMO.per_round <= 8 and TRACKING.per_round == 0
    assert PUBLISHED.per_round == 100 and PUBLISHED.settings.steps == 5 and PUBLISHED.settings.rounds == 25


def test_a_published_round_of_50_steps_evaluates_100_times(edit):
    _, rounds, evaluations, gradient_steps = edit(replace(PUBLISHED, settings=replace(ONE_STEP, rounds=1)))
    # there, the original's z_{t-1} for the mask, and the way back with both branches
    assert len(rounds) == 1 and gradient_steps == 1
    assert evaluations == 50 + 1 + 100


@pytest.mark.parametrize(
    "change,expected",
    [
        ({}, 2 + 2 + 1 + 1 + 2),
        ({"preview_steps": 2}, 2 + 2 + 1 + 2 + 2),
        ({"recorded": False}, 2 + 1 + 2 + 4),
        ({"tracking": True}, 2 + 2 + 1 + 2),
    ],
)
def test_evaluations_of_two_rounds_are_counted(edit, change, expected):
    # there, recording, the original's z_{t-1}, the picture between the rounds, the way back
    _, rounds, evaluations, gradient_steps = edit(replace(SMALL, **change))
    assert len(rounds) == 2 and gradient_steps == 2 and evaluations == expected


def test_recording_the_originals_branch_changes_nothing(edit):
    schedule = replace(SMALL, preview_steps=2)
    recorded, rounds, _, _ = edit(schedule)
    repeated, again, _, _ = edit(replace(schedule, recorded=False))
    torch.testing.assert_close(recorded, repeated)
    torch.testing.assert_close(rounds[-1].latent, again[-1].latent)


def test_the_shipped_schedule_is_what_the_edit_does(demo, case, edit):
    for tracking in (False, True):
        settings = replace(SHIPPED.settings, rounds=2, steps=1)
        picture, rounds, _, _ = edit(replace(SHIPPED, tracking=tracking, settings=settings))
        guide = Tracker() if tracking else None
        direct, done, _ = dynadrag(
            demo, case.source[None], case.points, case.mask, load_motion_predictor(), guide, settings
        )
        assert torch.equal(picture, direct) and torch.equal(rounds[-1].latent, done[-1].latent)


def test_without_guard_and_pace_the_handles_go_where_the_flow_says():
    handles, targets = torch.tensor([[20.0, 20.0]]), torch.tensor([[30.0, 20.0]])
    away = torch.tensor([-5.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 48, 64)
    picture = torch.zeros(1, 3, 48, 64)
    ends = [
        guide(lambda *seen: away, None, picture, math.inf).next(None, handles, targets, 25, True)[0]
        for guide in (Unguarded, Predictor)
    ]
    assert torch.equal(ends[0], torch.tensor([[15.0, 23.0]]))
    assert ends[1][0, 0] > 20


def test_the_pace_shortens_the_steps(edit):
    # twelve pixels in two rounds: half of the way each, without a pace as far as the predictor's step goes
    slow, fast = (edit(replace(SMALL, pace=pace))[1][0].handles for pace in (2.0, math.inf))
    assert (fast - slow).norm() > 2


def test_the_row_among_the_other_methods_counts_gradient_steps_apart(demo, monkeypatch):
    short = next(case for case in cases() if case.name == "chelsea translation small")
    monkeypatch.setattr(bench_quality, "cases", lambda seed, every: [short])
    row = bench_quality.bench_quality(methods={"DynaDrag": bench_quality.METHODS["DynaDrag"]}, model=demo)[0][0]
    rounds = row["gradient_steps"] // SHIPPED.settings.steps
    assert rounds > 1 and row["gradient_steps"] % SHIPPED.settings.steps == 0
    assert row["evaluations"] == 7 + 7 + 1 + SHIPPED.per_round * (rounds - 1) + 7


def test_the_bench_prints_markdown_of_every_schedule(demo, case, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench_dynadrag, "cases", lambda seed, every: [case])
    rows, pictures = bench_dynadrag.bench_dynadrag(
        schedules={"a": SMALL, "b": replace(SMALL, recorded=False)}, model=demo
    )
    # nothing done, and FastDrag's seven evaluations there and back, for comparison
    assert [(row["schedule"], row["evaluations"], row["cost"]) for row in rows] == [
        ("nothing done", 0, 0), ("FastDrag", 14, 14), ("a", 8, 14), ("b", 9, 15)
    ]  # fmt: skip
    assert torch.equal(pictures[case.name, "nothing done"], case.source)
    assert pictures[case.name, "b"].shape == case.source.shape
    monkeypatch.setattr(bench_dynadrag.bench_dynadrag, "__defaults__", (False, 0, {"a": SMALL}, demo, None))
    main(["bench", "dynadrag", "--quick", "--sheet", str(tmp_path / "sheet.png")])
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[:5]]
    assert lines[4][:6] == ["a", "1", "2.0", "2", "8", "14"] and lines[2][:2] == ["nothing done", "–"]
    assert {len(line) for line in lines} == {10} and (tmp_path / "sheet.png").exists()
