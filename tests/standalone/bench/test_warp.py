"""The warp's rows in the benches."""

from dragkit.standalone.bench import warp as bench_warp
from dragkit.standalone.bench.metrics import psnr
from dragkit.standalone.bench.tables import kernels_warp
from dragkit.standalone.scenes.ground_truth import cases


def test_a_warp_of_what_moves_is_nearer_to_the_truth_than_nothing(demo):
    case = next(case for case in cases() if case.kind == "rotation")
    inside = case.mask[0] > 0.5
    warped = bench_warp.METHODS["warp rigid"](demo, case)
    assert psnr(warped, case.target, inside) > psnr(case.source, case.target, inside) + 2
    assert {name.removeprefix("warp ") for name in bench_warp.METHODS} >= set(bench_warp.DISPLACEMENTS)


def test_times_are_rows_of_the_kernel_bench(monkeypatch):
    monkeypatch.setattr(bench_warp, "TARGETS", {16: {"nearest": 1e9, bench_warp.BASIS: 1e9}})
    monkeypatch.setattr(bench_warp, "THREADS", (1,))
    rows = bench_warp.bench_times(runs=1)
    assert [row["mode"] for row in rows] == 2 * list(bench_warp.MODES)
    assert [row["met"] for row in rows if row["target"]] == [True] * 3
    assert kernels_warp(rows).count("warp 16x16, 30 % of it, 20 points") == 1
