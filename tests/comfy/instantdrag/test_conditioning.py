"""InstantDrag Conditioning on the real server, and what cannot be used."""

import torch
from dragkit.kernels.instantdrag.conditioning import flow_channels
from dragkit.kernels.motion.flow import resize_flow

from ..graphs import relative_max, tensor
from .graphs import conditioned, flow_of, loaded, picture, random


def test_flow_has_a_strength_and_any_size(comfy, folder):
    flow = resize_flow(3 * random(1, 2, 5, 4, seed=3), 100, 80)
    image = picture(69, 99)
    graph = comfy.graph()
    text = tensor(comfy, graph, random(1, 7, 32, seed=9)).out(4)
    vae, source = graph.node("TestMeanVAE", channels=4), tensor(comfy, graph, image)
    whole, half = tensor(comfy, graph, flow).out(3), tensor(comfy, graph, flow / 2).out(3)
    graph.dump(conditioned(graph, text, vae, source, whole), "whole")
    graph.dump(conditioned(graph, text, vae, source, half, 2.0), "half")
    graph.dump(conditioned(graph, text, vae, source, whole, 0.0), "none")
    graph.dump(conditioned(graph, text, vae, source, whole).out(1), "image")
    graph.dump(conditioned(graph, text, vae, source, whole).out(2), "negative")
    found = {
        name.split(".")[0]: value
        for name, value in comfy.tensors(comfy.run(graph)).items()
        if name.endswith("concat_latent_image")
    }
    assert found["whole"].shape == (1, 6, 8, 12)
    # of 5 rows and 3 columns that are no whole cell 2 and 1 lie in front, of picture and flow
    cut = resize_flow(flow, 69, 99)[..., 2:66, 1:97]
    torch.testing.assert_close(found["whole"][:, 4:], flow_channels(cut, 8, 12))
    mean = torch.nn.functional.avg_pool2d(2 * image[:, 2:66, 1:97].movedim(-1, 1) - 1, 8)
    torch.testing.assert_close(found["whole"][:, :3], 3 * mean)
    assert relative_max(found["half"], found["whole"]) < 1e-6
    assert torch.equal(found["none"], found["image"]) and found["negative"].abs().max() == 0
    assert torch.equal(found["image"][:, :4], found["whole"][:, :4]) and found["image"][:, 4:].abs().max() == 0


def test_bad_input_is_said_in_one_sentence(comfy, folder, flowgen):
    def said(build):
        graph = comfy.graph()
        graph.dump(build(graph), "never")
        message = comfy.run_error(graph, timeout=300)
        assert "\n" not in message
        return message

    def conditioning(flow, image=None, channels=4):
        image = picture(64, 96) if image is None else image
        return lambda graph: conditioned(
            graph, tensor(comfy, graph, random(1, 7, 32)).out(4), graph.node("TestMeanVAE", channels=channels),
            tensor(comfy, graph, image), tensor(comfy, graph, flow).out(3),
        )  # fmt: skip

    flow = torch.ones(1, 2, 8, 12)
    assert said(conditioning(flow * float("nan"))) == (
        "InstantDrag Conditioning: flow contains NaN or infinite displacements"
    )
    assert "flow has shape [1, 3, 8, 12]; a FLOW is" in said(conditioning(torch.ones(1, 3, 8, 12)))
    assert "flow has a batch of 3, but there are 2 pictures" in said(
        conditioning(flow.repeat(3, 1, 1, 1), picture(64, 96, 2))
    )
    assert "vae has 16 latent channels, FlowDiffusion 4; connect the one of SD1.5" in said(
        conditioning(flow, channels=16)
    )
    assert "image is 96 x 5; it must be at least 8 pixels" in said(conditioning(flow, picture(5, 96)))

    def plain(graph):
        text = tensor(comfy, graph, random(1, 7, 32)).out(4)
        latent = graph.node("EmptyLatentImage", width=96, height=64, batch_size=1)
        return graph.node(
            "KSampler", model=loaded(graph), positive=text, negative=text, latent_image=latent, cfg=3.0, seed=1,
            steps=1, sampler_name="euler", scheduler="normal", denoise=1.0,
        )  # fmt: skip

    assert said(plain).startswith("FlowDiffusion: a conditioning has no picture and flow; connect the outputs of")

    def other(graph):
        text = tensor(comfy, graph, random(1, 7, 32)).out(4)
        pixels, vae = tensor(comfy, graph, picture(64, 96)), graph.node("TestTinyVAE", seed=0)
        pair = graph.node("InstructPixToPixConditioning", positive=text, negative=text, vae=vae, pixels=pixels)
        return graph.node(
            "KSampler", model=loaded(graph), positive=pair.out(0), negative=pair.out(1), latent_image=pair.out(2),
            cfg=3.0, seed=1, steps=1, sampler_name="euler", scheduler="normal", denoise=1.0,
        )  # fmt: skip

    assert said(other).startswith("FlowDiffusion: a conditioning has 4 channels instead of 6; connect the outputs of")

    def region(shape):
        def build(graph):
            network = graph.node("DragKitLoadFlowGen", flowgen="tiny.safetensors")
            mask = tensor(comfy, graph, torch.ones(*shape)).out(1)
            return flow_of(graph, network, tensor(comfy, graph, picture(64, 96)), mask=mask)

        return build

    assert "FlowGen: mask has a batch of 2, but there are 1 pictures" in said(region((2, 64, 96)))
    assert "FlowGen: mask is 96 x 96, but the picture is 96 x 64" in said(region((1, 96, 96)))
