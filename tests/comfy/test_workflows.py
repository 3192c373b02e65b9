"""The example workflows, as a person loads them, run on the real server."""

import json

import pytest
import torch
from dragkit.kernels.points.drag_text import read
from dragkit.kernels.points.strokes import rasterise
from dragkit.standalone.scenes.photographs import photograph

from .templates import BARE, EXAMPLES, as_prompt, numbers, with_tiny_models


@pytest.fixture(scope="module", params=BARE, ids=lambda path: path.stem)
def ran(comfy, request):
    """An example, its history entry, and what the log then said."""
    workflow = json.loads(request.param.read_text())
    since = len(comfy.log())
    entry = comfy.run(as_prompt(workflow, comfy.object_info()), timeout=300)
    return request.param, workflow, entry, comfy.complaints(since)


def test_the_example_runs_on_a_bare_comfyui(comfy, ran):
    path, workflow, entry, complaints = ran
    assert path.with_suffix(".jpg").is_file()
    for number in numbers(workflow, "SaveImage") + numbers(workflow, "PreviewImage"):
        images = entry["outputs"][number]["images"]
        assert images
        for file in images:
            image = comfy.folder / file["type"] / file["subfolder"] / file["filename"]
            assert image.stat().st_size > 10_000
    for number in numbers(workflow, "PreviewAny"):
        assert "handles are at their targets" in entry["outputs"][number]["text"][0]
    assert complaints == []


def followed(before, after, place, radius=12, reach=40):
    """By how many pixels (x, y) the content of picture `before` around place has moved in `after`: the best match."""
    x, y = place.round().long().tolist()
    patch = before[y - radius : y + radius, x - radius : x + radius].movedim(-1, 0)
    around = torch.nn.functional.pad(after.movedim(-1, 0), (radius + reach,) * 4, value=2.0)
    window = around[:, y : y + 2 * (radius + reach), x : x + 2 * (radius + reach)]
    shifted = window.unfold(1, 2 * radius, 1).unfold(2, 2 * radius, 1)
    distance = (shifted - patch[:, None, None]).square().mean((0, 3, 4))
    row, column = divmod(int(distance.argmin()), distance.shape[1])
    return torch.tensor([column - reach, row - reach])


def test_the_example_moves_what_it_drags_and_keeps_the_rest(comfy, ran):
    _, workflow, entry, _ = ran
    (number,) = numbers(workflow, "SaveImage")
    (after,) = comfy.images({"outputs": {number: entry["outputs"][number]}})
    (name,) = (node["widgets_values"][0] for node in workflow["nodes"] if node["type"] == "DragKitDemoModel")
    before = photograph(name).movedim(0, -1)
    (text,) = (node["widgets_values"][0] for node in workflow["nodes"] if node["type"] == "DragKitDragPoints")
    document = json.loads(text)
    inside = rasterise(read(text).strokes, 256, 256)
    change = (after - before).abs().mean(-1)
    assert change[inside].mean() > 2 * change[~inside].mean() and change[~inside].mean() < 0.04

    (handle, target) = (256 * torch.tensor(document["points"][0][end]) for end in ("handle", "target"))
    moved = followed(before, after, handle)
    towards = (target - handle) / (target - handle).norm()
    assert (moved * towards).sum() > 5


@pytest.mark.parametrize("name", ["drag_warp_inpaint", "drag_warp_checkpoint"])
def test_only_what_opened_up_and_the_seam_are_painted_anew(comfy, name):
    workflow = json.loads(EXAMPLES[name].read_text())
    prompt = as_prompt(workflow, comfy.object_info())
    (warp,), (paste,) = numbers(workflow, "DragKitDragWarp"), numbers(workflow, "DragKitPasteBack")
    links = dict(zip(("warped", "mask", "moved"), ([warp, i] for i in range(3)), strict=True))
    links |= {"picture": prompt[warp]["inputs"]["image"], "result": [paste, 0]}
    prompt |= {f"dump {name}": {"class_type": "TestDump", "inputs": {"any": link, "name": name}}
               for name, link in links.items()}  # fmt: skip
    found = comfy.tensors(
        comfy.run(prompt if name == "drag_warp_inpaint" else with_tiny_models(comfy, prompt), timeout=300)
    )
    kept, moved = found["mask"] == 0, found["moved"] == 1
    assert 0.5 < kept.float().mean() < 0.95 and 0.2 < moved.float().mean() < 0.8
    assert torch.equal(found["result"][kept], found["warped"][kept])
    assert torch.equal(found["result"][kept & ~moved], found["picture"][kept & ~moved])
    assert not torch.equal(found["warped"][kept & moved], found["picture"][kept & moved])
    assert (found["result"] - found["warped"])[found["mask"] == 1].abs().mean() > 0.01


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("drag_warp_checkpoint", ["ckpt_name", "lora_name"]),
        ("lightningdrag_checkpoint", ["ckpt_name", "clip_name", "lora_name"]),
        ("region_from_click", ["ckpt_name", "ckpt_name", "lora_name"]),
    ],
)
def test_an_example_for_a_checkpoint_lacks_its_files_and_nothing_else(comfy, name, files):
    workflow = json.loads(EXAMPLES[name].read_text())
    assert EXAMPLES[name].with_suffix(".jpg").is_file()
    info = comfy.object_info()
    if name == "region_from_click" and "SAM3_Detect" not in info:
        pytest.skip(f"{name} not tested: this ComfyUI has no SAM3 Detect")
    message = comfy.submit_error(as_prompt(workflow, info))
    found = [line.split(": ")[::2] for line in message.splitlines()]
    lacking = sorted((kind, detail.split()[0]) for kind, detail in found)
    # ComfyUI 0.3.64 takes any name of a file from such a node; the node then says so itself
    assert [one for one in lacking if one[1] != "model_name"] == [("value_not_in_list", one) for one in files]
