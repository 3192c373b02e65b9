"""The command line, the edit behind it, the ground truth and its measures."""

import pytest
import torch
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.bench import quality as bench_quality
from dragkit.standalone.bench.metrics import content_distance, probes, psnr, ssim
from dragkit.standalone.cli import main
from dragkit.standalone.methods.fastdrag import fastdrag, fastdrag_latent
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.pictures import to_pil, to_tensor
from dragkit.standalone.scenes.ground_truth import KINDS, cases
from dragkit.standalone.scenes.motions import Bend, Pull, positions, sample
from dragkit.standalone.scenes.photographs import photograph
from dragkit.weights import TRAINED
from PIL import Image

NO_POINTS = DragPoints(torch.zeros(0, 2), torch.zeros(0, 2))
DRAG = DragPoints(torch.tensor([[0.6, 0.7]]), torch.tensor([[0.45, 0.7]]))


@pytest.fixture(scope="module")
def demo():
    return load_demo()


@pytest.fixture(scope="module")
def some_cases():
    return list(cases(every=7))


def test_the_demo_model_knows_its_photographs(demo):
    everywhere = torch.ones(256, 256, dtype=torch.bool)
    reconstructed = [psnr(demo.decode(demo.encode(photograph(n)[None]))[0], photograph(n), everywhere) for n in TRAINED]
    assert min(reconstructed) > 35


@pytest.mark.parametrize("mode", ["inverse", "fastdrag"])
def test_no_drag_returns_the_picture(demo, mode):
    latent = demo.encode(photograph("coffee")[None])
    same = fastdrag_latent(demo, latent, NO_POINTS, mode=mode, steps=50, strength=0.14, refinement=4)
    assert (same - latent).norm() / latent.norm() < 2e-3
    rough = fastdrag_latent(demo, latent, NO_POINTS, mode=mode)
    assert (rough - latent).norm() / latent.norm() < 0.15


def test_a_drag_changes_the_region_and_little_else(demo):
    image = photograph("chelsea")[None]
    mask = torch.zeros(1, 256, 256)
    mask[:, 130:230, 70:200] = 1
    untouched = fastdrag(demo, image, NO_POINTS)
    change = (fastdrag(demo, image, DRAG, mask) - untouched).abs().mean(1)
    far = torch.nn.functional.max_pool2d(mask, 65, 1, 32) == 0
    assert change[mask > 0].mean() > 5 * change[far].mean()


def test_the_same_edit_twice_is_equal_and_does_not_touch_its_inputs(demo):
    image = photograph("chelsea")[None]
    kept = image.clone()
    assert torch.equal(fastdrag(demo, image, DRAG), fastdrag(demo, image, DRAG))
    assert torch.equal(image, kept)


@pytest.mark.parametrize("motion", [Pull((120, 130), (25.0, 10.0), 36.0), Bend((90, 90), (0.8, 0.6), 80, 26, 26)])
def test_motions_invert(motion):
    xy = positions(256)
    torch.testing.assert_close(motion.forward(motion.inverse(xy)), xy, atol=0.01, rtol=0)


def test_every_case_is_what_it_says(some_cases):
    assert {case.kind for case in some_cases} <= set(KINDS) and len(some_cases) >= 5
    for case in some_cases:
        handles, targets = case.points.to_pixels(256, 256)
        inside = case.mask[0] > 0.5
        # outside the region the truth is the source, but for the soft edge of resampling
        assert (case.target - case.source)[:, ~inside].abs().mean() < 5e-3
        assert (case.target - case.source)[:, inside].abs().mean() > 5e-3
        for handle, target in zip(handles.long().tolist(), targets, strict=True):
            # content at a handle goes to its target
            arrived = torch.tensor(handle) + 0.5 + case.flow[:, handle[1], handle[0]]
            assert (arrived - target).norm() < 1.5, case.name


