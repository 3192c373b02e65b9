"""FastDrag's one step: the latent is moved by the latent warpage function."""

import torch
from comfy_api.latest import io

from ...kernels.motion.displacements import DISPLACEMENTS, border_of, displace, follows_turns
from ...kernels.warp.batches import MODES, warp_batch
from ..fitting import fit_flow, mask_of_latent, mention_turns
from ..held_regions import PLATES
from ..inputs import BORDER_INPUT, DRAG_POINTS_INPUT, FLOW_INPUT, MASK_INPUT
from ..picture_cells import picture_cells
from ..types import FlowType, schema


class LatentWarpage(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitLatentWarpage",
            display_name="Latent Warpage",
            description="Moves the content of a latent from the handles to the targets in one step (FastDrag).",
            search_aliases=["FastDrag", "LWF", "warp latent", "drag"],
            inputs=[
                io.Latent.Input("samples", tooltip="The inverted latent from KV-Cache Inversion."),
                DRAG_POINTS_INPUT,
                io.Combo.Input(
                    "mode",
                    options=list(MODES),
                    tooltip="inverse: moves by fractions of a latent cell, knows exactly what is vacated, and what is "
                    "dragged passes in front. fastdrag: whole cells, as published.",
                ),
                MASK_INPUT,
                FLOW_INPUT,
                io.Combo.Input(
                    "displacement",
                    options=list(DISPLACEMENTS),
                    default="rigid",
                    optional=True,
                    tooltip="How the drags move the region. stretch: a sheet held at a circle, as published "
                    "(FastDrag), and what an API workflow without this input gets. The others move each connected part "
                    "by its own points. rigid, similarity, affine: moving least squares. arap: as rigid as possible. "
                    "nearest: the nearest drag alone. nearest-4: the mean of four.",
                ),
                BORDER_INPUT,
            ],
            outputs=[
                io.Latent.Output(
                    "latent",
                    display_name="latent",
                    tooltip="The moved latent; vacated cells are 0 until BNNI fills them.",
                ),
                io.Mask.Output(
                    "holes", display_name="holes", tooltip="1 where content was taken away, one value per latent cell."
                ),
                # ids of inputs and outputs must differ on 0.3.64
                FlowType.Output(
                    "applied", display_name="displacement", tooltip="The motion that was applied, in latent cells."
                ),
            ],
        )

    # what is left out is what it was before there was a choice
    @classmethod
    def execute(cls, samples, drag_points, mode, mask=None, flow=None, displacement="stretch", border="free"):
        node = "Latent Warpage"
        picture = picture_cells(samples, node)
        latent = picture.cells
        border = border_of(displacement, border) if flow is None else "free"
        mention_turns(drag_points, node, follows_turns(displacement, flow))
        height, width = latent.shape[-2:]
        region = mask_of_latent(picture.of_picture(mask), latent, node)
        if region is None:
            region = torch.ones(1, height, width, dtype=torch.bool)
        if flow is None:
            points = picture.grid_points(drag_points)
            flow = torch.cat([
                displace(*points, one, displacement, border=border, plate=PLATES, turns=drag_points.turns)
                for one in region
            ])  # fmt: skip
        else:
            flow = fit_flow(picture.of_picture(flow), height, width, node, len(latent), "latents")
        moved, holes = warp_batch(latent, flow.to(latent.device), region.to(latent.device), mode, border == "free")
        return io.NodeOutput({**samples, "samples": picture.samples(moved)}, holes.float(), flow)
