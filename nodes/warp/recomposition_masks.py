"""What of a warped picture an edit model keeps, refines and paints anew, as masks."""

import logging

from comfy_api.latest import io

from ...kernels.points.masks import check_finite
from ...kernels.warp.recomposition import opened_by, regions, soft_mask
from ..fitting import fit_flow
from ..types import FlowType, schema

NODE = "Recomposition Masks"


class RecompositionMasks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitRecompositionMasks",
            display_name=NODE,
            description="Says what of a warped picture is kept, refined and painted anew, for an edit model to repair.",
            search_aliases=["MoRe-Drag", "staged repair", "edit model", "soft mask", "denoise mask", "drag"],
            inputs=[
                io.Mask.Input("moved", tooltip="moved of Drag Warp: where moved content lies now."),
                FlowType.Input("flow", tooltip="flow of Drag Warp: what it moved, and so what it left open."),
                io.Int.Input(
                    "band", default=5, min=0, max=256, tooltip="Pixels around what moved that are refined with it."
                ),
                io.Int.Input("grow", default=5, min=0, max=256, tooltip="Pixels by which what opened up is enlarged."),
                io.Float.Input(
                    "blend",
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Value of the mask where the picture is refined: the model's part of it. 0 keeps what was "
                    "warped, 1 paints it anew.",
                ),
            ],
            outputs=[
                io.Mask.Output(
                    "mask",
                    display_name="mask",
                    tooltip="0 keep, blend refine, 1 paint: for Drag Recomposition or Set Latent Noise Mask.",
                ),
                io.Mask.Output("keep", display_name="keep", tooltip="1 where the warped picture stays as it is."),
                io.Mask.Output("refine", display_name="refine", tooltip="1 on what moved and the band around it."),
                io.Mask.Output("paint", display_name="paint", tooltip="1 on what opened up, where nothing moved to."),
                io.Mask.Output(
                    "changed", display_name="changed", tooltip="1 on what is refined or painted: for Paste Back."
                ),
            ],
        )

    @classmethod
    def execute(cls, moved, flow, band, grow, blend):
        moved = check_finite(moved, f"{NODE}: moved") >= 0.5
        flow = fit_flow(flow, *moved.shape[1:], NODE, len(moved))
        opened = opened_by(flow.to(moved.device), moved)
        found = regions(moved, opened, band, grow)
        if not moved.any():
            logging.info("%s: nothing moved; no part of the picture is refined", NODE)
        if not found.paint.any():
            logging.info("%s: nothing opened up beyond band; no part of the picture is painted anew", NODE)
        return io.NodeOutput(soft_mask(found, blend), *(one.float() for one in (*found, ~found.keep)))
