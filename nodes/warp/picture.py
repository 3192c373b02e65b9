"""The picture itself warped by a drag, and the masks that let any inpainting model repair what opened up."""

import torch
from comfy_api.latest import io

from ...kernels.motion.displacements import DISPLACEMENTS, border_of, displace, follows_turns
from ...kernels.points.find_region import find_region
from ...kernels.warp.alpha import warp_picture
from ...kernels.warp.picture import SAMPLINGS, inpaint_mask
from ...kernels.warp.sheet import FRONTS
from ..fitting import fit_flow, mask_of_picture, mention_turns
from ..held_regions import PLATES
from ..inputs import BORDER_INPUT, DRAG_POINTS_INPUT, FLOW_INPUT
from ..types import FlowType, schema

NODE = "Drag Warp"
# pixels; a flow that moves less leaves what it moves where it is
STILL = 0.5


class DragWarp(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitDragWarp",
            display_name=NODE,
            description="Warps the picture by the drag and masks what opened up, for any inpainting model to repair.",
            search_aliases=["Inpaint4Drag", "warp image", "liquify", "inpaint", "drag", "ARAP", "moving least squares"],
            inputs=[
                io.Image.Input(
                    "image", tooltip="The picture to warp; an alpha channel is kept and moves with what it belongs to."
                ),
                DRAG_POINTS_INPUT,
                io.Combo.Input(
                    "displacement",
                    options=list(DISPLACEMENTS),
                    default="similarity",
                    tooltip="How what lies between the handles follows. rigid: turns and shifts without stretching. "
                    "similarity: may grow, too. affine: may shear, too. arap: as rigid as possible on a grid. nearest: "
                    "everything follows its nearest handle. nearest-4: average of the four nearest, as published "
                    "(Inpaint4Drag). stretch: a rubber sheet held at a circle around all regions together (FastDrag).",
                ),
                io.Combo.Input(
                    "sampling",
                    options=list(SAMPLINGS),
                    tooltip="How colours between pixels are found: bicubic keeps more detail, bilinear never rings.",
                ),
                io.Combo.Input(
                    "front",
                    options=list(FRONTS),
                    tooltip="What is seen where moved content overlaps: what moved farthest (longest), least "
                    "(shortest), or the region in reading order that comes first or last.",
                ),
                io.Int.Input(
                    "seam", default=6, min=0, max=256, tooltip="Pixels along a free border of what moved to repaint."
                ),
                io.Int.Input("grow", default=2, min=0, max=256, tooltip="Pixels by which what opened up is enlarged."),
                io.Int.Input(
                    "feather", default=4, min=0, max=64, tooltip="Pixels over which the inpaint mask fades outward."
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="The regions (1): where the picture may change, or what moves, as border says. Each part "
                    "follows the points in it (stretch takes all of them for one). None, or one that is empty or "
                    "covers everything: a disc around each handle, or where the flow moves something.",
                ),
                FLOW_INPUT,
                BORDER_INPUT,
            ],
            outputs=[
                io.Image.Output("warped", display_name="warped", tooltip="The warped picture."),
                io.Mask.Output(
                    "inpaint_mask", display_name="inpaint_mask", tooltip="What to repaint: what opened up and the seam."
                ),
                io.Mask.Output("moved", display_name="moved", tooltip="1 where moved content lies now."),
                # ids of inputs and outputs differ
                FlowType.Output("applied", display_name="flow", tooltip="The motion that was applied, in pixels."),
            ],
        )

    # a border that is left out is what it was before there was a choice
    @classmethod
    def execute(
        cls, image, drag_points, displacement, sampling, front, seam, grow, feather, mask=None, flow=None, border="free"
    ):
        height, width = image.shape[1:3]
        mask = mask_of_picture(mask, image, NODE)
        mention_turns(drag_points, NODE, follows_turns(displacement, flow))
        # a flow moves as it does, whatever lies at the border of the region
        border = border_of(displacement, border) if flow is None else "free"
        # all of it is Drag Points' region where nothing is painted
        region = None if mask is None or (mask >= 0.5).all() else mask >= 0.5
        if flow is None:
            handles, targets = drag_points.to_grid(width, height)
            if region is None:
                region = find_region(handles, targets, height, width, border)[None]
            flow = torch.cat(
                [
                    displace(handles, targets, one, displacement, border=border, plate=PLATES, turns=drag_points.turns)
                    for one in region
                ]
            )
        else:
            flow = fit_flow(flow, height, width, NODE, len(image))
            if region is None:
                region = torch.hypot(*flow.unbind(1)) >= STILL
            flow = flow * region[:, None].to(flow)
        warped, opened, moved = warp_picture(
            image.movedim(-1, 1), flow.to(image.device), region.to(image.device), sampling, front, border == "free"
        )
        # where a border is held nothing breaks off
        repaint = inpaint_mask(opened, moved, 0 if border == "held" else seam, grow, feather)
        return io.NodeOutput(warped.movedim(1, -1), repaint, moved.float(), flow)
