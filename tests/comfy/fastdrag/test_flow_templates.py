"""The templates of FastDrag on flow-matching models: they lack their files alone, and run on tiny networks."""

import json

import pytest
import torch

from ..templates import EXAMPLES, as_prompt, numbers

# the kind of tiny network, and what a ComfyUI without models lacks
TEMPLATES = {
    "FastDrag (FLUX.1 dev)": ("flux", ["clip_name1", "clip_name2", "unet_name", "vae_name"]),
    "FastDrag (Qwen-Image)": ("qwen", ["clip_name", "unet_name", "vae_name"]),
    "FastDrag (Z-Image)": ("zimage", ["clip_name", "unet_name", "vae_name"]),
    "FastDrag (SD3.5)": ("sd3", ["ckpt_name"]),
}
DRAG = (
    '{"format":"dragkit.points","version":1,"points":[{"handle":[0.4,0.5],"target":[0.5,0.5]}],'
    '"strokes":[{"tool":"box","points":[[0.2,0.2],[0.7,0.8]]}]}'
)


def prompt_of(comfy, name):
    """A template and what the frontend sends for it once somebody has chosen a picture and drawn."""
    workflow, info = json.loads(EXAMPLES[name].read_text()), comfy.object_info()
    for node in workflow["nodes"]:
        if node["type"] == "LoadImage":
            node["type"], node["widgets_values"] = "TestImage", [200, 136, 1, 0]
        elif node["type"] == "DragKitDragPoints":
            # nothing that was drawn on another picture
            assert node["widgets_values"] == [""]
            node["widgets_values"] = [DRAG]
        elif node["type"] == "ImageScaleToTotalPixels" and "resolution_steps" not in str(info[node["type"]]["input"]):
            node["widgets_values"] = node["widgets_values"][:2]
    return workflow, as_prompt(workflow, info)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_lacks_its_files_and_nothing_else(comfy, name):
    _, prompt = prompt_of(comfy, name)
    found = [line.split(": ")[::2] for line in comfy.submit_error(prompt).splitlines()]
    lacking = sorted((kind, detail.split()[0]) for kind, detail in found)
    assert lacking == [("value_not_in_list", one) for one in TEMPLATES[name][1]]
    assert EXAMPLES[name].with_suffix(".jpg").stat().st_size < 60_000


@pytest.mark.float32
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_drags_and_keeps_the_rest(comfy, name):
    kind = TEMPLATES[name][0]
    info = comfy.object_info()
    if kind not in info["TestTinyModel"]["input"]["required"]["kind"][1]["options"]:
        pytest.skip(f"this ComfyUI has no {kind}")
    if kind == "qwen" and "zimage" not in info["TestTinyModel"]["input"]["required"]["kind"][1]["options"]:
        pytest.skip("in this ComfyUI a tiny autoencoder of pictures takes no frame")
    workflow, prompt = prompt_of(comfy, name)
    (saves,) = numbers(workflow, "SaveImage")
    stands = {
        "VAELoader": ("TestTinyVAE", {"seed": 1, "channels": 16}),
        "UNETLoader": ("TestTinyModel", {"kind": kind, "seed": 0}),
        "CheckpointLoaderSimple": ("TestTinyModel", {"kind": kind, "seed": 0}),
    }
    model = next(one for one, node in prompt.items() if node["class_type"] in ("UNETLoader", "CheckpointLoaderSimple"))
    texts = [one for one, node in prompt.items() if node["class_type"] == "CLIPTextEncode"]
    if prompt[model]["class_type"] == "CheckpointLoaderSimple":
        prompt["vae"] = {"class_type": "TestTinyVAE", "inputs": {"seed": 1, "channels": 16}}
    for node in prompt.values():
        for slot, value in node["inputs"].items():
            if value == [model, 2]:
                node["inputs"][slot] = ["vae", 0]
            elif isinstance(value, list) and value[0] in texts:
                node["inputs"][slot] = [model, 1]
        if node["class_type"] == "ImageScaleToTotalPixels":
            node["inputs"]["megapixels"] = 0.03
        if node["class_type"] in stands:
            node["class_type"], node["inputs"] = stands[node["class_type"]]
    prompt = {one: node for one, node in prompt.items() if one not in texts and "CLIPLoader" not in node["class_type"]}
    (sampler,) = numbers(workflow, "SamplerCustom")
    (encode,) = numbers(workflow, "VAEEncode")
    (scale,) = numbers(workflow, "ImageScaleToTotalPixels")
    for what, link in {"sampled": [sampler, 0], "latent": [encode, 0], "picture": [scale, 0]}.items():
        prompt[what] = {"class_type": "TestDump", "inputs": {"any": link, "name": what}}
    entry = comfy.run(prompt, timeout=120)
    (after,) = comfy.images({"outputs": {"": entry["outputs"][saves]}})
    found = comfy.tensors(entry)
    before, sampled = found["picture"][0], found["sampled"].view(found["latent"].shape)
    assert after.shape == before.shape
    # the region ends in the middle of the picture's lower and right parts
    change = (sampled - found["latent"]).abs().amax(1)[0]
    assert change[-1].max() < 1e-4 and change[:, -1].max() < 1e-4 and change[change.shape[0] // 2].max() > 0.01
    assert (after - before).abs()[-8:].max() < 1 / 200 and not torch.equal(after, before)
