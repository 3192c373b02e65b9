"""The example workflows as what the frontend sends for them, with models that are at hand."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from .lightningdrag.graphs import CLIP, saved, weights

FOLDER = Path(__file__).parents[2] / "example_workflows"
EXAMPLES = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}
# these run without a download
LOADERS = ("CheckpointLoader", "UNETLoader")
BARE = [path for path in EXAMPLES.values() if not any(loader in path.read_text() for loader in LOADERS)]
CLICKED = (
    '{"format":"dragkit.points","version":1,"points":[],"strokes":[{"tool":"box","points":[[0.45,0.55],[0.9,0.98]]}]}'
)
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
                if len(spec) > 1 and spec[1].get("control_after_generate"):
                    next(values)
        assert not list(values), f"{node['type']} has more saved values than widgets"
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs}
    return prompt


def numbers(workflow, kind):
    return [str(node["id"]) for node in workflow["nodes"] if node["type"] == kind]


# what takes the place of a node of a template: (kind, inputs)
TINY = {
    "CheckpointLoaderSimple": ("TestTinyVAE", {"seed": 1}),
    "LoraLoaderModelOnly": ("TestTinyModel", {"kind": "sd15_inpaint", "seed": 0}),
    "CLIPVisionEncode": ("TestImageEmbeds", {"file": "seen.safetensors"}),
}


def with_tiny_models(comfy, prompt):
    """The prompt with random networks in the place of its files, a smaller picture, one of each and two steps; what
    SAM3 Detect would find is a box."""
    save_file({"tensor": torch.ones(1, CLIP)}, comfy.folder / "input/seen.safetensors")
    kinds = {number: node["class_type"] for number, node in prompt.items()}
    changes = {
        "ImageScale": {"width": 256, "height": 256},
        "KSampler": {"steps": 2},
        "RepeatLatentBatch": {"amount": 1},
    }
    if "DragKitLoadLightningDrag" in kinds.values():
        changes["DragKitLoadLightningDrag"] = {"model_name": saved(comfy, "tiny.safetensors", weights())}
    made = {}
    for number, node in prompt.items():
        kind, inputs = node["class_type"], node["inputs"]
        if kind in TINY:
            kind, inputs = TINY[kind]
        elif kind == "SAM3_Detect":
            kind, inputs = "DragKitDragPoints", {"points": CLICKED, "image": inputs["image"]}
        inputs = inputs | changes.get(kind, {})
        for name, value in inputs.items():
            source = kinds.get(value[0]) if isinstance(value, list) else None
            if source == "CLIPTextEncode":
                (model,) = (one for one, of in kinds.items() if of == "LoraLoaderModelOnly")
                inputs[name] = [model, 1]
            elif source == "CheckpointLoaderSimple":
                inputs[name] = [value[0], 0]
            elif source == "SAM3_Detect":
                inputs[name] = [value[0], 1]
        made[number] = {"class_type": kind, "inputs": dict(inputs)}
    return {
        number: node
        for number, node in made.items()
        if node["class_type"] not in ("CLIPTextEncode", "CLIPVisionLoader")
    }
