"""What a node is given beside its pictures or latents, on the real server: one rule for every node."""

import torch

DRAG = "0.4,0.5 -> 0.6,0.5"
PREDICTOR, LIGHTNINGDRAG = "dragkit-motion (bundled)", "dragkit-lightningdrag (bundled, of the demo model)"


def picture(graph, batch, width=128, height=96):
    """A picture, and with out(1) a mask."""
    return graph.node("TestImage", width=width, height=height, batch=batch, seed=0)


def latent(graph, batch):
    return graph.node("TestLatent", width=128, height=96, batch=batch, seed=3, channels=4)


def points(graph):
    return graph.node("DragKitDragPoints", points=DRAG)


def flowgen(graph, image, **options):
    network = graph.node("DragKitLoadMotionPredictor", predictor=PREDICTOR)
    return graph.node(
        "DragKitFlowGen", network=network, image=image, drag_points=points(graph), scale=0.0, mode="proportional",
        **options,
    )  # fmt: skip


def warp(graph, image, **options):
    return graph.node(
        "DragKitDragWarp", image=image, drag_points=points(graph), displacement="similarity", sampling="bilinear",
        front="longest", seam=0, grow=0, feather=0, **options,
    )  # fmt: skip


def warpage(graph, samples, **options):
    return graph.node("DragKitLatentWarpage", samples=samples, drag_points=points(graph), mode="inverse", **options)


def bnni(graph, samples, holes):
    return graph.node("DragKitBNNI", samples=samples, holes=holes, mode="simultaneous")


def dynadrag(graph, image, mask):
    model = graph.node("TestTinyModel", kind="sd15", seed=0)
    return graph.node(
        "DragKitDynaDrag", model=model, positive=model.out(1), vae=graph.node("TestTinyVAE", seed=0), image=image,
        drag_points=points(graph), mask=mask, rounds=1, steps=3, strength=0.67, adam_steps=2, learning_rate=0.2,
        radius=4, mask_weight=0.1, selection="every", tolerance=2.0, preview_steps=1, block="last", checkpointing="off",
    )  # fmt: skip


def supervision(graph, samples, mask):
    model = graph.node("TestTinyModel", kind="sd15", seed=0)
    return graph.node(
        "DragKitMotionSupervision", model=model, positive=model.out(1), samples=samples, mask=mask, steps=1,
        sigmas=graph.node("TestSigmas", values="3, 1"), from_points=points(graph), to_points=points(graph),
        learning_rate=0.01, radius=1, mask_weight=0.1, block="last", checkpointing="off",
    )  # fmt: skip


def lightningdrag(graph, image, mask):
    demo = graph.node("DragKitDemoModel", photograph="coffee", network="inpainting")
    return graph.node(
        "DragKitApplyLightningDrag", model=demo, vae=demo.out(1), positive=demo.out(2), negative=demo.out(2),
        lightning_drag=graph.node("DragKitLoadLightningDrag", model_name=LIGHTNINGDRAG), image=image, mask=mask,
        drag_points=points(graph), decay="none", guided_steps=0, keep_outside=True,
    )  # fmt: skip


def test_a_batch_is_one_for_all_or_one_each(comfy):
    def said(build, batch):
        graph = comfy.graph()
        graph.dump(build(graph, batch), "never")
        return comfy.run_error(graph)

    def masks(graph):
        return picture(graph, 2).out(1)

    def flows(graph):
        return warpage(graph, latent(graph, 2), mask=masks(graph)).out(2)

    pictures = {
        "Drag Warp: mask": lambda g, n: warp(g, picture(g, n), mask=masks(g)),
        "Drag Warp: flow": lambda g, n: warp(g, picture(g, n), flow=flows(g)),
        "FlowGen: mask": lambda g, n: flowgen(g, picture(g, n), mask=masks(g)),
        "Apply LightningDrag: mask": lambda g, n: lightningdrag(g, picture(g, n), masks(g)),
    }
    latents = {
        "Latent Warpage: mask": lambda g, n: warpage(g, latent(g, n), mask=masks(g)),
        "Latent Warpage: flow": lambda g, n: warpage(g, latent(g, n), flow=flows(g)),
        "BNNI: holes": lambda g, n: bnni(g, latent(g, n), masks(g)),
    }
    for kind, nodes in {"pictures": pictures, "latents": latents}.items():
        for name, build in nodes.items():
            assert said(build, 3) == f"{name} has a batch of 2, but there are 3 {kind}"
    one = {
        "DynaDrag: mask": ("pictures", lambda g, n: dynadrag(g, picture(g, n), masks(g))),
        "Motion Supervision: mask": ("latents", lambda g, n: supervision(g, latent(g, n), masks(g))),
    }
    for name, (kind, build) in one.items():
        assert said(build, 1) == f"{name} has a batch of 2, but there are 1 {kind}"


def test_an_empty_mask_is_none_whatever_its_size(comfy):
    graph = comfy.graph()
    empty = graph.node("SolidMask", value=0.0, width=64, height=64)
    image, samples = picture(graph, 1), latent(graph, 1)
    for name, options in {"none": {}, "empty": {"mask": empty}}.items():
        graph.dump(flowgen(graph, image, **options), f"{name}.flowgen")
        graph.dump(warp(graph, image, **options), f"{name}.warp")
        graph.dump(warpage(graph, samples, **options), f"{name}.warpage")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for node in ("flowgen", "warp", "warpage"):
        assert torch.equal(found[f"empty.{node}"], found[f"none.{node}"])
    assert found["none.flowgen"].abs().amax() > 1
