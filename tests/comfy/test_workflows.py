"""The example workflows, as a person loads them, run on the real server."""

import io
import json

import numpy as np
import pytest
import requests
import torch
from dragkit.kernels.points.drag_text import read
from dragkit.kernels.points.strokes import rasterise
from dragkit.standalone.scenes.photographs import photograph
from PIL import Image

from .templates import APPS, DEMOS, EXAMPLES, TEMPLATES, as_prompt, numbers, opened, with_photograph, with_tiny_models

REPAIR = "Drag and repair (SD1.5 inpainting)"
# what each template that begins with a photograph lacks in a ComfyUI without models
FILES = {
    "Drag a photograph (no model)": [],
    REPAIR: ["ckpt_name"],
    "Drag and repair (SDXL)": ["ckpt_name"],
    "Drag and repair (FLUX Fill)": ["clip_name1", "clip_name2", "unet_name", "vae_name"],
    "Drag and repair (Z-Image-Turbo)": ["clip_name", "unet_name", "vae_name"],
    "Drag and repair (Qwen-Image-Edit)": ["clip_name", "lora_name", "unet_name", "vae_name"],
    "Drag what you click on (SAM3, SD1.5 inpainting)": ["ckpt_name", "ckpt_name"],
    "FastDrag (SD1.5)": ["ckpt_name"],
    "FastDrag (SDXL)": ["ckpt_name"],
    "FastDrag (FLUX.1 dev)": ["clip_name1", "clip_name2", "unet_name", "vae_name"],
    "FastDrag (Qwen-Image)": ["clip_name", "unet_name", "vae_name"],
    "FastDrag (SD3.5)": ["ckpt_name"],
    "FastDrag (Z-Image)": ["clip_name", "unet_name", "vae_name"],
    "DynaDrag (SD1.5)": ["ckpt_name"],
    "InstantDrag (faces)": ["ckpt_name"],
    "LightningDrag (SD1.5 inpainting)": ["ckpt_name", "clip_name"],
    "Drag with an edit model (Qwen-Image-Edit)": ["clip_name", "unet_name", "vae_name"],
    "Drag with an edit model (FLUX.2 Klein)": ["clip_name", "unet_name", "vae_name"],
    "Drag with an edit model, stock sampler (FLUX.2 Klein)": ["clip_name", "unet_name", "vae_name"],
}


@pytest.fixture(scope="module", params=DEMOS.values(), ids=lambda path: path.stem)
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


@pytest.mark.parametrize("name", ["Drag and repair (demo, no download)", REPAIR])
def test_only_what_opened_up_and_the_seam_are_painted_anew(comfy, name):
    workflow, prompt = opened(name, comfy.object_info())
    if name not in DEMOS:
        prompt = with_tiny_models(comfy, with_photograph(comfy, prompt))
    (warp,), (paste,) = numbers(workflow, "DragKitDragWarp"), numbers(workflow, "DragKitPasteBack")
    links = dict(zip(("warped", "mask", "moved"), ([warp, i] for i in range(3)), strict=True))
    links |= {"picture": prompt[warp]["inputs"]["image"], "result": [paste, 0]}
    prompt |= {f"dump {name}": {"class_type": "TestDump", "inputs": {"any": link, "name": name}}
               for name, link in links.items()}  # fmt: skip
    found = comfy.tensors(comfy.run(prompt, timeout=300))
    kept, moved = found["mask"] == 0, found["moved"] == 1
    assert 0.5 < kept.float().mean() < 0.95 and 0.1 < moved.float().mean() < 0.8
    assert torch.equal(found["result"][kept], found["warped"][kept])
    assert torch.equal(found["result"][kept & ~moved], found["picture"][kept & ~moved])
    assert not torch.equal(found["warped"][kept & moved], found["picture"][kept & moved])
    assert (found["result"] - found["warped"])[found["mask"] == 1].abs().mean() > 0.01


