"""What the quality bench says of the autoencoder alone."""

import pytest
from dragkit.standalone.bench.metrics import psnr
from dragkit.standalone.bench.quality import bench_autoencoder, true_picture
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.scenes.ground_truth import cases


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
