"""DynaDrag's parts of workflows."""

from ..graphs import DRAG, own_predictor, plain_sample
from ..graphs import tiny as tiny_of_size

SMALL = {
    "rounds": 1, "steps": 3, "strength": 0.67, "adam_steps": 2, "learning_rate": 0.2, "radius": 4, "mask_weight": 0.1,
    "selection": "every", "tolerance": 2.0, "preview_steps": 1, "block": "last", "checkpointing": "auto",
}  # fmt: skip


def tiny(graph, kind="sd15"):
    return tiny_of_size(graph, kind, 128, 96)


def gradient(graph, model, positive, latent, block="last", checkpointing="off", complete=True, sigmas="3, 1"):
    return graph.node(
        "TestGradient", model=model, positive=positive, samples=latent, sigmas=graph.node("TestSigmas", values=sigmas),
        block=block, checkpointing=checkpointing, complete=complete,
    )  # fmt: skip


def predictor(comfy, graph):
    return graph.node("DragKitLoadMotionPredictor", predictor=own_predictor(comfy).name)


def dynadrag(graph, model, positive, image, points=DRAG, vae=None, **options):
    if isinstance(points, str):
        points = graph.node("DragKitDragPoints", points=points, image=image)
    vae = vae or graph.node("TestTinyVAE", seed=0)
    return graph.node(
        "DragKitDynaDrag", model=model, vae=vae, positive=positive, image=image, drag_points=points, **SMALL | options
    )


def picture(graph, width=128, height=96, batch=1):
    return graph.node("TestImage", width=width, height=height, batch=batch, seed=2)


def dump_run(graph, run, name):
    for i, part in enumerate(("latent", "picture", "points", "trajectory", "report")):
        graph.dump(run.out(i), f"{name}_{part}")


def samples_of(comfy, kind="sd15"):
    """What the tiny model gives a stock sampler now, asked anew."""
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, kind)
    counted = graph.node("TestCount", model=model)
    graph.dump(plain_sample(graph, counted, positive, negative, latent), "samples")
    return comfy.tensors(comfy.run(graph, timeout=300))["samples"]


def demo(graph, drag="150,178 -> 118,178\n60,90 -> 70,80"):
    node = graph.node("DragKitDemoModel", photograph="chelsea")
    return node, node.out(1), node.out(2), node.out(3), graph.node("DragKitDragPoints", points=drag, image=node.out(3))


def supervision(graph, model, positive, latent, start, end, sigmas="3, 1", **options):
    defaults = {
        "steps": 3, "learning_rate": 0.01, "radius": 1, "mask_weight": 0.1, "block": "last", "checkpointing": "off"
    }  # fmt: skip
    points = [graph.node("DragKitDragPoints", points=text) for text in (start, end)]
    return graph.node(
        "DragKitMotionSupervision", model=model, positive=positive, samples=latent,
        sigmas=graph.node("TestSigmas", values=sigmas), from_points=points[0], to_points=points[1], **defaults | options
    )  # fmt: skip
