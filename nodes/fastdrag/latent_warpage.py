"""FastDrag's one step: the latent is moved by the latent warpage function, and what was vacated is filled."""

import torch
from comfy_api.latest import io

from ...kernels.motion.displacements import DISPLACEMENTS, displace
from ...kernels.motion.flow import check_flow, resize_flow
from ...kernels.points.masks import mask_to_grid
from ...kernels.warp.batches import MODES, warp_batch
from ...kernels.warp.bnni import bnni, bnni_sequential
from ..inputs import MASK_INPUT, painted
from ..types import DragPointsType, FlowType, schema


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
                DragPointsType.Input("drag_points", tooltip="What goes where."),
                io.Combo.Input(
                    "mode",
                    options=list(MODES),
                    tooltip="inverse: moves by fractions of a latent cell, knows exactly what is vacated, and what is "
                    "dragged passes in front. fastdrag: whole cells, as published.",
                ),
                MASK_INPUT,
                FlowType.Input("flow", optional=True, tooltip="Replaces the motion computed from the points."),
                io.Combo.Input(
                    "displacement",
                    options=list(DISPLACEMENTS),
                    default="stretch",
                    optional=True,
                    tooltip="How the drags move the region. stretch: a sheet held at a circle (FastDrag). The others "
                    "move each connected part by its own points. rigid, similarity, affine: moving least squares. "
                    "arap: as rigid as possible. nearest: the nearest drag alone. nearest-4: the mean of four.",
                ),
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

    @classmethod
    def execute(cls, samples, drag_points, mode, mask=None, flow=None, displacement="stretch"):
        latent = _picture_latent(samples, "Latent Warpage")
        height, width = latent.shape[-2:]
        region = torch.ones(1, height, width, dtype=torch.bool)
        mask = painted(mask)
        if mask is not None:
            region = mask_to_grid(mask, height, width, "Latent Warpage: mask")
        for name, batch in (("mask", len(region)), ("flow", 1 if flow is None else len(flow))):
            if batch not in (1, len(latent)):
                raise ValueError(f"Latent Warpage: {name} has a batch of {batch}, but there are {len(latent)} latents")
        if flow is None:
            points = drag_points.to_grid(width, height)
            flow = torch.cat([displace(*points, one, displacement) for one in region])
        else:
            check_flow(flow, "Latent Warpage: flow")
            flow = resize_flow(flow, height, width)
        moved, holes = warp_batch(latent, flow.to(latent.device), region.to(latent.device), mode)
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
        if len(holes) not in (1, len(latent)):
            raise ValueError(f"BNNI: holes has a batch of {len(holes)}, but there are {len(latent)} latents")
        fill = {"simultaneous": bnni, "sequential": bnni_sequential}[mode]
        grid = mask_to_grid(holes, *latent.shape[-2:], "BNNI: holes").to(latent.device).expand(len(latent), -1, -1)
        filled = torch.cat([fill(one[None], hole) for one, hole in zip(latent, grid, strict=True)])
        return io.NodeOutput({**samples, "samples": filled})
