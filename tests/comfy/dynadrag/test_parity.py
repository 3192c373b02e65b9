"""The two doors on the same weights: ComfyUI's patcher and diffusers' UNet give the same drag."""

import torch
from dragkit.kernels.dynadrag.predict_and_move import Settings, Tracker
from dragkit.kernels.points.drag_points import parse_points
from dragkit.standalone.methods.dynadrag import dynadrag as dynadrag_standalone
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.models.predictors import load_motion_predictor
from dragkit.standalone.scenes.photographs import photograph

from ..graphs import own_predictor
from .graphs import demo, dump_run, dynadrag


def test_comfyui_and_diffusers_give_the_same_drag(comfy):
    """On one machine they agree to rounding; the smallest part of what moved is allowed."""
    path = own_predictor(comfy)
    options = {"steps": 4, "strength": 0.75, "preview_steps": 2, "rounds": 2}
    graph = comfy.graph()
    model, vae, positive, image, points = demo(graph)
    mask = graph.node("TestImage", width=256, height=256, batch=1, seed=0).out(1)
    loaded = graph.node("DragKitLoadMotionPredictor", predictor=path.name)
    predicted = dynadrag(
        graph, model, positive, image, points, vae, mask=mask, motion_predictor=loaded, block="last", **options
    )
    tracked = dynadrag(graph, model, positive, image, points, vae, block="second", selection="none", **options)
    none = dynadrag(graph, model, positive, image, points, vae, **options | {"rounds": 0})
    for name, run in {"predicted": predicted, "tracked": tracked, "none": none}.items():
        dump_run(graph, run, name)
    graph.dump(mask, "mask")
    found = comfy.tensors(comfy.run(graph, timeout=600))

    picture, points = photograph("chelsea")[None], parse_points("150,178 -> 118,178\n60,90 -> 70,80", (256, 256))
    common = {"steps": 4, "strength": 0.75, "preview_steps": 2}
    runs = {
        "none": {"guide": Tracker(), "settings": Settings(rounds=0)},
        "tracked": {"guide": Tracker(), "settings": Settings(rounds=2, steps=2, selection="none"), "block": 2},
        "predicted": {
            "predictor": load_motion_predictor(path), "settings": Settings(rounds=2, steps=2), "mask": found["mask"]
        },
    }  # fmt: skip
    for name, run in runs.items():
        after, rounds, finite = dynadrag_standalone(load_demo(), picture, points, **common | run)
        assert finite
        after = after.movedim(1, -1)
        error = (found[f"{name}_picture"] - after).abs().mean()
        moved = (found[f"{name}_picture"] - found["none_picture"]).abs().mean()
        if name == "none":
            assert error < 1e-4
            continue
        assert error < 0.02 * moved
        handles = rounds[-1].handles / 256
        torch.testing.assert_close(found[f"{name}_points.handles"], handles, rtol=0, atol=1e-3)
