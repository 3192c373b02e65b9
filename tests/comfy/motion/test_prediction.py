"""Motion predictors in ComfyUI: their files, and the region that a step keeps to."""

import torch
from safetensors.torch import save_file

from ..graphs import drag_points, error, own_predictor, tensor


def test_predictors_are_listed_and_others_refused(comfy):
    path = own_predictor(comfy)
    (path.parent / "notes.txt").write_text("no predictor")
    (path.parent / "broken.safetensors").write_bytes(b"no safetensors")
    save_file({"weight": torch.zeros(2)}, path.parent / "lora.safetensors")
    spec = comfy.object_info()["DragKitLoadMotionPredictor"]["input"]["required"]["predictor"]
    options = spec[0] if isinstance(spec[0], list) else spec[1]["options"]
    assert options == ["dragkit-motion (bundled)", "broken.safetensors", "lora.safetensors", "own.safetensors"]

    def said(name):
        return error(comfy, lambda g, *_: g.node("DragKitLoadMotionPredictor", predictor=name))

    assert said("broken.safetensors").startswith("Load Motion Predictor: broken.safetensors is no safetensors file")
    assert said("lora.safetensors").startswith("Load Motion Predictor: lora.safetensors is no motion predictor")


def test_a_step_is_held_at_the_border_of_its_mask(comfy):
    image, mask = torch.rand(1, 60, 96, 3), torch.zeros(1, 60, 96)
    mask[:, 10:50, 24:80] = 1
    graph = comfy.graph()
    loaded = graph.node("DragKitLoadMotionPredictor", predictor="dragkit-motion (bundled)")
    source, points = tensor(comfy, graph, image), drag_points(graph)
    masks = {"free": None, "held": mask, "faint": mask / 255}
    for name, one in masks.items():
        link = {} if one is None else {"mask": tensor(comfy, graph, one).out(1)}
        step = graph.node(
            "DragKitMotionPrediction", motion_predictor=loaded, image=source, drag_points=points, rounds_left=25, **link
        )
        graph.dump(step, name)
        graph.dump(step.out(1), f"{name}_points")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert torch.equal(found["faint"], found["free"]) and found["free"].abs().amin((0, 1)).min() > 0
    assert found["held"].shape == (1, 2, 60, 96) and not found["held"][..., mask[0] == 0].any()
    # the handles go as far as without
    size = torch.tensor([96, 60])
    free, held = (found[f"{name}_points.handles"] * size for name in ("free", "held"))
    torch.testing.assert_close(held, free, atol=1.0, rtol=0)
    assert (held - torch.tensor([[0.4, 0.5], [0.3, 0.3]]) * size).norm(dim=1).min() > 1
