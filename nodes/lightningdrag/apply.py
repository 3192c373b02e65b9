"""LightningDrag on stock inpainting checkpoints and samplers: points, reference and image tokens as patches."""

import logging

import comfy.model_management
import comfy.samplers
import torch
import torch.nn.functional as F
from comfy_api.latest import io

from ...kernels.lightningdrag.attention import project_points
from ...kernels.lightningdrag.embedding import STRIDE, hidden_points, point_maps
from ...kernels.lightningdrag.files import check_model
from ...kernels.lightningdrag.guidance import DECAYS
from ...kernels.lightningdrag.image_tokens import image_keys
from ..attention import ComfyKVCache, Recorder, patched_first
from ..fitting import mask_of_picture
from ..inputs import POSITIVE_INPUT
from ..sampling import run_sampler
from ..sd15 import named_blocks
from ..types import DragPointsType, LightningDragType, schema
from ..whole_cells import picture_in_cells, whole_cells
from .attention import SEES, PointAttention, with_point_attention

NODE = "Apply LightningDrag"
CHANNELS = 9


def _blocks(model, lightning_drag):
    """{diffusers name: (key, transformer block)} of an SD1.5 inpainting model that the weights are for."""
    channels = model.model.model_config.unet_config.get("in_channels")
    blocks = named_blocks(model.model.diffusion_model)
    if blocks is None or channels != CHANNELS:
        found = f"a UNet with {channels} input channels" if blocks is not None else "no model of SD1.5's kind"
        raise ValueError(f"{NODE}: model is {found}; connect an SD1.5 inpainting checkpoint, which has {CHANNELS}")
    widths = {name: block.attn1.to_q.weight.shape[0] for name, (_, block) in blocks.items()}
    context = model.model.model_config.unet_config.get("context_dim")
    check_model(lightning_drag.weights, widths, f"{NODE}: lightning_drag", context)
    return blocks


def _points(lightning_drag, handles, targets, height, width):
    """{block: (p(target), p(handle))}; {} without points."""
    if not len(handles):
        logging.info("%s: no drag points, the masked region is painted anew from the picture alone", NODE)
        return {}
    maps = point_maps(handles, targets, height, width)
    if hidden := hidden_points(maps, len(handles)):
        numbers = ", ".join(map(str, hidden))
        logging.warning("%s: points %s lie on the pixel of a later point, which wins", NODE, numbers)
    patcher = lightning_drag.point_embedding
    comfy.model_management.load_models_gpu([patcher])
    levels = patcher.model(maps.to(patcher.load_device))
    home = comfy.model_management.intermediate_device()
    levels = [tuple(one.to(home) for one in level) for level in levels]
    return project_points(
        levels,
        {
            name: {key: one.float() for key, one in block.items()}
            for name, block in lightning_drag.weights.points.items()
        },
    )


def _look(model, x, sigmas, extra_args=None, callback=None, disable=None):
    """A sampler that evaluates once, at the least noise, and keeps the latent."""
    level = float(sigmas[-1])
    model(x * (1 + level**2) ** 0.5, sigmas[-1] * x.new_ones(len(x)), **(extra_args or {}))
    return x


def _reference(appearance, negative, latent):
    """KVCache of what enters self-attention when the appearance encoder sees LATENT samples at timestep 0."""
    if len(negative) != 1:
        raise ValueError(f"{NODE}: negative combines {len(negative)} conditionings; connect exactly one")
    level = appearance.get_model_object("model_sampling").sigma_min
    sigmas = torch.tensor([0.0, float(level)])
    cache = ComfyKVCache(appearance, sigmas, "auto", "all")
    # what else a conditioning holds, such as a ControlNet, is for the model
    text = [[negative[0][0], {}]]
    patched = patched_first(appearance, Recorder(cache, NODE))
    run_sampler(patched, text, latent, comfy.samplers.KSAMPLER(_look), sigmas)
    return cache


def _image_keys(lightning_drag, clip_vision_output):
    """{block: (k, v)} of the image tokens; {} without a CLIP vision output."""
    if clip_vision_output is None:
        return {}
    if lightning_drag.image_projection is None:
        raise ValueError(f"{NODE}: these weights have no image tokens; disconnect clip_vision_output")
    embedding = clip_vision_output["image_embeds"].float().cpu()
    expected = lightning_drag.image_projection.proj.in_features
    if embedding.shape[-1] != expected:
        raise ValueError(
            f"{NODE}: clip_vision_output has {embedding.shape[-1]} values for a picture, the weights expect "
            f"{expected}; load the image encoder of IP-Adapter sd15 (ViT-H)"
        )
    tokens = lightning_drag.image_projection(embedding)
    return {
        name: image_keys(tokens, {key: one.float() for key, one in block.items()})
        for name, block in lightning_drag.weights.image_tokens.items()
    }


