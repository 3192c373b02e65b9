"""LightningDrag on stock inpainting checkpoints and samplers: points, reference and image tokens as patches."""

import torch
import torch.nn.functional as F
from comfy_api.latest import io
from node_helpers import conditioning_set_values

from ...kernels.lightningdrag.embedding import STRIDE
from ...kernels.lightningdrag.guidance import DECAYS
from ...kernels.points.latent_cells import margin, whole_cells
from ..fitting import mask_of_picture, mention_turns, picture_in_cells
from ..inputs import POSITIVE_INPUT
from ..types import DragPointsType, LightningDragType, schema
from .attention import SEES, PointAttention, with_point_attention
from .attention_inputs import NODE, blocks_for, image_tokens_of, points_of, reference_of


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
        blocks = blocks_for(model, lightning_drag)
        mention_turns(drag_points, NODE)
        keys = {name: key for name, (key, _) in blocks.items()}
        height, width = image.shape[1:3]
        mask = mask_of_picture(mask, image, NODE)
        if mask is None:
            mask = torch.ones(1, height, width)
        margins = torch.tensor([margin(side, STRIDE) for side in (width, height)])
        handles, targets = (ends - margins for ends in drag_points.to_pixels(width, height))
        image = picture_in_cells(image, STRIDE, NODE)
        rows, columns = image.shape[1:3]
        may_change = (whole_cells(mask, STRIDE) >= 0.5).float()

        points = points_of(lightning_drag, handles, targets, rows, columns)
        image_tokens = image_tokens_of(lightning_drag, clip_vision_output)
        latent = vae.encode(image)
        # grey, the middle of the model's range, where it is to paint
        masked = vae.encode((image - 0.5) * (1 - may_change[..., None]) + 0.5)
        cells = F.interpolate(may_change[:, None], latent.shape[-2:], mode="nearest")
        heads = model.model.model_config.unet_config["num_heads"]
        reference = reference_of(lightning_drag.appearance(heads), negative, latent)

        state = PointAttention(
            {key: block for key, block in blocks.values()},
            reference,
            {keys[name]: pair for name, pair in points.items()},
            {keys[name]: pair for name, pair in image_tokens.items()},
            decay,
            guided_steps or None,
        )
        seen = {"concat_latent_image": masked, "concat_mask": cells}
        conds = (conditioning_set_values(positive, {**seen, SEES: sees}) for sees in (True, False))
        samples = {"samples": latent} | ({"noise_mask": cells} if keep_outside else {})
        return io.NodeOutput(with_point_attention(model, state), *conds, samples)
