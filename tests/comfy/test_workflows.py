"""The example workflows, as a person loads them, run on the real server."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "example_workflows"
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}


def as_prompt(workflow, info):
    """What the frontend sends for a saved workflow: links by their ends, widget values in the order of the schema."""
    sources = {link[0]: [str(link[1]), link[2]] for link in workflow["links"]}
    prompt = {}
    for node in workflow["nodes"]:
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


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_example_runs_on_a_bare_comfyui(comfy, path):
    assert path.with_suffix(".jpg").is_file()
    workflow = json.loads(path.read_text())
    since = len(comfy.log())
    entry = comfy.run(as_prompt(workflow, comfy.object_info()), timeout=300)
    saved = {node["id"]: node["type"] for node in workflow["nodes"] if node["type"] in ("SaveImage", "PreviewImage")}
    for number in saved:
        (image,) = (
            comfy.folder / "output" / f["subfolder"] / f["filename"] for f in entry["outputs"][str(number)]["images"]
        )
        assert image.stat().st_size > 10_000
    assert comfy.complaints(since) == []
