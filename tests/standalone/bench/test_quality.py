"""The bench of the edits' quality, and what it says of the autoencoder alone."""

from dataclasses import replace

import pytest
import torch
from dragkit.standalone.bench import coarse
from dragkit.standalone.bench import quality as bench_quality
from dragkit.standalone.bench.metrics import psnr
from dragkit.standalone.bench.quality import bench_autoencoder, true_picture
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.scenes.ground_truth import cases


def test_the_bench_is_deterministic(demo, monkeypatch):
    few = list(cases(every=5))[:2]
    monkeypatch.setattr(bench_quality, "cases", lambda seed, every: few)
    measured = ("psnr_inside", "ssim_inside", "distance", "evaluations")
    methods = {name: method for name, method in bench_quality.METHODS.items() if "DynaDrag" not in name}
    first, second = (bench_quality.bench_quality(True, methods=methods, model=demo)[0] for _ in range(2))
    assert [[row[key] for key in measured] for row in first] == [[row[key] for key in measured] for row in second]
    assert {row["method"]: row["evaluations"] for row in first} == {
        "nothing done": 0, "paste at target": 0, "true picture": 0, "FastDrag rigid held": 14,
        "FastDrag predict": 14,
        "FastDrag inverse": 14, "FastDrag fastdrag": 14,
    }  # fmt: skip


def test_the_autoencoder_knows_four_photographs_and_not_the_other_two():
    rows = {row["case"]: row for row in bench_autoencoder()}
    expected = {"astronaut": 40.9, "chelsea": 41.1, "coffee": 38.6, "rocket": 38.9, "camera": 25.0, "retina": 31.3}
    assert {name: round(row["psnr"], 1) for name, row in rows.items()} == pytest.approx(expected, abs=0.1)
    assert [row["trained"] for row in rows.values()] == [True] * 4 + [False] * 2


def test_the_true_picture_is_as_near_as_redrawing_comes():
    case = next(cases())
    inside = case.mask[0] > 0.5
    found = psnr(true_picture(load_demo(), case), case.target, inside)
    assert psnr(case.source, case.target, inside) + 5 < found < 45


def test_a_coarse_region_is_what_the_method_gets_and_where_it_is_measured(demo, monkeypatch):
    case = next(case for case in cases() if case.kind == "scaling")
    monkeypatch.setattr(bench_quality, "cases", lambda seed, every: [case])
    seen = []

    def spoil(model, given):
        """The truth, but for what may change on the left of the picture."""
        seen.append(given.mask)
        result = case.target.clone()
        result[:, :, :128] = torch.where(given.mask[..., :128] > 0.5, 1 - result[:, :, :128], result[:, :, :128])
        return result

    methods = {"exact": spoil, "coarse": bench_quality.OnCoarse(spoil)}
    exact, painted = bench_quality.bench_quality(methods=methods, model=demo)[0]
    assert torch.equal(seen[0], case.mask) and torch.equal(seen[1], case.coarse)
    assert not torch.equal(case.mask, case.coarse)
    assert exact["psnr_outside"] == painted["psnr_outside"] == pytest.approx(100)
    spoiled = seen[1][0] > 0.5
    assert painted["psnr_inside"] == psnr(spoil(demo, replace(case, mask=case.coarse)), case.target, spoiled)
    assert painted["psnr_inside"] != exact["psnr_inside"]


def test_the_rows_of_coarse_regions_drag_in_them(demo):
    case = next(cases())
    case = replace(case, mask=case.coarse)
    inside = case.mask[0] > 0.5
    found = {name: one.method(demo, case) for name, one in coarse.METHODS.items() if "FastDrag" not in name}
    assert torch.equal(found.pop("nothing done coarse region"), case.source)
    assert len(found) >= 2
    for name, result in found.items():
        assert (result - case.source)[:, inside].abs().mean() > 0.01, name
