"""The two doors on the same weights: ComfyUI's patcher and diffusers' UNet give the same edit."""

import torch
from dragkit.kernels.points.drag_points import parse_points
from dragkit.standalone.methods.fastdrag import fastdrag_latent
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.scenes.photographs import photograph


def test_comfyui_and_diffusers_give_the_same_latents(comfy):
    drag = "150,178 -> 118,178\n60,90 -> 70,80"
    # not square, so that width and height cannot be exchanged unnoticed
    width, height = 224, 192
    graph = comfy.graph()
    demo = graph.node("DragKitDemoModel", photograph="chelsea")
    model, vae, conditioning = demo, demo.out(1), demo.out(2)
    cut = graph.node("ImageCrop", image=demo.out(3), width=width, height=height, x=0, y=0)
    points = graph.node("DragKitDragPoints", points=drag, image=cut)
    latent = graph.node("VAEEncode", pixels=points.out(2), vae=vae)
    inverted = graph.node(
        "DragKitKVCacheInversion", model=model, positive=conditioning, samples=latent, steps=10, strength=0.7,
        refinement=1, cache_device="auto", blocks="decoder",
    )  # fmt: skip
    graph.dump(latent, "latent")
    # as published: what a workflow without the later inputs gets
    kinds = {"inverse": ("simultaneous", {"displacement": "rigid", "border": "held"}), "fastdrag": ("sequential", {})}
    for mode, (fill, motion) in kinds.items():
        warped = graph.node("DragKitLatentWarpage", samples=inverted, drag_points=points, mode=mode, **motion)
        moved = graph.node("DragKitBNNI", samples=warped, holes=warped.out(1), mode=fill)
        cached = graph.node(
            "DragKitApplyKVCache", model=model, kv_cache=inverted.out(1), start=0.0, end=1.0, strength=1.0
        )
        edited = graph.node(
            "SamplerCustom", model=cached, add_noise=False, noise_seed=0, cfg=1.0, positive=conditioning,
            negative=conditioning, sampler=graph.node("KSamplerSelect", sampler_name="euler"), sigmas=inverted.out(2),
            latent_image=moved,
        )  # fmt: skip
        graph.dump(edited, mode)
    found = comfy.tensors(comfy.run(graph, timeout=300))

    demo = load_demo()
    image = photograph("chelsea")[None, :, :height, :width]
    latent = demo.encode(image)
    scale = 0.18215
    assert (found["latent"] * scale - latent).norm() / latent.norm() < 1e-4
    for mode in ("inverse", "fastdrag"):
        edited = fastdrag_latent(demo, latent, parse_points(drag, (width, height)), mode=mode, refinement=1)
        assert (found[mode] * scale - edited).norm() / edited.norm() < 1e-4
    assert not torch.equal(found["inverse"], found["fastdrag"])
