"""Load LightningDrag: the bundled network and the published files."""

import shutil
from dataclasses import replace

import torch
from dragkit.kernels.diffusion.sd15_unet import transformer_blocks
from safetensors.torch import save_file

from ..graphs import tensor
from .graphs import BUNDLED, CLIP, DRAG, Scene, applied, saved, weights


def test_the_bundled_network_is_for_the_inpainting_demo_alone(comfy):
    def message(node, **options):
        graph = comfy.graph()
        demo = graph.node("DragKitDemoModel", photograph="chelsea")
        bundled = graph.node("DragKitLoadLightningDrag", model_name=BUNDLED)
        mask = tensor(comfy, graph, torch.ones(1, 256, 256)).out(1)
        model = graph.node(node, **options)
        edit = applied(graph, model, bundled, demo.out(1), demo.out(3), mask, DRAG, demo.out(2), demo.out(2))
        graph.dump(edit.out(3), "never")
        return comfy.run_error(graph)

    plain = message("DragKitDemoModel", photograph="chelsea")
    assert "model is a UNet with 4 input channels; connect an SD1.5 inpainting checkpoint" in plain
    other = message("TestTinyModel", kind="sd15_inpaint", seed=0)
    assert "is for another model: the model has" in other
    saved(comfy, "trained.safetensors", replace(weights(), appearance={}))
    graph = comfy.graph()
    graph.dump(graph.node("DragKitLoadLightningDrag", model_name="trained.safetensors"), "never")
    assert "trained.safetensors has no appearance encoder; it was trained for the demo model" in comfy.run_error(graph)


def test_the_published_files_serve_as_the_one_file_does(comfy, file):
    """Of tiny size; every name is the published one."""
    made = weights()
    folder = comfy.folder / "models/lightningdrag/published"
    (folder / "point_embedding").mkdir(parents=True)
    (folder / "appearance_encoder").mkdir()
    attention, adapter = {}, {"image_proj": made.image_proj, "ip_adapter": {}}
    for i, block in enumerate(transformer_blocks()):
        attention |= {f"{2 * i}.{key}": value for key, value in made.points[block].items()}
        attention |= {f"{2 * i + 1}.{key}": torch.zeros_like(value) for key, value in made.image_tokens[block].items()}
        adapter["ip_adapter"] |= {f"{2 * i + 1}.{key}": value for key, value in made.image_tokens[block].items()}
    torch.save(attention, folder / "lightning-drag-sd15-attn.bin")
    torch.save(made.point_embedding, folder / "point_embedding/point_embedding.pt")
    save_file(made.appearance, folder / "appearance_encoder/diffusion_pytorch_model.safetensors")

    def edited(name):
        scene = Scene(comfy, name)
        embeds = tensor(comfy, scene.graph, torch.ones(1, CLIP), "TestImageEmbeds")
        scene.dump(scene.edit(clip_vision_output=embeds), "edit")
        return scene.graph

    message = comfy.run_error(edited("published"))
    assert (
        "ip-adapter_sd15.safetensors or ip-adapter_sd15.bin is missing; put it into ComfyUI/models/ipadapter" in message
    )
    adapters = comfy.folder / "models/ipadapter"
    adapters.mkdir(exist_ok=True)
    torch.save(adapter, adapters / "ip-adapter_sd15.bin")
    one, other = (comfy.tensors(comfy.run(edited(name), timeout=300))["edit"] for name in (file, "published"))
    assert torch.equal(one, other)
    broken = folder.with_name("broken")
    shutil.copytree(folder, broken)
    (broken / "point_embedding/point_embedding.pt").write_bytes(b"none")
    assert "point_embedding.pt cannot be read" in comfy.run_error(edited("broken"), timeout=300)
    (broken / "point_embedding/point_embedding.pt").unlink()
    assert "the folder broken has no point_embedding/point_embedding.pt" in comfy.run_error(edited("broken"))
    save_file({"x": torch.zeros(1)}, comfy.folder / "models/lightningdrag/other.safetensors")
    message = comfy.run_error(edited("other.safetensors"))
    assert "other.safetensors is no file of `dragkit convert-lightningdrag`" in message
