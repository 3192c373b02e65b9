"""The example workflows as what the frontend sends for them, with models that are at hand."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from .conftest import find_comfyui
from .lightningdrag.graphs import CLIP, saved, weights

FOLDER = Path(__file__).parents[2] / "example_workflows"
TEMPLATES = {path.name.removesuffix(".json"): path for path in sorted(FOLDER.glob("*.json"))}
# of each of some templates there is one more that opens in App mode
APPS = {name: path for name, path in TEMPLATES.items() if name.endswith(".app")}
EXAMPLES = {name: path for name, path in TEMPLATES.items() if name not in APPS}
DEMOS = {name: path for name, path in EXAMPLES.items() if name.endswith("(demo, no download)")}
# the photograph of every template that begins with one: ComfyUI's own
PHOTOGRAPH = "example.png"
# widgets that ComfyUI 0.3.64 lacks
LATER = {"ImageScaleToTotalPixels": ["resolution_steps"], "CFGNorm": ["pre_cfg"]}
DRAGGED = (
    '{"format":"dragkit.points","version":1,"points":[{"handle":[0.6,0.7],"target":[0.7,0.6]}],'
    '"strokes":[{"tool":"box","points":[[0.35,0.5],[0.95,0.95]]}]}'
)
CLICKED = (
    '{"format":"dragkit.points","version":1,"points":[],"strokes":[{"tool":"box","points":[[0.45,0.55],[0.9,0.98]]}]}'
)
POINTS = "DragKitDragPoints"
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
            if (isinstance(spec[0], list) or spec[0] in WIDGETS) and not (len(spec) > 1 and spec[1].get("forceInput")):
                # optional widgets that came after the workflow was saved keep their defaults
                value = next(values, None)
                assert value is not None or name in schema.get("optional", {}), f"{node['type']} lacks {name}"
                inputs[name] = spec[1]["default"] if value is None else value
                # what the frontend adds beside it: what becomes of a seed, the button that uploads
                if len(spec) > 1 and (spec[1].get("control_after_generate") or spec[1].get("image_upload")):
                    next(values)
        assert len(list(values)) <= len(LATER.get(node["type"], ())), (
            f"{node['type']} has more saved values than widgets"
        )
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs}
    return prompt


def opened(name, info):
    """A template and what the frontend sends for it; pytest skips where this ComfyUI lacks one of its nodes."""
    workflow = json.loads(EXAMPLES[name].read_text())
    if missing := [node["type"] for node in workflow["nodes"] if node["type"] not in {*info, "MarkdownNote"}]:
        pytest.skip(f"{name} not tested: this ComfyUI has no {missing[0]}")
    return workflow, as_prompt(workflow, info)


def with_photograph(comfy, prompt, points=DRAGGED):
    """The prompt of a template that begins with a photograph, once somebody has chosen it and drawn."""
    shutil.copy(find_comfyui()[0] / "input" / PHOTOGRAPH, comfy.folder / "input")
    return {
        number: {**node, "inputs": node["inputs"] | {"points": points}} if node["class_type"] == POINTS else node
        for number, node in prompt.items()
    }


def numbers(workflow, kind):
    return [str(node["id"]) for node in workflow["nodes"] if node["type"] == kind]


def tiny_kind(file):
    """Which of the tests' networks stands for a checkpoint of this name."""
    return "sdxl" if "xl" in file else "sd15_inpaint" if "inpainting" in file else "sd15"


def with_tiny_models(comfy, prompt):
    """The prompt with random networks in the place of its files, a smaller picture, one of each and two steps; what
    SAM3 Detect would find is a box."""
    save_file({"tensor": torch.ones(1, CLIP)}, comfy.folder / "input/seen.safetensors")
    kinds = {number: node["class_type"] for number, node in prompt.items()}
    changes = {"KSampler": {"steps": 2}, "RepeatLatentBatch": {"amount": 1}, "DragKitDynaDrag": {"rounds": 1}}
    changes["ImageScaleToTotalPixels"] = {"megapixels": 0.0625}
    if "DragKitLoadLightningDrag" in kinds.values():
        changes["DragKitLoadLightningDrag"] = {"model_name": saved(comfy, "tiny.safetensors", weights())}
    made = {}
    for number, node in prompt.items():
        kind, inputs = node["class_type"], node["inputs"]
        if kind in ("CLIPTextEncode", "CLIPVisionLoader"):
            continue
        if kind == "CheckpointLoaderSimple":
            network = {"kind": tiny_kind(inputs["ckpt_name"]), "seed": 0}
            made[f"{number}.model"] = {"class_type": "TestTinyModel", "inputs": network}
            kind, inputs = "TestTinyVAE", {"seed": 1}
        elif kind == "CLIPVisionEncode":
            kind, inputs = "TestImageEmbeds", {"file": "seen.safetensors"}
        elif kind == "SAM3_Detect":
            kind, inputs = POINTS, {"points": CLICKED, "image": inputs["image"]}
        inputs = inputs | changes.get(kind, {})
        for name, value in inputs.items():
            source = kinds.get(value[0]) if isinstance(value, list) else None
            if source == "CLIPTextEncode":
                inputs[name] = [f"{prompt[value[0]]['inputs']['clip'][0]}.model", 1]
            elif source == "CheckpointLoaderSimple":
                inputs[name] = [value[0], 0] if value[1] == 2 else [f"{value[0]}.model", 0]
            elif source == "SAM3_Detect":
                inputs[name] = [value[0], 1]
        made[number] = {"class_type": kind, "inputs": inputs}
    return made