class ApplyLightningDrag(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitApplyLightningDrag",
            display_name=NODE,
            description="Lets an SD1.5 inpainting model move what is dragged, in one run of any sampler.",
            search_aliases=["LightningDrag", "drag inpainting", "point guidance"],
            inputs=[
                io.Model.Input("model", tooltip="An SD1.5 inpainting checkpoint; LCM LoRA and others applied before."),
                LightningDragType.Input("lightning_drag", tooltip="From Load LightningDrag."),
                io.Vae.Input("vae", tooltip="The autoencoder of the checkpoint."),
                io.Image.Input("image", tooltip="The picture to drag; several are dragged alike."),
                io.Mask.Input("mask", tooltip="Where the picture may change (1 = may change). Empty: everywhere."),
                DragPointsType.Input(
                    "drag_points",
                    tooltip="What goes where, 256 pairs at most; of points on one pixel the last one counts. None: the "
                    "masked region is painted anew.",
                ),
                POSITIVE_INPUT,
                io.Conditioning.Input("negative", tooltip="Seen by the appearance encoder alone, as published."),
                io.Combo.Input(
                    "decay",
                    options=list(DECAYS),
                    tooltip="How the sampler's cfg, which counts for the points here, falls to 1 over the steps. "
                    "quadratic is really cubic, as published.",
                ),
                io.Int.Input(
                    "guided_steps",
                    default=0,
                    min=0,
                    max=1000,
                    tooltip="After so many steps cfg is 1, and a step costs half. 0: all steps are guided.",
                ),
                io.Boolean.Input(
                    "keep_outside",
                    default=True,
                    tooltip="Outside the mask the latent stays exactly. Off, as published: the model paints there too.",
                ),
                io.ClipVisionOutput.Input(
                    "clip_vision_output",
                    optional=True,
                    tooltip="The picture as the image encoder of IP-Adapter sd15 sees it: keeps its look better.",
                ),
            ],
            outputs=[
                # ids of inputs and outputs must differ on 0.3.64
                io.Model.Output("patched", display_name="model", tooltip="For any sampler, with the other outputs."),
                io.Conditioning.Output("with_points", display_name="positive", tooltip="Sees the points."),
                io.Conditioning.Output(
                    "without_points", display_name="negative", tooltip="Does not. cfg: 3 for 8 LCM steps, else 4."
                ),
                io.Latent.Output(
                    "latent", display_name="latent", tooltip="The picture, for denoise 1. Repeat it for candidates."
                ),
            ],
        )  # fmt: skip

    @classmethod
    def execute(
        cls, model, lightning_drag, vae, image, mask, drag_points, positive, negative, decay, guided_steps,
        keep_outside, clip_vision_output=None,
    ):  # fmt: skip
        blocks = _blocks(model, lightning_drag)
        keys = {name: key for name, (key, _) in blocks.items()}
        height, width = image.shape[1:3]
        mask = mask_of_picture(mask, image, NODE)
        if mask is None:
            mask = torch.ones(1, height, width)
        handles, targets = drag_points.to_pixels(width, height)
        image = picture_in_cells(image, STRIDE, NODE)
        rows, columns = image.shape[1:3]
        may_change = (whole_cells(mask, STRIDE) >= 0.5).float()

        points = _points(lightning_drag, handles, targets, rows, columns)
        image_tokens = _image_keys(lightning_drag, clip_vision_output)
        latent = vae.encode(image)
        # grey, the middle of the model's range, where it is to paint
        masked = vae.encode((image - 0.5) * (1 - may_change[..., None]) + 0.5)
        cells = F.interpolate(may_change[:, None], latent.shape[-2:], mode="nearest")
        heads = model.model.model_config.unet_config["num_heads"]
        reference = _reference(lightning_drag.appearance(heads), negative, latent)

        state = PointAttention(
            {key: block for key, block in blocks.values()},
            reference,
            {keys[name]: pair for name, pair in points.items()},
            {keys[name]: pair for name, pair in image_tokens.items()},
            decay,
            guided_steps or None,
        )
        seen = {"concat_latent_image": masked, "concat_mask": cells}
        conds = ([[text, {**options, **seen, SEES: sees}] for text, options in positive] for sees in (True, False))
        samples = {"samples": latent} | ({"noise_mask": cells} if keep_outside else {})
        return io.NodeOutput(with_point_attention(model, state), *conds, samples)