def test_every_template_begins_with_a_photograph_or_is_a_demo():
    assert {*FILES, *DEMOS} == set(EXAMPLES)
    for name, path in EXAMPLES.items():
        workflow = json.loads(path.read_text())
        (points,) = (node for node in workflow["nodes"] if node["type"] == "DragKitDragPoints")
        (note,) = (node for node in workflow["nodes"] if node["type"] == "MarkdownNote")
        assert path.with_name(f"{name}.jpg").stat().st_size < 60_000
        assert "`" not in note["widgets_values"][0] and note["widgets_values"][0].count("\n\n") <= 2
        if name not in DEMOS:
            # nothing that was drawn on another picture
            assert points["widgets_values"] == [""]
            assert len(numbers(workflow, "LoadImage")) == len(numbers(workflow, "SaveImage")) == 1


@pytest.mark.parametrize("name", FILES)
def test_a_template_lacks_its_models_and_nothing_else(comfy, name):
    _, prompt = opened(name, comfy.object_info())
    prompt = with_photograph(comfy, prompt)
    if not FILES[name]:
        comfy.run(prompt)
        return
    found = [line.split(": ")[::2] for line in comfy.submit_error(prompt).splitlines()]
    lacking = sorted((kind, detail.split()[0]) for kind, detail in found)
    if ("value_not_in_list", "type") in lacking:
        pytest.skip(f"{name} not tested: this ComfyUI has no such kind of text encoder")
    # ComfyUI 0.3.64 takes any name of a file from such a node; the node then says so itself
    assert [one for one in lacking if one[1] != "model_name"] == [("value_not_in_list", one) for one in FILES[name]]


# what no other test runs: the rest has the same parts
@pytest.mark.parametrize("name", ["FastDrag (SD1.5)", "FastDrag (SDXL)", "DynaDrag (SD1.5)", "Drag and repair (SDXL)"])
def test_a_template_for_a_checkpoint_runs(comfy, name):
    workflow, prompt = opened(name, comfy.object_info())
    prompt = with_tiny_models(comfy, with_photograph(comfy, prompt))
    entry = comfy.run(prompt, timeout=300)
    (after,) = comfy.images({"outputs": {"": entry["outputs"][numbers(workflow, "SaveImage")[0]]}})
    assert after.shape == (256, 256, 3)


@pytest.mark.parametrize("name", APPS)
def test_an_app_is_its_template_in_another_mode(name):
    app, template = (json.loads(path.read_text()) for path in (APPS[name], EXAMPLES[name.removesuffix(".app")]))
    assert app["extra"].pop("linearMode") is True
    assert app == template


@pytest.mark.parametrize("name", FILES)
def test_what_a_template_shows_in_app_mode_is_there(comfy, name):
    workflow, prompt = opened(name, comfy.object_info())
    shown = workflow["extra"]["linearData"]
    assert [prompt[str(number)]["class_type"] for number in shown["outputs"]] == ["SaveImage"]
    assert [name for _, name, *_ in shown["inputs"]][:2] == ["image", "points"]
    assert all(name in prompt[str(number)]["inputs"] for number, name, *_ in shown["inputs"])


def test_comfyui_lists_and_serves_every_template_by_its_name(comfy):
    listed = requests.get(f"{comfy.url}/workflow_templates", timeout=60).json()
    (names,) = (names for pack, names in listed.items() if "dragkit" in pack.lower() and names)
    assert sorted(names) == sorted(TEMPLATES)
    for name, path in TEMPLATES.items():
        for end in ("json", "jpg"):
            # as the frontend asks: what a browser escapes in an address is escaped, no more
            answer = requests.get(f"{comfy.url}/api/workflow_templates/dragkit/{name}.{end}", timeout=60)
            assert answer.content == path.with_name(f"{name}.{end}").read_bytes()


def test_the_editor_has_the_photographs_of_the_demo_model(comfy):
    kind, options = comfy.object_info()["DragKitDemoModel"]["input"]["required"]["photograph"]
    for name in kind if isinstance(kind, list) else options["options"]:
        answer = requests.get(f"{comfy.url}/extensions/dragkit/photographs/{name}.jpg", timeout=60)
        shown = torch.from_numpy(np.array(Image.open(io.BytesIO(answer.content)))).float() / 255
        assert shown.shape == (256, 256, 3)
        assert (shown - photograph(name).movedim(0, -1)).abs().mean() < 0.02
