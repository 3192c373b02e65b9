"""The bundled free photographs (licences in demo/README.md)."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

FOLDER = Path(__file__).parent.parent / "demo" / "photographs"
TRAINED = ("astronaut", "chelsea", "coffee", "rocket")
HELD_OUT = ("camera", "retina")


def to_tensor(image):
    """PIL image -> [3, H, W] float32 in 0..1."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 255


def to_pil(image):
    """[3, H, W] in 0..1 -> PIL image."""
    return Image.fromarray((image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy())


def photograph(name, size=256):
    """One bundled photograph as [3, size, size] in 0..1."""
    image = Image.open(FOLDER / f"{name}.jpg")
    return to_tensor(image.resize((size, size), Image.Resampling.LANCZOS))
