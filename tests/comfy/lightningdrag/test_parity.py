"""The two doors on the same weights: ComfyUI's patcher and diffusers' UNet give the same edit."""

import torch
from dragkit.kernels.diffusion.ddim import published_timesteps
from dragkit.kernels.points.drag_points import parse_points
from dragkit.standalone.methods.lightningdrag import lightningdrag
from dragkit.standalone.models.lightningdrag import load_demo_lightningdrag
from dragkit.standalone.scenes.photographs import photograph

from ...golden.lightningdrag_tiny import SCALING
from ..graphs import tensor
from .graphs import ALPHAS, BUNDLED, applied, sampled


def test_the_bundled_network_is_that_of_the_command_line(comfy):
    steps, seed, drag = 4, 3, "0.664,0.8 -> 0.742,0.684"
    mask = torch.zeros(1, 256, 256)
    mask[:, 128:248, 96:240] = 1
    model, networks = load_demo_lightningdrag()
    image, points = photograph("chelsea")[None], parse_points(drag, (256, 256))
    options = {"steps": steps, "scale": 4.0, "seed": seed, "candidates": 1, "sampler": "ddim"}
    with torch.no_grad():
        expected = lightningdrag(model, networks, image, points, mask, **options)
        noise = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(seed))
        start = ALPHAS[999] ** 0.5 * model.encode(image) + (1 - ALPHAS[999]) ** 0.5 * noise
    levels = (1 / ALPHAS - 1).sqrt()[published_timesteps(steps, 1.0)].flip(0)
    sigmas = torch.cat((levels, levels.new_zeros(1)))

    graph = comfy.graph()
    demo = graph.node("DragKitDemoModel", photograph="chelsea", network="inpainting")
    bundled = graph.node("DragKitLoadLightningDrag", model_name=BUNDLED)
    for name, used in (("bundled", demo), ("reloaded", graph.node("TestReload", model=demo))):
        edit = applied(
            graph, used, bundled, demo.out(1), demo.out(3), tensor(comfy, graph, mask).out(1), drag, demo.out(2),
            demo.out(2),
        )  # fmt: skip
        latent = tensor(comfy, graph, start * (1 + sigmas[0] ** 2).sqrt() / SCALING).out(2)
        result = sampled(
            graph, edit, tensor(comfy, graph, sigmas).out(5), 4.0, graph.node("DisableNoise"), latent=latent
        )
        graph.dump(graph.node("VAEDecode", samples=result, vae=demo.out(1)), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    torch.testing.assert_close(found["bundled"].movedim(-1, 1), expected, rtol=0, atol=2e-3)
    assert torch.equal(found["reloaded"], found["bundled"])
