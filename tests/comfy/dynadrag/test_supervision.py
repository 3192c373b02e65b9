"""Motion Supervision, Select Points and Motion Prediction, with which a round is made by hand."""

import torch

from ..graphs import DRAG, error, relative
from .graphs import picture, predictor, supervision, tiny


def selection(graph, model, positive, latent, points, threshold, block="last"):
    return graph.node(
        "DragKitSelectPoints", model=model, positive=positive, samples=latent, block=block,
        sigmas=graph.node("TestSigmas", values="3, 1"), threshold=threshold,
        drag_points=graph.node("DragKitDragPoints", points=points),
    )  # fmt: skip


def test_the_pieces_make_a_round_by_hand(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    image = picture(graph)
    points = graph.node("DragKitDragPoints", points=DRAG, image=image)
    loaded = predictor(comfy, graph)
    step = graph.node(
        "DragKitMotionPrediction", motion_predictor=loaded, image=image, drag_points=points, rounds_left=5
    )
    last = graph.node(
        "DragKitMotionPrediction", motion_predictor=loaded, image=image, drag_points=points, rounds_left=1
    )
    none = graph.node(
        "DragKitMotionPrediction", motion_predictor=loaded, image=image, rounds_left=5,
        drag_points=graph.node("DragKitDragPoints", points="", image=image),
    )  # fmt: skip
    moved = graph.node(
        "DragKitMotionSupervision", model=model, positive=positive, samples=latent, from_points=points,
        to_points=step.out(1), sigmas=graph.node("TestSigmas", values="3, 1"), steps=3, learning_rate=0.01, radius=1,
        mask_weight=0.1, block="last", checkpointing="auto",
    )  # fmt: skip
    outputs = {
        "latent": latent, "flow": step, "next": step.out(1), "last": last.out(1), "none": none.out(1),
        "none_flow": none, "moved": moved,
        "all": selection(graph, model, positive, latent, DRAG, 1.0),
        "least": selection(graph, model, positive, latent, DRAG, -1.0),
        "still": supervision(graph, model, positive, latent, DRAG, DRAG),
        "pointless": supervision(graph, model, positive, latent, "", ""),
    }  # fmt: skip
    for name, link in outputs.items():
        graph.dump(link, name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert found["flow"].shape == (1, 2, 96, 128) and found["none_flow"].abs().max() == 0
    handles, targets = torch.tensor([[0.4, 0.5], [0.3, 0.3]]), torch.tensor([[0.6, 0.5], [0.3, 0.45]])
    size = torch.tensor([128, 96])
    left, left_next = (((targets - start) * size).norm(dim=1) for start in (handles, found["next.handles"].float()))
    assert (left_next < left - 0.5).all() and (left_next > 0.5).all()
    assert torch.equal(found["next.targets"].float(), targets) and torch.equal(found["last.handles"].float(), targets)
    assert found["none.handles"].shape == (0, 2)
    assert found["all.handles"].shape == (2, 2) and found["least.handles"].shape == (1, 2)
    assert relative(found["moved"], found["latent"]) > 1e-3
    assert relative(found["still"], found["latent"]) < 1e-6
    assert torch.equal(found["pointless"], found["latent"])


def test_supervision_holds_the_rest_to_the_original(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    mask = graph.node("TestImage", width=128, height=96, batch=1, seed=0).out(1)
    start, end = "0.4,0.5 -> 0.6,0.5", "0.5,0.5 -> 0.6,0.5"
    many = {"steps": 20, "learning_rate": 0.02, "mask": mask, "mask_weight": 100.0}
    elsewhere = supervision(graph, model, positive, latent, start, end, steps=20, learning_rate=0.02)
    back = supervision(graph, model, positive, elsewhere, start, end, original=latent, **many)
    stay = supervision(graph, model, positive, elsewhere, start, end, **many)
    for name, link in {"latent": latent, "elsewhere": elsewhere, "back": back, "stay": stay}.items():
        graph.dump(link, name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    outside = torch.ones(12, 16, dtype=torch.bool)
    outside[3:-3, 4:-4] = False

    def apart(a, b):
        return float((found[a] - found[b])[..., outside].norm())

    assert apart("back", "latent") < 0.95 * apart("stay", "latent")
    assert apart("stay", "elsewhere") < 0.95 * apart("back", "elsewhere")


def test_the_pieces_say_what_is_wrong(comfy):
    one, two = "0.4,0.5 -> 0.6,0.5", DRAG

    def said(*points, **options):
        return error(
            comfy, lambda g, model, positive, n, latent: supervision(g, model, positive, latent, *points, **options)
        )

    assert "from_points has 2 pairs and to_points 1; each needs its next" in said(two, one)
    assert "Motion Supervision: sigmas must go down" in said(one, one, sigmas="0, 1")
    assert "Motion Supervision: sigmas must go down" in said(one, one, sigmas="1")

    def batch(graph, model, positive, negative, latent):
        both = graph.node("RepeatLatentBatch", samples=latent, amount=2)
        return supervision(graph, model, positive, both, one, one)

    assert "samples has shape [2, 4, 12, 16]; connect the latent of one picture" in error(comfy, batch)

    graph = comfy.graph()
    model, positive, _, latent = tiny(graph, "sdxl")
    for block in ("third", "last"):
        graph.dump(supervision(graph, model, positive, latent, one, two.splitlines()[1], block=block), block)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert torch.equal(found["third"], found["last"])  # SDXL's decoder has three blocks
