"""`dragkit batch` in one process: what it writes, what it says of a job that fails, and how it goes on."""

import json
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from dragkit.standalone import edits
from dragkit.standalone.batch import command
from dragkit.standalone.cli import main
from dragkit.standalone.models import checkpoints, flowdiffusion
from dragkit.standalone.models.flowdiffusion import CHANNELS
from dragkit.standalone.models.widened import widened
from dragkit.standalone.pictures import to_pil, to_tensor
from PIL import Image

from ..pipelines import small_pipeline

WARP = {"image": "in.png", "points": "20,12 -> 30,15", "method": "warp", "no-inpaint": True}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    to_pil(torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0))).save("in.png")
    return tmp_path


def jobs(*lines):
    with open("jobs.jsonl", "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def run(*words):
    main(["batch", "jobs.jsonl", "--out", "out", *words])


def said(name):
    with open(f"out/{name}.json") as file:
        return json.load(file)


def pixels(path):
    return to_tensor(Image.open(path))


def names(folder):
    return sorted(path.name for path in (folder / "out").iterdir())


def test_each_job_is_the_edit_of_the_same_words(folder, capsys):
    jobs(WARP, WARP | {"output": "far.png", "points": "20,12 -> 40,20", "displacement": "rigid"})
    run()
    assert names(folder) == ["00001.png", "00001.png.json", "far.png", "far.png.json", "summary.json"]
    main(["edit", "in.png", "--points", "20,12 -> 30,15", "--method", "warp", "--no-inpaint", "-o", "one.png"])
    main(["edit", "in.png", "--points", "20,12 -> 40,20", "--method", "warp", "--no-inpaint", "--displacement", "rigid",
          "-o", "two.png"])  # fmt: skip
    assert torch.equal(pixels("out/00001.png"), pixels("one.png"))
    assert torch.equal(pixels("out/far.png"), pixels("two.png"))
    record = said("far.png")
    assert record["pictures"] == ["far.png"] and record["job"]["displacement"] == "rigid" and record["line"] == 2
    assert record["notices"] == ["Region: a disc around each handle."]
    summary = said("summary")
    assert (summary["jobs"], summary["done"], summary["done_before"], summary["failed"]) == (2, 2, 0, [])
    assert "2 done, 0 done before, 0 failed" in capsys.readouterr().out


def test_a_job_that_fails_says_why_and_the_rest_goes_on(folder, monkeypatch, capsys):
    jobs(
        WARP | {"image": "missing.png"}, WARP | {"output": "b.png", "seam": -1}, WARP | {"output": "c.png"},
        WARP | {"output": "d.txt"}, WARP | {"output": "e.png", "points": "500,3 -> 2,2"},
        WARP | {"output": "f.png", "sampling": "bicubic"},
    )  # fmt: skip
    real = edits.edit

    def edit(arguments):
        if arguments.sampling == "bicubic":
            raise KeyError("a fault\nof the program")
        return real(arguments)

    monkeypatch.setattr(edits, "edit", edit)
    with pytest.raises(SystemExit) as caught:
        run()
    assert str(caught.value.code) == "dragkit: 5 of 6 jobs failed; out/summary.json says why"
    assert [name for name in names(folder) if not name.endswith(".json")] == ["c.png"]
    expected = {
        "00001.png": "there is no file 'missing.png'", "b.png": "--seam: '-1' is no whole number",
        "d.txt": "no picture can be written as '.txt'", "e.png": "point 1 has handle x = 500",
        "f.png": "KeyError: 'a fault",
    }  # fmt: skip
    summary, err = said("summary"), capsys.readouterr().err
    assert {one["output"] for one in summary["failed"]} == set(expected)
    for name, message in expected.items():
        assert message in said(name)["error"] and "\n" not in said(name)["error"] and "job" in said(name)
        assert message in err
    assert summary["done"] == 1


def test_what_is_done_is_not_done_again_and_what_failed_or_changed_is(folder, monkeypatch):
    jobs(WARP, WARP | {"output": "b.png"}, WARP | {"output": "c.png", "image": "late.png"})
    with pytest.raises(SystemExit):
        run()
    done, real = [], edits.edit
    monkeypatch.setattr(edits, "edit", lambda arguments: done.append(arguments.output) or real(arguments))
    with pytest.raises(SystemExit):
        run()
    # its image is missing still; this is seen before the edit
    assert done == [] and said("summary")["done_before"] == 2
    Image.open("in.png").save("late.png")
    # one has other words now, one lost its picture
    (folder / "out/00001.png").unlink()
    jobs(WARP, WARP | {"output": "b.png", "points": "20,12 -> 25,12"}, WARP | {"output": "c.png", "image": "late.png"})
    before = pixels("out/b.png")
    run()
    assert sorted(Path(path).name for path in done) == ["00001.png", "b.png", "c.png"]
    assert not torch.equal(pixels("out/b.png"), before)
    assert torch.equal(pixels("out/c.png"), pixels("out/00001.png"))
    done.clear()
    (folder / "out/b.png.json").write_text('{"job":')
    run()
    assert [Path(path).name for path in done] == ["b.png"]


def test_an_interruption_leaves_nothing_half_written(folder, monkeypatch):
    jobs(WARP, WARP | {"output": "b.png"})
    real, replaced = command.os.replace, []

    def replace(part, path):
        if path.name == "b.png":
            raise KeyboardInterrupt
        replaced.append(path.name)
        real(part, path)

    monkeypatch.setattr(command.os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert replaced == ["00001.png", "00001.png.json"]
    assert [name for name in names(folder) if not name.startswith(".")] == replaced
    monkeypatch.setattr(command.os, "replace", real)
    run()
    assert said("summary")["done_before"] == 1 and not [name for name in names(folder) if name.startswith(".")]
    assert torch.equal(pixels("out/b.png"), pixels("out/00001.png"))


def test_a_job_that_fails_now_leaves_no_picture_of_an_earlier_one(folder):
    jobs(WARP)
    run()
    jobs(WARP | {"points": "500,3 -> 2,2"})
    with pytest.raises(SystemExit):
        run()
    assert names(folder) == ["00001.png.json", "summary.json"]


def test_a_model_is_loaded_once_whatever_the_prompts(folder, monkeypatch):
    small_pipeline(folder / "model")
    loaded, real = [], checkpoints.load_pipeline
    monkeypatch.setattr(checkpoints, "load_pipeline", lambda *words: loaded.append(words[3]) or real(*words))
    fast = {"image": "in.png", "points": "20,12 -> 30,15", "model": "model", "steps": 3}
    jobs(*(fast | {"prompt": prompt, "output": f"{i}.png"} for i, prompt in enumerate(("1", "2", "3", "1"))),
         WARP | {"output": "w.png"})  # fmt: skip
    run()
    assert loaded == [True]
    main(["edit", "in.png", "--points", "20,12 -> 30,15", "--model", "model", "--steps", "3", "--prompt", "2",
          "-o", "alone.png"])  # fmt: skip
    assert len(loaded) == 2
    assert torch.equal(pixels("out/1.png"), pixels("alone.png")) and torch.equal(
        pixels("out/0.png"), pixels("out/3.png")
    )
    assert not torch.equal(pixels("out/0.png"), pixels("out/1.png"))


def test_instantdrags_network_is_loaded_once_beside_a_model(folder, monkeypatch):
    unet = UNet2DConditionModel.from_pretrained(small_pipeline(folder / "model") / "unet")
    widened(unet, CHANNELS).save_pretrained("flow")
    loaded, real = [], flowdiffusion.with_flowdiffusion
    monkeypatch.setattr(
        flowdiffusion, "with_flowdiffusion", lambda model, path: loaded.append(path) or real(model, path)
    )
    words = {"image": "in.png", "points": "20,12 -> 30,15", "model": "model", "flowdiffusion": "flow", "steps": 2}
    words |= {"method": "instantdrag"}
    jobs(words | {"prompt": "1"}, words | {"prompt": "2"})
    run()
    assert loaded == ["flow"] and not torch.equal(pixels("out/00001.png"), pixels("out/00002.png"))
    main(["edit", "in.png", "--points", "20,12 -> 30,15", "--model", "model", "--flowdiffusion", "flow", "--steps", "2",
          "--method", "instantdrag", "--prompt", "2", "-o", "alone.png"])  # fmt: skip
    assert torch.equal(pixels("out/00002.png"), pixels("alone.png"))


@pytest.mark.parametrize(
    "words,message",
    [
        (["batch", "none.jsonl", "--out", "out"], "there is no file 'none.jsonl'"),
        (["batch", "jobs.jsonl", "--out", "none/out"], "there is no folder 'none'"),
        (["batch", "jobs.jsonl", "--out", "in.png"], "'in.png' is a file; name a folder"),
    ],
)
def test_wrong_words_are_said(words, message):
    jobs(WARP)
    with pytest.raises(SystemExit, match=f"^dragkit: .*{message}"):
        main(words)
