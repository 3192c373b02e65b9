"""The bench of the edits' quality."""

from dragkit.standalone.bench import quality as bench_quality
from dragkit.standalone.scenes.ground_truth import cases


def test_the_bench_is_deterministic(demo, monkeypatch):
    few = list(cases(every=5))[:2]
    monkeypatch.setattr(bench_quality, "cases", lambda seed, every: few)
    measured = ("psnr_inside", "ssim_inside", "distance", "evaluations")
    methods = {name: method for name, method in bench_quality.METHODS.items() if "DynaDrag" not in name}
    first, second = (bench_quality.bench_quality(True, methods=methods, model=demo)[0] for _ in range(2))
    assert [[row[key] for key in measured] for row in first] == [[row[key] for key in measured] for row in second]
    assert {row["method"]: row["evaluations"] for row in first} == {
        "nothing done": 0, "paste at target": 0, "FastDrag inverse": 14, "FastDrag fastdrag": 14
    }  # fmt: skip
    assert "FastDrag inverse" in bench_quality.table(first)
