"""LightningDrag from disk: the file of `dragkit convert-lightningdrag` beside a DragModel."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from ...kernels.diffusion.state_dicts import misfit_shapes
from ...kernels.diffusion.weight_deltas import packed_shapes, unpack_deltas
from ...kernels.lightningdrag import embedding as point_embedding
from ...kernels.lightningdrag import image_tokens
from ...kernels.lightningdrag.files import LightningDragError, check_model, unpack
from ...weights import LIGHTNINGDRAG
from ...weights.tensor_files import read_safetensors
from ..pictures import to_pil
from .drag_model import load_demo
from .unet import Denoiser, self_attention
from .widened import widened

# noisy latent, mask, picture without what the mask covers
CHANNELS = 4 + 1 + 4


@dataclass(frozen=True)
class LightningDrag:
    """The networks beside the inpainting UNet, on its device: the PointEmbedding, the points' weights {block: state
    dict}, those of the image tokens with their ImageProjection (empty and None without), and the appearance encoder as
    a Denoiser with the context of the empty prompt."""

    embedding: point_embedding.PointEmbedding
    points: dict
    image_tokens: dict
    image_projection: nn.Module | None
    appearance: Denoiser


def appearance_encoder(unet, weights):
    """A network like unet, of 4 channels, with the weights of an appearance encoder; behind its last self-attention,
    where it ends, it gives zeros."""
    # nothing is filled with random numbers that are not needed
    with torch.device("meta"):
        network = UNet2DConditionModel.from_config({**unet.config, "in_channels": 4})
    tensors = {
        key: (weights[key] if key in weights else torch.zeros(value.shape)).to(unet.device, unet.dtype)
        for key, value in network.state_dict().items()
    }
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)


def network_of(weights, model, name):
    """The LightningDrag of LightningDragWeights for a DragModel; LightningDragError if they are for another one.
    Weights without an appearance encoder have none here either."""
    unet = model.denoiser.unet
    if unet.config.in_channels != CHANNELS:
        raise LightningDragError(
            f"the model has {unet.config.in_channels} input channels; LightningDrag needs an SD1.5 inpainting model, "
            f"which has {CHANNELS}"
        )
    widths = {
        block.removesuffix(".attn1"): module.to_q.out_features for block, module in self_attention(unet, "all").items()
    }
    check_model(weights, widths, name, unet.config.cross_attention_dim)

    def blocks(part):
        return {
            block: {key: value.to(unet.device, torch.float32) for key, value in tensors.items()}
            for block, tensors in part.items()
        }

    projection = image_tokens.build(weights.image_proj, name).to(unet.device) if weights.image_proj else None
    return LightningDrag(
        point_embedding.build(weights.point_embedding, name).to(unet.device), blocks(weights.points),
        blocks(weights.image_tokens), projection,
        Denoiser(appearance_encoder(unet, weights.appearance), model.unprompted) if weights.appearance else None,
    )  # fmt: skip


def _read(path):
    return unpack(*read_safetensors(path, path, LightningDragError), Path(path).name)


def load_lightningdrag(path, model):
    """The LightningDrag of a file for a DragModel; LightningDragError for any other file or model."""
    weights = _read(path)
    if not weights.appearance:
        raise LightningDragError(f"{path} has no appearance encoder; it can be used with the demo model alone")
    return network_of(weights, model, Path(path).name)


def load_demo_lightningdrag(path=LIGHTNINGDRAG):
    """The demo model for inpainting and its LightningDrag, of a file of `dragkit train-lightningdrag`;
    LightningDragError for any other file."""
    demo, weights = load_demo(), _read(path)
    unet = widened(demo.denoiser.unet, CHANNELS)
    if misfit_shapes(weights.unet, packed_shapes(unet.state_dict())):
        raise LightningDragError(f"{path} is not for the demo model; name an SD1.5 inpainting model beside it")
    unet.load_state_dict(unpack_deltas(weights.unet, demo.denoiser.unet.state_dict()))
    model = replace(demo, denoiser=Denoiser(unet.eval().requires_grad_(False), demo.denoiser.context))
    return model, replace(network_of(weights, model, Path(path).name), appearance=demo.denoiser)


def _image_encoder(folder):
    from transformers import CLIPVisionModelWithProjection

    try:
        return CLIPVisionModelWithProjection.from_pretrained(folder, local_files_only=True).eval()
    except (OSError, ValueError) as error:
        raise LightningDragError(
            f"{folder} is no folder of a CLIP image encoder: {str(error).strip().partition(chr(10))[0]}"
        ) from error


@torch.no_grad()
def embed_image(folder, image, drag, load=None):
    """CLIP embedding [1, D] of image [1, 3, H, W] (0..1) by the image encoder in a diffusers folder; load is a Loads,
    if there is one."""
    # without torchvision the import alone prints a warning
    from transformers import CLIPImageProcessor

    if drag.image_projection is None:
        raise LightningDragError("the LightningDrag file has no image tokens; leave --image-encoder out")
    encoder = load(_image_encoder, folder) if load else _image_encoder(folder)
    expected = drag.image_projection.proj.in_features
    if (values := encoder.config.projection_dim) != expected:
        raise LightningDragError(
            f"{folder} gives embeddings of {values} values; the LightningDrag file is for those of {expected}"
        )
    side = encoder.config.image_size
    processor = CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    pixels = processor(to_pil(image[0]), return_tensors="pt").pixel_values
    return encoder(pixels).image_embeds.to(drag.image_projection.proj.weight.device)
