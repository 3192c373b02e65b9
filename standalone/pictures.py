"""Pictures of files as tensors, and back."""

import numpy as np
import torch
from PIL import Image


def to_tensor(image):
    """PIL image -> [3, H, W] float32 in 0..1."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 255


def to_pil(image):
    """[3, H, W] in 0..1 -> PIL image."""
    return Image.fromarray((image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy())
