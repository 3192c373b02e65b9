"""docs/measured.md and README.md's figures: they are what docs/results says."""

import shutil

import pytest
from dragkit.standalone.bench import (
    coarse,
    instantdrag,
    lightningdrag,
    measured,
    pairs,
    quality,
    quality_tables,
    results,
    tables,
    warp,
)
from dragkit.standalone.bench import dynadrag as bench_dynadrag
from dragkit.standalone.bench.command import BENCHES
from dragkit.standalone.bench.measured import PAGE, README, block, different, page, render
from dragkit.standalone.bench.results import COMMANDS, FOLDER, ROOT, ResultsError, write
from dragkit.standalone.cli import main

from .test_results import DOCUMENT

MARKED = "Before.\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nAfter.\n"


def row(method, case, trained, distance, gradient_steps=0, **more):
    common = {
        "psnr_inside": distance + 10, "psnr_outside": 30.0, "ssim_inside": 0.5, "ssim_outside": 0.75, "evaluations": 14,
        "seconds": 0.6, "floor_seconds": 0.5, "peak_mib": None,
    }  # fmt: skip
    common |= {"case": case, "kind": case, "trained": trained, "method": method, "distance": distance}
    return common | {"gradient_steps": gradient_steps} | more


QUALITY = DOCUMENT | {
    "bench": "quality", "command": "dragkit bench quality",
    "rows": [
        row("warp of mine", "pull", True, 1.0),
        row("FastDrag rigid held", "pull", True, 7.0),
        row("FastDrag rigid held", "rotation", False, 8.5),
        row("DynaDrag", "pull", True, 5.0, gradient_steps=44, commit="fedcba9876"),
        row("nothing done", "pull", True, 10.0, evaluations=0, seconds=0.0, floor_seconds=0.0, peak_mib=3.0),
        {"case": "coffee", "trained": True, "method": "autoencoder", "psnr": 38.64},
    ],
}  # fmt: skip
MOTION = DOCUMENT | {
    "rows": [
        {
            "kind": kind,
            "method": "LWF",
            "path": path,
            "flow": 2 * path,
            "rounds": rounds,
            "guarded": 0.25,
            "reached": ok,
        }
        for kind, path, rounds, ok in (("limbs", 0.5, 4, True), ("face", 0.254, 5, False))
    ]
}


@pytest.fixture
def checkout(tmp_path):
    """A folder that stands for the checkout, with two results."""
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / README).write_text(MARKED)
    for document in (QUALITY, MOTION):
        write(document, tmp_path / FOLDER / f"{document['bench']}.json")
    return tmp_path


def test_the_pages_are_what_the_kept_results_say():
    assert different() == [], "run `dragkit results`"


def test_the_tables_of_a_few_rows():
    rows = QUALITY["rows"]
    assert quality_tables.means(rows).splitlines() == [
        "| method                               | distance, px | PSNR in, dB | SSIM in | PSNR out, dB | SSIM out | "
        "evaluations | gradient steps | seconds | time / floor | peak memory, MiB |",
        "| ---                                  | ---          | ---         | ---     | ---          | ---      | "
        "---         | ---            | ---     | ---          | ---              |",
        "| nothing done                         | 10.00        | 20.00       | 0.500   | 30.0         | 0.750    | "
        "0           | 0              | 0.00    | –            | 3                |",
        "| **FastDrag** (`rigid` held, default) | 7.75         | 17.75       | 0.500   | 30.0         | 0.750    | "
        "14          | 0              | 0.60    | 1.20         | –                |",
        "| **DynaDrag**                         | 5.00         | 15.00       | 0.500   | 30.0         | 0.750    | "
        "14          | 44             | 0.60    | 1.20         | –                |",
        "| warp of mine                         | 1.00         | 11.00       | 0.500   | 30.0         | 0.750    | "
        "14          | 0              | 0.60    | 1.20         | –                |",
    ]
    assert (
        quality_tables.split(rows)
        .splitlines()[3]
        .startswith("| **FastDrag** (`rigid` held, default) | 7.00                | 8.50                   | 17.00 ")
    )
    assert quality_tables.kinds(rows).splitlines()[0::3] == [
        "| distance, px                         | pull  | rotation |",
        "| **FastDrag** (`rigid` held, default) | 7.00  | 8.50     |",
    ]
    # an edit is never faster than its evaluations: the machine was busier while these were measured
    impossible = quality_tables.means([row("warp of mine", "pull", True, 1.0, floor_seconds=0.7)])
    assert "| 0.60    | –            | –                |" in impossible
    # memory that is given back is not less than none
    assert "| -0 " not in quality_tables.means([row("nothing done", "pull", True, 1.0, peak_mib=-0.2)])
    assert quality_tables.autoencoder(rows).splitlines()[2] == "| coffee     | known          | 38.6     |"
    assert tables.motion_path(MOTION["rows"]).splitlines() == [
        "| path, % of side | limbs | face | all  |",
        "| ---             | ---   | ---  | ---  |",
        "| LWF             | 0.50  | 0.25 | 0.38 |",
    ]
    assert tables.motion_rounds(MOTION["rows"]).splitlines()[2] == "| LWF | 4.5    | 5       | 25.0 %  | 50 %    |"


