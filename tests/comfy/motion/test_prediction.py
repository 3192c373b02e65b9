"""Files of motion predictors in ComfyUI's folder."""

import torch
from safetensors.torch import save_file

from ..graphs import error, own_predictor


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
