"""The tiny LightningDrag of the golden numbers: networks whose weights follow from the names of their tensors."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from dragkit.kernels.diffusion.sd15_unet import transformer_blocks, unet_shapes
from dragkit.kernels.lightningdrag.embedding import PointEmbedding
from dragkit.kernels.lightningdrag.files import LightningDragWeights, appearance_shapes
from dragkit.kernels.points.drag_points import DragPoints
from safetensors.torch import load_file

from .lightningdrag_rule import by_rule

GOLDEN = Path(__file__).parent
NUMBERS = load_file(GOLDEN / "lightningdrag_tiny.safetensors")
PROBE = json.loads((GOLDEN / "lightningdrag_tiny_probe.json").read_text())
WIDTHS, CONTEXT, CLIP, HEADS, GROUPS, EMBED_DIM = (16, 32, 32, 32), 24, 20, 4, 8, 4
SCALING = 0.18215


def unet_weights():
    """State dict of the inpainting UNet, diffusers names."""
    return by_rule(unet_shapes(WIDTHS, 9, CONTEXT), 1.0, "unet.")


def drag_weights():
    """LightningDragWeights beside that UNet."""
    with torch.device("meta"):
        embedding = {name: value.shape for name, value in PointEmbedding(EMBED_DIM).state_dict().items()}
    points, image_tokens = {}, {}
    for block in transformer_blocks():
        level = 3 if block.startswith("mid") else int(block.split(".")[1])
        level = 3 - level if block.startswith("up") else level
        width, channels = WIDTHS[level], 8 * EMBED_DIM << level
        norm = {"norm.weight": (channels,), "norm.bias": (channels,)}
        points[block] = by_rule(
            norm | {"proj.weight": (width, channels)}, 1.0, prefix := f"unet.{block}.attn1.processor."
        )
        keys = {"to_k_ip.weight": (width, CONTEXT), "to_v_ip.weight": (width, CONTEXT)}
        image_tokens[block] = by_rule(keys, 1.0, prefix.replace("attn1", "attn2"))
    projection = {"proj.weight": (4 * CONTEXT, CLIP), "proj.bias": (4 * CONTEXT,)}
    projection |= {"norm.weight": (CONTEXT,), "norm.bias": (CONTEXT,)}
    return LightningDragWeights(
        by_rule(embedding, 2.0, "pe."), points, image_tokens, by_rule(projection, 1.0, "image_proj."),
        by_rule(appearance_shapes(WIDTHS, CONTEXT), 1.0, "app."),
    )  # fmt: skip


def encode(image):
    """The stand-in for a VAE: latents of pictures [B, 3, H, W] in 0..1."""
    mean = F.avg_pool2d(image * 2 - 1, 8)
    return SCALING * torch.cat((3 * mean, 0.5 - 2 * mean.mean(1, keepdim=True)), 1)


def picture():
    """[1, 3, 64, 128] in 0..1."""
    return NUMBERS["ref_image"] / 2 + 0.5


def points():
    """The DragPoints, at the centres of their pixels."""
    ends = (NUMBERS[f"{name}_points_yx"].flip(1) + 0.5 for name in ("handle", "target"))
    return DragPoints.from_pixels(*ends, 128, 64)


def mask():
    """[1, 64, 128], 1 = may change."""
    return NUMBERS["mask_image"][None].float()
