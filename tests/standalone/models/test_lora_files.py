"""LoRA files: what is added to the weights, and which are refused."""

import pytest
import torch
from dragkit.standalone.models.lora_files import LoraError, add_lora
from safetensors.torch import save_file

from ...golden import lightningdrag_tiny as tiny
from ..inpainting import unet


def lora(names, rank=2):
    """A LoRA file's tensors in kohya's naming for layers {name: weight's shape}."""
    weights = {}
    for name, shape in names.items():
        name = f"lora_unet_{name.replace('.', '_')}"
        weights[f"{name}.lora_down.weight"] = torch.ones(rank, *shape[1:])
        weights[f"{name}.lora_up.weight"] = torch.ones(shape[0], rank, *[1] * (len(shape) - 2))
        weights[f"{name}.alpha"] = torch.tensor(1.0)
    return weights


LAYERS = {
    "down_blocks.0.resnets.0.conv1": (16, 16, 3, 3),
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0": (32, 32),
}


def test_a_lora_is_added_to_the_weights(tmp_path):
    save_file(lora(LAYERS) | {"lora_te_x.alpha": torch.tensor(1.0)}, tmp_path / "kohya.safetensors")
    both = {}
    for name, shape in LAYERS.items():
        both[f"unet.{name}.lora_A.weight"] = torch.ones(2, *shape[1:])
        both[f"unet.{name}.lora_B.weight"] = torch.ones(shape[0], 2, *[1] * (len(shape) - 2))
    save_file(both, tmp_path / "peft.safetensors")
    # alpha 1 of rank 2; no alpha is alpha 2
    for file, added in (("kohya", 1.0), ("peft", 2.0)):
        network, before = unet(), tiny.unet_weights()
        add_lora(network, tmp_path / f"{file}.safetensors")
        for name, value in network.state_dict().items():
            changed = name.removesuffix(".weight") in LAYERS
            torch.testing.assert_close(value, before[name] + added if changed else before[name])


def test_wrong_loras_are_named(tmp_path):
    for said, weights in (
        ("is no LoRA for a UNet: it has conv_in.weight", {"conv_in.weight": torch.zeros(1)}),
        ("is for another model: no_such_layer is no layer", lora({"no_such_layer": (3, 3)})),
        ("is for another model: conv_in has", lora({"conv_in": (16, 4, 3, 3)})),
    ):
        save_file(weights, tmp_path / "lora.safetensors")
        with pytest.raises(LoraError, match=f"lora.safetensors {said}"):
            add_lora(unet(), tmp_path / "lora.safetensors")
    (tmp_path / "lora.safetensors").write_text("hello")
    with pytest.raises(LoraError, match="is no safetensors file"):
        add_lora(unet(), tmp_path / "lora.safetensors")