def test_a_target_that_was_missed_says_so():
    common = {"measurement": "warp 512x512", "unit": "ms", "threads": 2}
    rows = [
        common | {"mode": "nearest", "value": 12.04, "target": "< 10", "met": False},
        common | {"mode": "rigid", "value": 1404.0, "target": "", "met": None},
        common | {"mode": "nearest", "value": 7.0, "target": "< 10", "met": True, "threads": 1},
        common | {"mode": "inverse", "value": 1.0, "target": "", "met": None, "measurement": "growth with cells"},
    ]
    assert tables.kernels_warp(rows).splitlines() == [
        "| measurement  | threads | unit | nearest             | rigid |",
        "| ---          | ---     | ---  | ---                 | ---   |",
        "| warp 512x512 | 2       | ms   | 12.0 (< 10, missed) | 1404  |",
        "| warp 512x512 | 1       | ms   | 7.00 (< 10)         | –     |",
    ]
    assert "growth with cells" in tables.kernels_latent(rows)


def test_the_figures_of_the_readme_are_these():
    assert block({"quality": QUALITY}).splitlines()[:5] == [
        "| method       | distance, px | PSNR in, dB | evaluations            |",
        "| ---          | ---          | ---         | ---                    |",
        "| nothing done | 10.00        | 20.00       | 0                      |",
        "| FastDrag     | 7.75         | 17.75       | 14                     |",
        "| DynaDrag     | 5.00         | 15.00       | 14 + 44 gradient steps |",
    ]
    assert "2 drags with a known right answer, 1 of them" in block({"quality": QUALITY})


def test_the_page_says_what_measured_it_and_where_a_part_is_of_another_commit():
    text = page({"quality": QUALITY, "motion": MOTION})
    line = next(line for line in text.splitlines() if line.startswith("| [quality]"))
    assert [cell.strip() for cell in line.split("|")[1:-1]] == [
        "[quality](results/quality.json)", "`dragkit bench quality`", "2026-11-26", "0123456789, fedcba9876",
        "Linux, x86_64, 2 cores, 1 thread, cpu", "dragkit 0.1.0, python 3.11.7, torch 2.13.0, diffusers 0.42.1",
    ]  # fmt: skip
    assert "2 drags with a known right answer: photographs under known motions, 1 of them of" in text
    assert "\n1 scenes of each kind" in text


def test_what_was_not_measured_names_the_command_that_does():
    text = page({})
    for bench, command in COMMANDS.items():
        sentence = f"Not measured yet: `{command}` writes `docs/results/{bench}.json`."
        assert sentence in text and f"`docs/results/{bench}.json`" not in page({bench: {**DOCUMENT, **FULL[bench]}})
    assert block({}) == "Not measured yet: `dragkit bench quality` writes `docs/results/quality.json`."


