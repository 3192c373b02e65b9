"""DragBench on two samples that are made here: identity, a perfect move, the published protocol on a tiny network."""

import json
import pickle
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from dragkit.standalone.bench import dift, dragbench, results, tables
from dragkit.standalone.bench.dift import Features
from dragkit.standalone.bench.dragbench_files import read_sample
from dragkit.standalone.cli import main
from dragkit.standalone.pictures import to_pil, to_tensor
from dragkit.standalone.user_input import UserError
from PIL import Image

from ..models.payload import Payload
from ..pipelines import small_pipeline

# name: size (height, width), pairs
SAMPLES = {
    "animals/lion": ((44, 70), [(20, 14), (29, 26), (30, 20), (39, 32)]),
    "art_0": ((50, 37), [(12, 30), (20, 36)]),
}
# how far the content of the perfect results has moved (x, y)
WAYS = {"animals/lion": (9, 12), "art_0": (8, 6)}
LENGTHS = {"animals/lion": 15.0, "art_0": 10.0}


def texture(size, seed):
    return torch.rand(3, *size, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed, (name, (size, points)) in enumerate(SAMPLES.items()):
        folder = tmp_path / "bench" / name
        folder.mkdir(parents=True)
        to_pil(texture(size, seed)).save(folder / "original_image.png")
        mask = np.zeros(size, np.uint8)
        mask[3:-3, 3:-3] = 1
        with open(folder / "meta_data.pkl", "wb") as file:
            pickle.dump({"prompt": f"{seed}", "points": points, "mask": mask}, file)
    return tmp_path / "bench"


class Colours:
    """Features that are the picture itself, less its mean: no two places look alike."""

    published = True

    def __init__(self, folder):
        pass

    def of(self, picture, prompt, generator):
        return picture[None] - 0.5

    def of_square(self, picture, prompt, generator):
        return picture[None] - 0.5


@pytest.fixture
def colours(monkeypatch):
    monkeypatch.setattr(dragbench, "Features", Colours)


def measured(methods, **more):
    rows, failed = dragbench.bench_dragbench("bench", methods, "out", "features", **more)
    assert not failed
    return rows


def write_moved(folder):
    for seed, (name, (size, _)) in enumerate(SAMPLES.items()):
        (folder / name).mkdir(parents=True)
        x, y = WAYS[name]
        to_pil(texture(size, seed).roll((y, x), (1, 2))).save(folder / name / "dragged_image.png")


def test_nothing_done_leaves_the_drags_length_and_a_perfect_move_nothing(bench, colours, tmp_path):
    write_moved(tmp_path / "moved")
    rows = measured(["nothing", "pictures"], pictures="moved")
    found = {(row["method"], row["case"]): row for row in rows}
    for name, length in LENGTHS.items():
        height, width = SAMPLES[name][0]
        x, y = WAYS[name]
        for key in ("md_px", "m_md"):
            assert found["nothing", name][key] == pytest.approx(length)
            assert found["pictures", name][key] == 0
        for key in ("md_disc_regiondrag", "md_disc_inpaint4drag"):
            assert found["nothing", name][key] == pytest.approx(((x / width) ** 2 + (y / height) ** 2) ** 0.5)
            assert found["pictures", name][key] == 0
    # pairs count alike: two of 15 and one of 10; in discs pictures do
    lines = tables.TABLES["dragbench"][0](rows).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert cells[0][:5] == ["method", "samples", "pairs", "MD-px", "m-MD, px"]
    assert cells[2][:5] == ["nothing", "2", "3", "13.33", "13.33"] and cells[3][3:7] == [
        "0.00",
        "0.00",
        "0.0000",
        "0.0000",
    ]
    mean = sum(found["nothing", name]["md_disc_regiondrag"] for name in SAMPLES) / 2
    assert cells[2][5] == f"{mean:.4f}"


def test_pictures_of_another_size_are_scaled_as_published(bench, colours, tmp_path):
    write_moved(tmp_path / "large")
    large = to_pil(texture((99, 80), 5))
    for name in SAMPLES:
        large.save(tmp_path / "large" / name / "dragged_image.png")
    measured(["pictures"], pictures="large")
    for name, ((height, width), _) in SAMPLES.items():
        expected = large.resize((width, height), Image.Resampling.BILINEAR)
        assert Image.open(tmp_path / "out/pictures" / name / "dragged_image.png").tobytes() == expected.tobytes()


def test_a_mask_keeps_the_search_inside(bench, colours, tmp_path):
    # what the first handle shows is nowhere but outside the mask, and a likeness of it at its target
    sample = read_sample(bench / "art_0", "art_0")
    picture = sample.picture.clone()
    (x, y), (to_x, to_y) = sample.handles[0].tolist(), sample.targets[0].tolist()
    likeness = picture[:, y, x] * 0.98 + 0.01 * picture[:, y, x].flip(0)
    picture[:, 0, 0], picture[:, to_y, to_x] = sample.picture[:, y, x], likeness
    picture[:, y, x] = 1 - picture[:, y, x]
    found = dragbench.distances(Colours(None), sample, picture)
    assert (
        found["md_px"] == pytest.approx((to_x**2 + to_y**2) ** 0.5)
        and found["m_md"] == found["md_disc_regiondrag"] == 0
    )


def pipeline(folder, **schedule):
    return str(small_pipeline(folder, **schedule))


def test_features_are_those_of_the_published_protocol(tmp_path, monkeypatch):
    features = Features(pipeline(tmp_path / "sd"))
    assert not features.published
    pipe, picture = features.pipe, texture((50, 37), 0)
    seen = []
    pipe.unet.up_blocks[1].register_forward_hook(lambda _, args, output: seen.append(output))
    ids = pipe.tokenizer("7 8", padding="max_length", max_length=77, return_tensors="pt").input_ids
    context = pipe.text_encoder(ids)[0].detach()

    def by_hand(latents, noise):
        noisy = pipe.scheduler.add_noise(latents * pipe.vae.config.scaling_factor, noise, torch.tensor(261))
        with torch.no_grad():
            pipe.unet(noisy, 261, context.expand(8, -1, -1))
        return seen[-1].mean(0, keepdim=True)

    with torch.no_grad():
        posterior = pipe.vae.encode(picture[None] * 2 - 1).latent_dist
    generator = torch.Generator().manual_seed(42)
    draws, noise = (torch.randn(8, *posterior.mean.shape[1:], generator=generator) for _ in range(2))
    expected = by_hand(posterior.mean + posterior.std * draws, noise)
    found = features.of(picture, "7 8", torch.Generator().manual_seed(42))
    # a picture that is no whole number of cells
    assert found.shape[-2:] == (12, 9)
    torch.testing.assert_close(found, expected)
    monkeypatch.setattr(dift, "SIDE", 64)
    with torch.no_grad():
        mode = pipe.vae.encode(F.interpolate(picture[None], (64, 64)) * 2 - 1).latent_dist.mode()
    noise = torch.randn(8, *mode.shape[1:], generator=torch.Generator().manual_seed(42))
    expected = by_hand(mode.expand(8, -1, -1, -1), noise)
    torch.testing.assert_close(features.of_square(picture, "7 8", torch.Generator().manual_seed(42)), expected)


def test_features_of_other_models_are_refused(tmp_path):
    with pytest.raises(UserError, match="--features is 'no.ckpt'; it must be the folder of SD2.1"):
        Features("no.ckpt")
    with pytest.raises(ValueError, match="model_index.json"):
        Features(tmp_path)


@pytest.fixture
def tiny(bench, tmp_path, monkeypatch):
    """A tiny network in place of SD2.1, as good as without noise, and no LPIPS."""
    monkeypatch.setattr(dift, "SIDE", 64)
    monkeypatch.setitem(sys.modules, "lpips", None)
    folder = pipeline(tmp_path / "sd")
    schedule = tmp_path / "sd/scheduler/scheduler_config.json"
    schedule.write_text(json.dumps(json.loads(schedule.read_text()) | {"beta_start": 1e-12, "beta_end": 1e-12}))
    return folder


def test_identity_by_a_network_and_how_it_goes_on(bench, tiny, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(Features, "_posterior", _likeliest(Features._posterior))
    words = ["bench", "dragbench", "bench", "--method", "nothing,warp", "--features", tiny, "--out", "out",
             "--options", '{"no-inpaint": true}', "--json", "dragbench.json"]  # fmt: skip
    main(words)
    document = results.read(tmp_path / "dragbench.json")
    rows = {(row["method"], row["case"]): row for row in document["rows"]}
    assert {name: rows["nothing", name]["md_px"] for name in SAMPLES} == pytest.approx(LENGTHS)
    out = capsys.readouterr().out
    assert "There is no IF: LPIPS cannot be measured" in out and "MD-px, other features" in out
    # other features stand beside no published number
    assert "arXiv" not in out and str(tmp_path) not in (tmp_path / "dragbench.json").read_text()
    before = to_tensor(Image.open("bench/art_0/original_image.png"))
    dragged = to_tensor(Image.open("out/warp/art_0/dragged_image.png"))
    assert torch.equal(to_tensor(Image.open("out/nothing/art_0/dragged_image.png")), before)
    # the warp carries what the handle shows to its target
    torch.testing.assert_close(dragged[:, 36, 20], before[:, 30, 12], atol=0.1, rtol=0)
    assert json.loads((tmp_path / "out/warp/animals/lion/metrics.json").read_text())["row"]["pairs"] == 2
    # nothing of it is done again, but what is missing is
    monkeypatch.setattr(dragbench.DragBenchWork, "__call__", None)
    main(words)
    assert results.read(tmp_path / "dragbench.json")["rows"] == document["rows"]
    (tmp_path / "out/warp/art_0/dragged_image.png").unlink()
    with pytest.raises(TypeError):
        main(words)


def test_a_model_edits_with_the_prompt_and_the_mask_of_each_sample(bench, colours, tmp_path, monkeypatch):
    folder, seen, real = pipeline(tmp_path / "model"), [], dragbench.EditWork.__call__
    monkeypatch.setattr(dragbench.EditWork, "__call__", lambda self, job: seen.append(job[0]) or real(self, job))
    with open(bench / "art_0/meta_data.pkl", "rb") as file:
        meta = pickle.load(file)
    (bench / "art_0/meta_data.pkl").write_bytes(pickle.dumps(meta | {"mask": 0 * meta["mask"]}))
    measured(["fastdrag"], model=folder, options={"steps": 3, "seed": 1})
    assert [(job["prompt"], "mask" in job, job["steps"], job["model"]) for job in seen] == [
        ("0", True, 3, folder), ("1", False, 3, folder)
    ]  # fmt: skip
    for name, (size, _) in SAMPLES.items():
        after = to_tensor(Image.open(tmp_path / "out/fastdrag" / name / "dragged_image.png"))
        before = to_tensor(Image.open(bench / name / "original_image.png"))
        assert after.shape[1:] == size and not torch.equal(after, before)
        # what the mask of the first holds is kept
        assert torch.equal(after[:, :3], before[:, :3]) == (name == "animals/lion")


def _likeliest(posterior):
    def found(self, picture):
        one = posterior(self, picture)
        one.std = 0 * one.std
        return one

    return found


def test_a_sample_that_cannot_be_read_is_said_and_the_rest_is_measured(bench, colours, tmp_path, capsys):
    (bench / "art_0/meta_data.pkl").write_bytes(pickle.dumps({"prompt": Payload()}))
    rows, failed = dragbench.bench_dragbench("bench", ["nothing"], "out", "features")
    assert [row["case"] for row in rows] == ["animals/lion"]
    assert list(failed) == ["nothing/art_0"] and "DragBench's files hold a prompt, points and a mask" in str(failed)
    assert not (tmp_path / "out/nothing/art_0").exists()
    # an edit that fails, too
    rows, failed = dragbench.bench_dragbench("bench", ["fastdrag"], "out", "features")
    assert not rows and "the demo model does not know" in failed["fastdrag/animals/lion"]


def test_published_numbers_stand_beside_published_features_alone(bench, colours):
    _, other, published = tables.TABLES["dragbench"]
    rows = measured(["nothing"])
    assert not other(rows) and "FlowDrag's paper, arXiv 2507.08285" in published(rows)
    rows = [row | {"features": "other"} for row in rows]
    assert other(rows) and not published(rows) and not tables.TABLES["dragbench"][0](rows)


def test_if_is_of_squares_of_224(bench, colours, monkeypatch):
    seen = []

    def lpips(one, other):
        seen.append((one.shape, (one - other).abs().max()))
        return 0.25

    monkeypatch.setattr(dragbench, "load_lpips", lambda path: lpips)
    assert [row["image_fidelity"] for row in measured(["nothing"])] == [0.75, 0.75]
    assert seen == [((3, 224, 224), 0)] * 2
    before = texture((50, 37), 0)
    assert dragbench.image_fidelity(lambda one, _: one.sum(), before, before) == pytest.approx(
        1 - F.interpolate(before[None] * 2 - 1, (224, 224), mode="bilinear")[0].add(1).div(2).sum().item(), rel=1e-5
    )


@pytest.mark.parametrize(
    "words,message",
    [
        ([], "bench dragbench needs the FOLDER"),
        (["bench"], "bench dragbench needs --features"),
        (["bench", "--features", "bench"], "bench dragbench needs --features, the folder of SD2.1, and --out"),
        (["bench", "--features", "bench", "--out", "out", "--methods", "magic"],
         "--methods knows no 'magic'; there are: nothing, fastdrag, dynadrag, instantdrag, lightningdrag, warp"),
        (["bench", "--features", "bench", "--out", "out", "--methods", "pictures"], "--methods knows no 'pictures'"),
        (["bench", "--features", "bench", "--out", "out", "--options", "[1]"], "--options must be words"),
        (["bench", "--features", "bench", "--out", "out", "--options", "{"], "--options is no JSON"),
        (["bench", "--features", "bench", "--out", "out"], "bench is a folder without model_index.json"),
        (["bench", "--seed", "3", "--only", "x"], "--only is not for bench dragbench"),
    ],
)  # fmt: skip
def test_wrong_words_are_said(bench, words, message):
    with pytest.raises(SystemExit) as caught:
        main(["bench", "dragbench", *words])
    assert str(caught.value).startswith(f"dragkit: {message}") and "\n" not in str(caught.value)


@pytest.mark.parametrize("what", ["motion", "kernels"])
def test_benches_that_share_no_cases_take_no_cluster(what):
    with pytest.raises(SystemExit, match=f"--ray is not for bench {what}"):
        main(["bench", what, "--ray"])
