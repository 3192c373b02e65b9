"""The example workflows, as a person loads them, run on the real server."""

import json
from pathlib import Path

import pytest
import torch
from dragkit.standalone.motions import positions
from dragkit.standalone.optical_flow import dis
from dragkit.standalone.photographs import photograph, to_pil

FOLDER = Path(__file__).parents[2] / "example_workflows"
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}


def as_prompt(workflow, info):
    """What the frontend sends for a saved workflow: links by their ends, widget values in the order of the schema."""
    sources = {link[0]: [str(link[1]), link[2]] for link in workflow["links"]}
    prompt = {}
    for node in workflow["nodes"]:
        if node["type"] == "MarkdownNote":  # of the frontend alone
            continue
        schema = info[node["type"]]["input"]
        values = iter(node["widgets_values"])
        inputs = {slot["name"]: sources[slot["link"]] for slot in node["inputs"] if slot["link"] is not None}
        for name, spec in [*schema.get("required", {}).items(), *schema.get("optional", {}).items()]:
            if isinstance(spec[0], list) or spec[0] in WIDGETS:
                inputs[name] = next(values)
                if len(spec) > 1 and spec[1].get("control_after_generate"):
                    next(values)
        assert not list(values), f"{node['type']} has more saved values than widgets"
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs}
    return prompt


@pytest.fixture(scope="module", params=sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def ran(comfy, request):
    """An example, its history entry, and what the log then said."""
    workflow = json.loads(request.param.read_text())
    since = len(comfy.log())
    entry = comfy.run(as_prompt(workflow, comfy.object_info()), timeout=300)
    return request.param, workflow, entry, comfy.complaints(since)


def numbers(workflow, kind):
    return [str(node["id"]) for node in workflow["nodes"] if node["type"] == kind]


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


def test_the_example_moves_what_it_drags_and_keeps_the_rest(comfy, ran):
    _, workflow, entry, _ = ran
    (number,) = numbers(workflow, "SaveImage")
    (after,) = comfy.images({"outputs": {number: entry["outputs"][number]}})
    before = photograph("chelsea").movedim(0, -1)
    (text,) = (node["widgets_values"][0] for node in workflow["nodes"] if node["type"] == "DragKitDragPoints")
    document = json.loads(text)
    ((left, top), (right, bottom)) = (256 * torch.tensor(document["strokes"][0]["points"])).round().int().tolist()
    inside = torch.zeros(256, 256, dtype=torch.bool)
    inside[top:bottom, left:right] = True
    change = (after - before).abs().mean(-1)
    assert change[inside].mean() > 2 * change[~inside].mean() and change[~inside].mean() < 0.04

    (handle, target) = (256 * torch.tensor(document["points"][0][end]) for end in ("handle", "target"))
    (flow,) = dis(*([to_pil(image.movedim(-1, 0))] for image in (before, after)))
    near = (positions(256) - handle).norm(dim=-1) < 10
    moved = flow[:, near].median(-1).values
    towards = (target - handle) / (target - handle).norm()
    assert (moved * towards).sum() > 5