# a row of each bench that is not above
FULL = {
    "quality": QUALITY, "motion": MOTION,
    "dynadrag": {"bench": "dynadrag", "rows": [dict.fromkeys(
        ("per_round", "rounds", "gradient_steps", "evaluations", "cost", "distance", "psnr_inside", "psnr_outside",
         "seconds"), 1.0) | {"case": "c", "schedule": "as shipped"}]},
    "pairs": {"bench": "pairs", "rows": [dict.fromkeys(
        ("psnr_inside", "ssim_inside", "psnr_outside", "ssim_outside"), 1.0) | {
            "case": "lion", "drags": "one arrow", "method": "rigid"}]},
    "regions": {"bench": "regions", "rows": [
        {"case": "c", "drags": "known motions", "kind": "rotation", "trained": True, "region": "points",
         "border": "free", "overlap": 0.5, "distance": 2.0, "psnr_inside": 1.0, "psnr": 1.0},
        {"case": "lion", "drags": "one arrow", "region": "picture", "border": "held", "psnr_inside": 1.0,
         "psnr": 1.0}]},
    "kernels": {"bench": "kernels", "rows": [
        {"measurement": "m", "mode": "inverse", "value": 1.0, "unit": "ms", "target": "", "met": None, "threads": 1}]},
    "cost": {"bench": "cost", "rows": [
        {"method": "instantdrag", "side": 512, "parameters": 860_000_000, "threads": 1, "evaluation_seconds": 10.0,
         "evaluation_spread": 0.05, "flowgen_seconds": 0.2, "conditioning_seconds": 0.001, "short_drag_seconds": 0.4,
         "long_drag_seconds": 3.0}]},
    "editor": {"bench": "editor", "rows": [
        {"region": "none", "pairs": 8, "measurement": "frame interval", "median_ms": 16.7, "p95_ms": 17.0,
         "frames": 300},
        {"measurement": "preview error", "displacement": "arap", "border": "held", "pixels": 9, "median": 1.0,
         "p95": 2.0},
        {"measurement": "value", "pairs": 8, "strokes": 20, "bytes": 12_049}]},
}  # fmt: skip


def test_costs_and_the_editor_on_the_page():
    text = page({"cost": DOCUMENT | FULL["cost"], "editor": DOCUMENT | FULL["editor"]})
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert ["FlowGen", "200.0 ms, 2.0% of one evaluation"] in lines
    assert ["none", "8", "frame interval", "16.7", "17.0", "300"] in lines and ["8", "20", "12.0"] in lines
    assert ["arap", "held", "1", "2"] in lines
    # no text above a table that is not there
    assert "LightningDrag" not in text


def test_the_command_writes_both_pages_and_says_when_they_differ(checkout, monkeypatch, capsys):
    for function in (different, render):
        monkeypatch.setattr(function, "__defaults__", (checkout,))
    with pytest.raises(SystemExit, match=r"dragkit: docs/measured.md and README.md: not what docs/results says"):
        main(["results", "--check"])
    assert (checkout / README).read_text() == MARKED and not (checkout / PAGE).exists()
    main(["results"])
    assert "measured.md" in capsys.readouterr().out
    main(["results", "--check"])
    text = (checkout / README).read_text()
    assert text.startswith("Before.\n<!-- figures: begin -->\n| method ") and text.endswith(
        "\n<!-- figures: end -->\nAfter.\n"
    )
    assert "old" not in text and "| **FastDrag** (`rigid` held, default) |" in (checkout / PAGE).read_text()

    # a number of a page, or of a file
    (checkout / PAGE).write_text((checkout / PAGE).read_text().replace("7.75", "7.74"))
    with pytest.raises(SystemExit, match="dragkit: docs/measured.md: not"):
        main(["results", "--check"])
    main(["results"])
    path = checkout / FOLDER / "quality.json"
    path.write_text(path.read_text().replace('"distance":8.5', '"distance":8.7'))
    assert different(checkout) == ["docs/measured.md", "README.md"]


def test_pages_that_cannot_be_written_say_why(checkout):
    (checkout / README).write_text("Before.\n")
    with pytest.raises(ResultsError, match="README.md has no lines <!-- figures: begin --> and"):
        render(checkout)
    shutil.rmtree(checkout / FOLDER)
    with pytest.raises(ResultsError, match="there is no docs.results here"):
        render(checkout)


def test_names_and_texts_fit_the_benches():
    methods = quality.METHODS | quality.SLOW_METHODS | instantdrag.METHODS | lightningdrag.METHODS | warp.METHODS
    methods |= coarse.METHODS
    assert list(quality_tables.QUALITY) and set(quality_tables.QUALITY) == set(methods)
    assert set(quality_tables.FIGURES) <= set(methods) and not any("," in name for name in methods | pairs.METHODS)
    assert set(bench_dynadrag.BESIDE).isdisjoint(bench_dynadrag.ABLATION)
    assert set(measured.SECTIONS) == set(tables.TABLES) == set(results.COMMANDS) == {*BENCHES, "editor"}
    assert (ROOT / README).read_text().count(measured.BEGIN) == 1
