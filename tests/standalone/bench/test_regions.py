"""The bench of the ways to find what moves, on drags and pairs that are known."""

from dataclasses import replace

import pytest
import torch
from dragkit.standalone.bench import regions, tables
from dragkit.standalone.bench.region_tables import OWN
from dragkit.standalone.scenes.ground_truth import cases

from .test_pairs import write_pair


@pytest.fixture(scope="module")
def case():
    """A thing of one colour that is shifted far on one of another."""
    return next(one for one in cases() if one.name == "camera translation large")


def test_overlap_is_intersection_over_union():
    left, right = torch.zeros(2, 4, 6, dtype=torch.bool)
    left[:, :4], right[:, 2:] = True, True
    assert regions.overlap(left, right) == pytest.approx(1 / 3) and regions.overlap(left, left) == 1


def test_rows_say_how_much_is_found_and_what_comes_of_it(case, monkeypatch):
    monkeypatch.setattr(regions, "cases", lambda seed, every: [case])
    rows = {(row["region"], row["border"]): row for row in regions.bench_known()}
    assert set(rows) == {
        (name, border)
        for name in ("points", "wide points", "picture", "everything", "attention", "what moves", "painted")
        for border in ("free", "held")
    } | {("nothing done", None)}
    assert rows["nothing done", None]["psnr"] == pytest.approx(
        regions.psnr(case.source, case.target, case.mask[0] >= 0)
    )
    assert rows["what moves", "free"]["overlap"] == 1 and rows["everything", "held"]["overlap"] < 0.2
    found = {name: rows[name, "free"] for name in ("points", "picture", "attention", "what moves")}
    for key, sign in (("overlap", 1), ("psnr_inside", 1), ("distance", -1)):
        best, by_picture, by_points = (sign * found[name][key] for name in ("what moves", "picture", "points"))
        assert best >= by_picture > by_points and sign * found["attention"][key] > by_points
    assert all(row["drags"] == OWN and row["kind"] == "translation" for row in rows.values())
    assert "**Region from Picture**" in tables.all_tables("regions", list(rows.values()))


def test_the_region_that_a_way_finds_is_the_one_that_is_dragged(case, monkeypatch):
    seen = []
    monkeypatch.setitem(regions.METHODS, "free", lambda model, one: seen.append(one.mask) or one.source)
    still = replace(case, target=case.source)
    _, *rows = [row for row, _, _ in regions._rows(still, {"picture": regions.by_picture})]
    assert torch.equal(seen[0][0] > 0.5, regions.by_picture(case)) and len(seen) == 1
    assert rows[0]["psnr"] == pytest.approx(100) and rows[1]["psnr"] < 50


def test_real_pairs_are_measured_by_what_needs_no_truth(tmp_path):
    for name, seed in (("lion", 3), ("bird", 4)):
        write_pair(tmp_path / name, seed)
    rows = regions.bench_real(tmp_path)
    assert {(row["case"], row["drags"]) for row in rows} == {
        (name, drags) for name in ("lion", "bird") for drags in ("one arrow", "several arrows")
    }  # fmt: skip
    assert {row["region"] for row in rows} == {
        "nothing done", "points", "wide points", "picture", "painted", "everything"
    }  # fmt: skip
    table = tables.all_tables("regions", rows)
    assert "one arrow: PSNR in, dB" in table and "overlap" not in table
