"""FlowGen on the real server, and files that are none."""

import torch
from dragkit.kernels.instantdrag.flowgen_maps import generate_flow
from dragkit.kernels.motion.flow import confine_flow
from dragkit.kernels.motion.prediction import sample_flow
from safetensors.torch import save_file

from ..graphs import relative_max, tensor
from .graphs import HANDLES, TARGETS, conditioned, flow_of, loaded, picture, random, sampled


def test_flowgen_in_the_graph(comfy, flowgen):
    image, mask = picture(60, 100, batch=2), torch.zeros(1, 60, 100)
    mask[:, :30] = 1
    graph = comfy.graph()
    source, network = tensor(comfy, graph, image), graph.node("DragKitLoadFlowGen", flowgen="tiny.safetensors")
    runs = {
        "auto": {}, "twice": {"scale": 2.0}, "published": {"mode": "published"}, "none": {"points": ""},
        "masked": {"mask": tensor(comfy, graph, mask).out(1)},
    }  # fmt: skip
    for name, options in runs.items():
        graph.dump(flow_of(graph, network, source, **options), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    pixels = image.movedim(-1, 1)
    with torch.no_grad():
        auto = generate_flow(flowgen, pixels, HANDLES, TARGETS)
        twice = generate_flow(flowgen, pixels, HANDLES, TARGETS, scale=2.0)
        published = generate_flow(flowgen, pixels, HANDLES, TARGETS, "published")
    assert auto.shape == (2, 2, 154, 256) and published.shape == (2, 2, 256, 256)
    for name, flow in {"auto": auto, "twice": twice, "published": published}.items():
        assert relative_max(found[name], flow) < 1e-4 and flow.abs().max() > 1, name
    assert (
        relative_max(found["masked"], confine_flow(auto, mask)) < 1e-4 and found["masked"][..., 78:, :].abs().max() == 0
    )
    assert found["none"].shape == auto.shape and found["none"].abs().max() == 0
    spec = comfy.object_info()["DragKitLoadFlowGen"]["input"]["required"]["flowgen"]
    assert (spec[0] if isinstance(spec[0], list) else spec[1]["options"]) == ["tiny.safetensors"]


def test_the_motion_predictor_serves_as_well(comfy, folder):
    image = picture(300, 400, batch=2)
    graph = comfy.graph()
    predictor = graph.node("DragKitLoadMotionPredictor", predictor="dragkit-motion (bundled)")
    flow = flow_of(graph, predictor, tensor(comfy, graph, image))
    mask = torch.zeros(1, 300, 400)
    mask[:, :, :200] = 1
    graph.dump(flow, "flow")
    each = torch.zeros(2, 300, 400)
    each[0, 40:200, 60:320] = each[1, 60:240, 50:340] = 1
    held = {"mask": tensor(comfy, graph, each).out(1), "border": "held"}
    graph.dump(flow_of(graph, predictor, tensor(comfy, graph, image), **held), "held")
    graph.dump(flow_of(graph, predictor, tensor(comfy, graph, image), mask=tensor(comfy, graph, mask).out(1)), "masked")
    text = tensor(comfy, graph, random(1, 7, 32, seed=9)).out(4)
    conds = conditioned(graph, text, graph.node("TestTinyVAE", seed=0), tensor(comfy, graph, image), flow)
    graph.dump(sampled(graph, loaded(graph), conds, graph.node("TestSigmas", values="3, 0")), "edited")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert found["flow"].shape == (2, 2, 192, 256) and found["edited"].shape == (2, 4, 37, 50)
    grid = torch.tensor([256, 192])
    for one in found["flow"]:
        moved = HANDLES + sample_flow(one[None], HANDLES * grid) / grid
        torch.testing.assert_close(moved, TARGETS, rtol=0, atol=0.01)
    assert torch.equal(found["masked"][..., :128], found["flow"][..., :128])
    assert found["masked"][..., 128:].abs().max() == 0
    # every picture has its own region, in which the motion fades out
    for one, region in zip(found["held"], each, strict=True):
        moved = HANDLES + sample_flow(one[None], HANDLES * grid) / grid
        torch.testing.assert_close(moved, TARGETS, rtol=0, atol=0.02)
        cells = torch.nn.functional.adaptive_avg_pool2d(region[None], (192, 256))[0]
        inner = -torch.nn.functional.max_pool2d(-cells[None], 9, 1, 4)[0] == 1
        assert not one[:, cells == 0].any()
        assert one[:, (cells == 1) & ~inner].norm(dim=0).mean() < 0.25 * one[:, inner].norm(dim=0).mean()


def test_wrong_files_are_named(comfy, unet, flowgen):
    models = comfy.folder / "models"
    for kind in ("diffusion_models", "flowgen"):
        (models / kind).mkdir(exist_ok=True)
    weights = unet.state_dict()
    first = weights["conv_in.weight"]
    wrong = {
        "plain": weights | {"conv_in.weight": first[:, :4].contiguous()},
        "inpaint": weights | {"conv_in.weight": first[:, :9].contiguous()},
        "lora": {"lora_unet_x.alpha": torch.zeros(2)},
        "part": {"input_blocks.0.0.weight": first, "input_blocks.1.0.in_layers.0.weight": torch.zeros(64)},
        "cut": {name: value for name, value in weights.items() if name != "conv_out.bias"},
    }
    for name, values in wrong.items():
        save_file(values, models / "diffusion_models" / f"{name}.safetensors")
    (models / "diffusion_models/broken.safetensors").write_bytes(b"none")
    (models / "flowgen/broken.safetensors").write_bytes(b"none")
    save_file(wrong["lora"], models / "flowgen/lora.safetensors")

    def said(node, **options):
        graph = comfy.graph()
        graph.dump(graph.node(node, **options), "never")
        message = comfy.run_error(graph, timeout=300)
        assert "\n" not in message
        return message

    def diffusion(name):
        return said("DragKitLoadFlowDiffusion", model_name=f"{name}.safetensors")

    none = "Load FlowDiffusion: {}.safetensors is no FlowDiffusion: it "
    assert diffusion("plain") == (
        none.format("plain") + "is a UNet with 4 input channels (plain Stable Diffusion), FlowDiffusion has 10"
    )
    assert "is a UNet with 9 input channels (inpainting), FlowDiffusion has 10" in diffusion("inpaint")
    assert diffusion("lora") == (
        none.format("lora") + "holds 1 tensors, lora_unet_x.alpha first, and no UNet of Stable Diffusion"
    )
    assert diffusion("part").startswith(none.format("part") + "holds a part of a UNet")
    assert diffusion("cut") == none.format("cut") + "is no UNet of SD1.5's kind, out.2.bias is missing"
    assert diffusion("broken").startswith("Load FlowDiffusion: broken.safetensors cannot be read")
    assert "Load FlowGen: broken.safetensors is no safetensors file" in said(
        "DragKitLoadFlowGen", flowgen="broken.safetensors"
    )
    assert "Load FlowGen: lora.safetensors is no FlowGen: it has no model.model.0.weight" in said(
        "DragKitLoadFlowGen", flowgen="lora.safetensors"
    )
