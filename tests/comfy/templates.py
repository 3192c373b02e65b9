"""The example workflows as what the frontend sends for them, with models that are at hand."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "example_workflows"
EXAMPLES = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}
# these run without a download
BARE = [path for path in EXAMPLES.values() if "CheckpointLoader" not in path.read_text()]
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


def with_tiny_models(prompt):
    """The prompt with random networks in the place of the checkpoint and the LoRA, a smaller picture and two steps."""
    prompt = prompt | {
        "tiny": {"class_type": "TestTinyModel", "inputs": {"kind": "sd15_inpaint", "seed": 0}},
        "vae": {"class_type": "TestTinyVAE", "inputs": {"seed": 1}},
    }
    kinds = {number: node["class_type"] for number, node in prompt.items()}
    changes = {"ImageScale": {"width": 256, "height": 256}, "KSampler": {"steps": 2}}
    for node in prompt.values():
        node["inputs"] |= changes.get(node["class_type"], {})
        for name, value in node["inputs"].items():
            kind = kinds.get(value[0]) if isinstance(value, list) else None
            if kind == "CheckpointLoaderSimple":
                node["inputs"][name] = ["vae", 0]
            elif kind == "LoraLoaderModelOnly":
                node["inputs"][name] = ["tiny", 0]
            elif kind == "CLIPTextEncode":
                node["inputs"][name] = ["tiny", 1]
    gone = ("CheckpointLoaderSimple", "LoraLoaderModelOnly", "CLIPTextEncode")
    return {number: node for number, node in prompt.items() if node["class_type"] not in gone}