def test_the_true_flow_takes_the_source_to_the_target(some_cases):
    xy = positions(256)
    for case in some_cases:
        moving = case.flow.norm(dim=0) > 1
        ends = xy + case.flow.permute(1, 2, 0)
        error = (sample(case.target, ends) - case.source).abs().mean(0)
        assert error[moving].median() < 0.02, case.name


def test_measures_of_the_truth_are_perfect(some_cases):
    case = some_cases[0]
    inside = case.mask[0] > 0.5
    assert psnr(case.target, case.target, inside) > 90
    assert ssim(case.target, case.target, inside) == pytest.approx(1)
    places = probes(case, torch.Generator().manual_seed(0))
    assert len(places) > 5
    assert content_distance(case.target, case, places) == 0
    moved = sum(case.flow[:, y, x].norm().item() for x, y, _, _ in places) / len(places)
    # doing nothing leaves content as far from its place as it should have moved
    assert content_distance(case.source, case, places) == pytest.approx(moved, rel=0.35)


def test_the_bench_is_deterministic(demo, monkeypatch):
    few = list(cases(every=5))[:2]
    monkeypatch.setattr(bench_quality, "cases", lambda seed, every: few)
    measured = ("psnr_inside", "ssim_inside", "distance", "evaluations")
    methods = {name: method for name, method in bench_quality.METHODS.items() if "DynaDrag" not in name}
    first, second = (bench_quality.bench_quality(True, methods=methods, model=demo)[0] for _ in range(2))
    assert [[row[key] for key in measured] for row in first] == [[row[key] for key in measured] for row in second]
    assert {row["method"]: row["evaluations"] for row in first} == {
        "nothing done": 0, "paste at target": 0, "true picture": 0, "FastDrag inverse": 14, "FastDrag fastdrag": 14
    }  # fmt: skip


def test_demo_command_writes_before_points_after(tmp_path, capsys):
    output = tmp_path / "demo.png"
    main(["demo", "-o", str(output)])
    assert Image.open(output).size == (768, 256)
    assert str(output) in capsys.readouterr().out


def test_edit_command(tmp_path):
    source, mask, points, output = (tmp_path / name for name in ("in.png", "mask.png", "points.txt", "out.png"))
    to_pil(photograph("coffee")[:, :205, :250]).save(source)
    Image.new("L", (250, 205), 255).save(mask)
    points.write_text("120,100 -> 150,100\n")
    main(["edit", str(source), "--points", str(points), "--mask", str(mask), "-o", str(output)])
    from_file = to_tensor(Image.open(output))
    assert from_file.shape == (3, 200, 248)
    main(["edit", str(source), "--points", "120,100 -> 150,100", "-o", str(output)])
    assert torch.equal(to_tensor(Image.open(output)), from_file)


@pytest.mark.parametrize(
    "change,message",
    [
        ({"image": "missing.png"}, "missing.png is not a picture"),
        ({"--points": "1,2 -> 3000,4"}, "point 1 has target x = 3000; the picture is 64 x 48 pixels"),
        ({"--points": "{"}, "no valid JSON"),
        ({"--mask": "square.png"}, "square.png is 48 x 48, but the picture is 64 x 48"),
        ({"--model": "nowhere"}, "nowhere"),
        ({"--prompt": "a cat"}, "knows only the empty prompt"),
        ({"--strength": "0.01"}, "less than one step"),
    ],
)
def test_edit_says_what_is_wrong_and_writes_nothing(tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 48), 128).save("in.png")
    Image.new("L", (48, 48), 255).save("square.png")
    options = {"--points": "10,10 -> 20,10", "-o": "out.png"} | change
    image = options.pop("image", "in.png")
    with pytest.raises(SystemExit) as caught:
        main(["edit", image, *(part for pair in options.items() for part in pair)])
    text = str(caught.value.code)
    assert message in text and text.startswith("dragkit: ") and "\n" not in text
    assert not (tmp_path / "out.png").exists()
