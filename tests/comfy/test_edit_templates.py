"""The templates and the blueprint for edit models: they lack their models and nothing else, and run with tiny ones."""

import json

import pytest
import torch

from .templates import EXAMPLES, FOLDER, PHOTOGRAPH, as_prompt, numbers, opened, with_photograph

BLUEPRINT = FOLDER.parent / "subgraphs/Drag with an edit model.json"

QWEN, KLEIN, STOCK = (
    "Drag with an edit model (Qwen-Image-Edit)",
    "Drag with an edit model (FLUX.2 Klein)",
    "Drag with an edit model, stock sampler (FLUX.2 Klein)",
)
# what ComfyUI's own templates for these models load, and from which folder
FILES = {
    QWEN: {
        "diffusion_models": "qwen_image_edit_2511_fp8mixed.safetensors",
        "text_encoders": "qwen_2.5_vl_7b_fp8_scaled.safetensors",
        "vae": "qwen_image_vae.safetensors",
    },
    KLEIN: {
        "diffusion_models": "flux-2-klein-4b-fp8.safetensors",
        "text_encoders": "qwen_3_4b.safetensors",
        "vae": "flux2-vae.safetensors",
    },
}
FILES[STOCK] = FILES[KLEIN]
KINDS = {QWEN: "qwen", KLEIN: "flux2", STOCK: "flux2"}


def opened_here(comfy, name):
    """As opened; skips where this ComfyUI lacks the model, too."""
    info = comfy.object_info()
    options = info["TestTinyEditModel"]["input"]["required"]["kind"]
    if KINDS[name] not in (options[0] if isinstance(options[0], list) else options[1]["options"]):
        pytest.skip(f"{name} not tested: this ComfyUI has no such model")
    return opened(name, info)


def with_tiny_models(prompt, kind):
    """The prompt with a random network, an autoencoder of means and random texts in the place of its files, and a
    smaller picture."""
    kinds = {number: node["class_type"] for number, node in prompt.items()}
    (loader,) = (number for number, name in kinds.items() if name == "UNETLoader")
    made = {}
    for number, node in prompt.items():
        name, inputs = node["class_type"], dict(node["inputs"])
        if name in ("CLIPLoader", "CLIPTextEncode"):
            continue
        if name == "UNETLoader":
            name, inputs = "TestTinyEditModel", {"kind": kind, "seed": 0}
        elif name == "VAELoader":
            name, inputs = "TestCellVAE", {"kind": kind}
        elif name == "ImageScaleToTotalPixels":
            inputs["megapixels"] = 0.0625
        elif name == "TextEncodeQwenImageEditPlus":
            picture = {"pixels": inputs["image1"], "vae": inputs["vae"]}
            made[f"{number}.picture"] = {"class_type": "VAEEncode", "inputs": picture}
            text = [loader, 1 if inputs["prompt"] else 3]
            name, inputs = "ReferenceLatent", {"conditioning": text, "latent": [f"{number}.picture", 0]}
        for key, value in inputs.items():
            if isinstance(value, list) and kinds.get(value[0]) == "CLIPTextEncode":
                inputs[key] = [loader, 1]
        made[number] = {"class_type": name, "inputs": inputs}
    return made


@pytest.mark.parametrize("name", FILES)
def test_it_lacks_its_models_and_nothing_else(comfy, name):
    workflow, prompt = opened_here(comfy, name)
    assert EXAMPLES[name].with_name(f"{name}.jpg").stat().st_size < 60_000
    models = [model for node in workflow["nodes"] for model in node["properties"].get("models", ())]
    assert {model["directory"]: model["name"] for model in models} == FILES[name]
    assert all(model["url"].endswith(f"/{model['name']}") for model in models) and len(models) == 3
    found = [line.split(": ")[::2] for line in comfy.submit_error(with_photograph(comfy, prompt)).splitlines()]
    said = sorted((kind, detail.split()[0]) for kind, detail in found)
    assert said == [("value_not_in_list", name) for name in ("clip_name", "unet_name", "vae_name")]


def check_changes(comfy, workflow, prompt, said):
    """Runs a prompt of tiny models, in which nothing but what is refined or painted may change; a part of the log."""
    (masks,), (paste,), (warp,) = (
        numbers(workflow, f"DragKit{kind}") for kind in ("RecompositionMasks", "PasteBack", "DragWarp")
    )
    links = {"mask": [masks, 0], "changed": [masks, 4], "moved": [warp, 2], "result": [paste, 0]}
    links["picture"] = prompt[warp]["inputs"]["image"]
    dumps = {f"dump {name}": {"class_type": "TestDump", "inputs": {"any": link, "name": name}}
             for name, link in links.items()}  # fmt: skip
    since = len(comfy.log())
    found = comfy.tensors(comfy.run(prompt | dumps, timeout=300))
    kept = found["changed"] == 0
    assert torch.equal(found["result"][kept], found["picture"][kept]) and 0.2 < kept.float().mean() < 0.9
    # Paste Back fades at the border
    for value in (0.5, 1):
        change = (found["result"] - found["picture"]).abs().mean(-1)[found["mask"] == value]
        assert len(change) > 500 and (change > 1e-3).float().mean() > 0.8
    assert not kept[found["moved"] == 1].any() and said in comfy.log(since)


@pytest.mark.parametrize(
    ("name", "said"),
    [(QWEN, "14 of 30 steps were held"), (KLEIN, "2 of 4 steps were held"), (STOCK, "")],
)
def test_it_changes_what_moved_and_what_opened_up_alone(comfy, name, said):
    workflow, prompt = opened_here(comfy, name)
    check_changes(comfy, workflow, with_tiny_models(with_photograph(comfy, prompt), KINDS[name]), said)


def around(blueprint, info):
    """What is inside a blueprint, as a workflow and as a prompt, with loaders at its sockets and its own values."""
    (inside,) = blueprint["definitions"]["subgraphs"]
    (host,) = blueprint["nodes"]
    promoted = dict(
        zip((end["name"] for end in host["inputs"] if "widget" in end), host["widgets_values"], strict=True)
    )
    loaders = {"image": "LoadImage", "model": "UNETLoader", "clip": "CLIPLoader", "vae": "VAELoader"}
    assert [end["name"] for end in inside["inputs"]] == [*loaders, *promoted]
    links = [list(link.values()) for link in inside["links"]]
    outside = [link for link in links if link[1] == -10]
    within = {link[0] for link in links} - {link[0] for link in outside}
    nodes = [
        node | {"inputs": [end | {"link": end["link"] if end["link"] in within else None} for end in node["inputs"]]}
        for node in inside["nodes"]
    ]
    workflow = {"nodes": nodes, "links": links}
    prompt = as_prompt(workflow, info) | {name: {"class_type": kind, "inputs": {}} for name, kind in loaders.items()}
    prompt["image"]["inputs"]["image"] = PHOTOGRAPH
    for _, _, slot, number, target, _ in outside:
        (node,) = (node for node in nodes if node["id"] == number)
        name = inside["inputs"][slot]["name"]
        prompt[str(number)]["inputs"][node["inputs"][target]["name"]] = promoted.get(name, [name, 0])
    return workflow, prompt


def test_the_blueprint_does_the_same(comfy):
    workflow, prompt = around(json.loads(BLUEPRINT.read_text()), comfy.object_info())
    prompt = with_tiny_models(with_photograph(comfy, prompt), "flux")
    check_changes(comfy, workflow, prompt, "2 of 4 steps were held")
