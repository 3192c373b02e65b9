"""The drag warp on the command line: warp, repair by the demo model, and its rows in the benches."""

import pytest
import torch
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.bench import warp as bench_warp
from dragkit.standalone.bench.metrics import psnr
from dragkit.standalone.bench.tables import kernels_warp
from dragkit.standalone.cli import main
from dragkit.standalone.methods.warp import repair, warp_picture
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.pictures import to_pil, to_tensor
from dragkit.standalone.scenes.ground_truth import cases
from dragkit.standalone.scenes.photographs import photograph
from PIL import Image

DRAG = DragPoints(torch.tensor([[0.6, 0.7]]), torch.tensor([[0.45, 0.7]]))


@pytest.fixture(scope="module")
def demo():
    return load_demo()


def test_only_what_opened_and_the_seam_is_painted_anew(demo):
    image = photograph("chelsea")[None]
    warped, anew = warp_picture(image, DRAG)
    done = []
    painted = repair(demo, warped, anew, steps=2, callback=lambda *counts: done.append(counts))
    assert done == [(1, 2), (2, 2)] and 0.01 < (anew > 0).float().mean() < 0.2
    outside = anew[0] == 0
    assert torch.equal(painted[..., outside], warped[..., outside])
    assert (painted - warped).abs()[..., anew[0] == 1].mean() > 0.02
    assert torch.equal(repair(demo, warped, anew, steps=2), painted)
    assert not torch.equal(repair(demo, warped, anew, steps=2, seed=1), painted)
    assert repair(demo, image, torch.zeros_like(anew)) is image


def test_a_warp_of_what_moves_is_nearer_to_the_truth_than_nothing(demo):
    case = next(case for case in cases() if case.kind == "rotation")
    inside = case.mask[0] > 0.5
    warped = bench_warp.METHODS["warp rigid"](demo, case)
    assert psnr(warped, case.target, inside) > psnr(case.source, case.target, inside) + 2
    assert {name.removeprefix("warp ") for name in bench_warp.METHODS} >= set(bench_warp.DISPLACEMENTS)


def test_times_are_rows_of_the_kernel_bench(monkeypatch):
    monkeypatch.setattr(bench_warp, "TARGETS", {16: 1e9})
    monkeypatch.setattr(bench_warp, "THREADS", (1,))
    rows = bench_warp.bench_times(runs=1)
    assert [row["mode"] for row in rows] == 2 * list(bench_warp.DISPLACEMENTS)
    assert [row["met"] for row in rows if row["target"]] == [True, True]
    assert kernels_warp(rows).count("warp 16x16, 30 % of it, 20 points") == 1


def test_edit_command(tmp_path):
    source, mask, output = (str(tmp_path / name) for name in ("in.png", "mask.png", "out.png"))
    picture = photograph("coffee")[:, :101, :90]
    to_pil(picture).save(source)
    region = torch.zeros(3, 101, 90)
    region[:, 40:60, 20:40] = 1
    to_pil(region).save(mask)
    edit = ["edit", source, "--points", "30,50 -> 60,50", "--mask", mask, "--method", "warp", "-o", output]
    main([*edit, "--no-inpaint"])
    alone, before = to_tensor(Image.open(output)), to_tensor(Image.open(source))
    # no model, no whole latent cells
    assert alone.shape == (3, 101, 90)
    torch.testing.assert_close(alone[:, 40:60, 50:70], before[:, 40:60, 20:40], atol=1 / 255, rtol=0)
    main([*edit, "--steps", "2", "--displacement", "arap", "--seam", "0", "--grow", "0", "--feather", "0"])
    after = to_tensor(Image.open(output))
    assert after.shape == (3, 96, 88)
    changed = (after != alone[:, :96, :88]).any(0)
    assert changed[40:60, 20:40].float().mean() > 0.9 and not changed[:, 40:].any()
    with pytest.raises(SystemExit, match="point 1 starts outside the region"):
        main([*edit[:3], "80,90 -> 60,50", *edit[4:], "--no-inpaint"])
