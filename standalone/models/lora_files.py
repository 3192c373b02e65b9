"""LoRA files added to a UNet's weights: kohya's naming, as of the LCM LoRA, and diffusers'."""

import torch

from ...kernels.diffusion.lora import merged
from ...weights.tensor_files import read_safetensors

# what the two namings put in front and behind a layer's name
PREFIXES = ("lora_unet_", "unet.")
PARTS = {
    ".lora_down.weight": "down", ".lora_up.weight": "up", ".lora_A.weight": "down", ".lora_B.weight": "up",
    ".alpha": "alpha",
}  # fmt: skip


class LoraError(ValueError):
    """A file that is no LoRA for the model; the message names it."""


@torch.no_grad()
def add_lora(unet, path):
    """Adds a LoRA file to the weights of a diffusers UNet; what it has for text encoders is left out."""
    weights, _ = read_safetensors(path, path, LoraError)
    layers = {}
    for key, value in weights.items():
        prefix = next((one for one in PREFIXES if key.startswith(one)), None)
        suffix = next((one for one in PARTS if key.endswith(one)), None)
        if prefix and suffix:
            name = key.removeprefix(prefix).removesuffix(suffix).replace(".", "_")
            layers.setdefault(name, {})[PARTS[suffix]] = value
    if not layers:
        raise LoraError(f"{path} is no LoRA for a UNet: it has {min(weights, default='no tensors')}")
    modules = {name.replace(".", "_"): module for name, module in unet.named_modules()}
    for name, parts in layers.items():
        weight = getattr(modules.get(name), "weight", None)
        if weight is None or not {"up", "down"} <= set(parts):
            raise LoraError(f"{path} is for another model: {name} is no layer of this one")
        up, down = (parts[part].to(weight.device) for part in ("up", "down"))
        if (up.shape[0], down[0].numel()) != (weight.shape[0], weight[0].numel()):
            raise LoraError(f"{path} is for another model: {name} has {list(weight.shape)} weights in this one")
        weight.copy_(merged(weight, up, down, float(parts["alpha"]) if "alpha" in parts else None))
