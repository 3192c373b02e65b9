"""FastDrag's one step: the latent is moved by the latent warpage function, and what was vacated is filled."""

import torch
from comfy_api.latest import io

from ...kernels.motion.displacements import DISPLACEMENTS, border_of, displace, follows_turns
from ...kernels.points.masks import mask_to_grid
from ...kernels.warp.batches import MODES, warp_batch
from ...kernels.warp.bnni import bnni, bnni_sequential
from ..fitting import check_batch, fit_flow, mask_of_latent, mention_turns
from ..held_regions import PLATES
from ..inputs import BORDER_INPUT, DRAG_POINTS_INPUT, FLOW_INPUT, MASK_INPUT
from ..types import FlowType, schema


def _picture_latent(samples, node):
    latent = samples["samples"]
    if latent.ndim != 4:
        raise ValueError(f"{node}: samples has {latent.ndim} dimensions; only pictures (4 dimensions) can be dragged")
    return latent


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
        latent = _picture_latent(samples, "Latent Warpage")
        border = border_of(displacement, border) if flow is None else "free"
        mention_turns(drag_points, "Latent Warpage", follows_turns(displacement, flow))
        height, width = latent.shape[-2:]
        region = mask_of_latent(mask, latent, "Latent Warpage")
        if region is None:
            region = torch.ones(1, height, width, dtype=torch.bool)
        if flow is None:
            points = drag_points.to_grid(width, height)
            flow = torch.cat([
                displace(*points, one, displacement, border=border, plate=PLATES, turns=drag_points.turns)
                for one in region
            ])  # fmt: skip
        else:
            flow = fit_flow(flow, height, width, "Latent Warpage", len(latent), "latents")
        moved, holes = warp_batch(latent, flow.to(latent.device), region.to(latent.device), mode, border == "free")
        return io.NodeOutput({**samples, "samples": moved}, holes.float(), flow)


class BNNI(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitBNNI",
            display_name="BNNI",
            description="Bilateral nearest neighbour interpolation: fills vacated latent cells from their neighbours.",
            search_aliases=["FastDrag", "fill holes", "interpolate latent"],
            inputs=[
                io.Latent.Input("samples", tooltip="The moved latent from Latent Warpage."),
                io.Mask.Input("holes", tooltip="The holes from Latent Warpage."),
                io.Combo.Input(
                    "mode",
                    options=["simultaneous", "sequential"],
                    tooltip="simultaneous: every hole from cells that have a value, as the paper describes. "
                    "sequential: row by row, filled cells count, as the published code does.",
                ),
            ],
            outputs=[io.Latent.Output("latent", display_name="latent", tooltip="The latent without holes.")],
        )

    @classmethod
    def execute(cls, samples, holes, mode):
        latent = _picture_latent(samples, "BNNI")
        check_batch(holes, "BNNI: holes", len(latent), "latents")
        fill = {"simultaneous": bnni, "sequential": bnni_sequential}[mode]
        grid = mask_to_grid(holes, *latent.shape[-2:], "BNNI: holes").to(latent.device).expand(len(latent), -1, -1)
        filled = torch.cat([fill(one[None], hole) for one, hole in zip(latent, grid, strict=True)])
        return io.NodeOutput({**samples, "samples": filled})
