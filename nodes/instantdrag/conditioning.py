"""InstantDrag's second half: picture and motion as conditioning of FlowDiffusion."""

import torch
from comfy_api.latest import io
from node_helpers import conditioning_set_values

from ...kernels.instantdrag.conditioning import branches, flow_channels
from ...kernels.motion.flow import check_flow, place_flow
from ...kernels.points.latent_cells import whole_cells
from ..fitting import check_batch, picture_in_cells
from ..types import FlowType, schema

NODE = "InstantDrag Conditioning"


def _encoded(vae, image, flow):
    """The latent of the pictures, and their FLOW on its whole cells."""
    height, width = image.shape[1:3]
    cell = vae.spacial_compression_encode()
    fitted = picture_in_cells(image, cell, NODE)
    if fitted.shape[1:3] != (height, width):
        flow = whole_cells(place_flow(flow, height, width), cell, (2, 3))
    return vae.encode(fitted), flow


class InstantDragConditioning(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitInstantDragConditioning",
            display_name=NODE,
            description="Shows FlowDiffusion the picture and its motion, in the three branches of its guidance.",
            search_aliases=["InstantDrag", "FlowDiffusion", "flow conditioning"],
            inputs=[
                io.Conditioning.Input("conditioning", tooltip="The empty prompt, from the text encoder of SD1.5."),
                io.Vae.Input("vae", tooltip="The autoencoder of SD1.5."),
                io.Image.Input("image", tooltip="The picture to drag, or several."),
                FlowType.Input("flow", tooltip="How it moves: one motion for all pictures, or one each. Of any size."),
                io.Float.Input(
                    "flow_strength",
                    default=1.0,
                    min=0.0,
                    max=10.0,
                    step=0.05,
                    tooltip="Length of the motion: 1 as it is, 0.5 goes half the way.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(
                    "cond1", display_name="cond1", tooltip="Picture and motion. To cond1 of Dual CFG Guider."
                ),
                io.Conditioning.Output(
                    "cond2", display_name="cond2", tooltip="The picture alone. To cond2 of Dual CFG Guider."
                ),
                io.Conditioning.Output(
                    "negative", display_name="negative", tooltip="Neither. To negative of Dual CFG Guider."
                ),
                io.Latent.Output(
                    "latent", display_name="latent", tooltip="Empty, of the right size, for the sampler's latent_image."
                ),
            ],
        )

    @classmethod
    def execute(cls, conditioning, vae, image, flow, flow_strength):
        check_flow(flow, f"{NODE}: flow")
        if len(image) > 1:
            check_batch(flow, f"{NODE}: flow", len(image))
        if vae.latent_channels != 4:
            raise ValueError(
                f"{NODE}: vae has {vae.latent_channels} latent channels, FlowDiffusion 4; connect the one of SD1.5"
            )
        encoded, flow = _encoded(vae, image, flow)
        shown = branches(encoded, flow_channels(flow * flow_strength, *encoded.shape[-2:]))
        conds = (conditioning_set_values(conditioning, {"concat_latent_image": channels}) for channels in shown)
        return io.NodeOutput(*conds, {"samples": torch.zeros_like(shown[0][:, :4])})
