"""What Latent Warpage vacated is filled: from its neighbours, or with noise."""

import torch
from comfy_api.latest import io

from ...kernels.points.masks import mask_to_grid
from ...kernels.warp.bnni import bnni, bnni_sequential
from ..fitting import check_batch
from ..model_space import from_model, is_flow, latent_of_model
from ..picture_cells import picture_cells
from ..types import schema


def _with_holes(samples, holes, node):
    """PictureCells of a LATENT and holes [B, h, w] (bool) on them; errors are raised in the name of a node."""
    picture = picture_cells(samples, node)
    latent = picture.cells
    check_batch(holes, f"{node}: holes", len(latent), "latents")
    grid = mask_to_grid(picture.of_picture(holes), *latent.shape[-2:], f"{node}: holes")
    return picture, grid.to(latent.device).expand(len(latent), -1, -1)


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
        picture, grid = _with_holes(samples, holes, "BNNI")
        fill = {"simultaneous": bnni, "sequential": bnni_sequential}[mode]
        filled = torch.cat([fill(one[None], hole) for one, hole in zip(picture.cells, grid, strict=True)])
        return io.NodeOutput({**samples, "samples": picture.samples(filled)})


class FillWithNoise(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitFillWithNoise",
            display_name="Fill Holes with Noise",
            description="Fills vacated latent cells with fresh noise, of which the sampler makes something new.",
            search_aliases=["LazyDrag", "fill holes", "inpaint latent", "noise", "BNNI"],
            inputs=[
                io.Model.Input("model", tooltip="The model of the inversion; it says how strong noise is."),
                io.Latent.Input("samples", tooltip="The moved latent from Latent Warpage."),
                io.Mask.Input("holes", tooltip="The holes from Latent Warpage."),
                io.Sigmas.Input("sigmas", tooltip="The way back, from KV-Cache Inversion; the first is the level."),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    control_after_generate=True,
                    tooltip="Another one fills the holes with something else.",
                ),
            ],
            outputs=[io.Latent.Output("latent", display_name="latent", tooltip="The latent without holes.")],
        )

    @classmethod
    def execute(cls, model, samples, holes, sigmas, seed):
        node = "Fill Holes with Noise"
        picture, grid = _with_holes({"samples": latent_of_model(model, samples, node)}, holes, node)
        sigma = float(sigmas[0]) if len(sigmas) else 0.0
        if not 0 < sigma < (1 if is_flow(model) else float("inf")):
            raise ValueError(
                f"{node}: sigmas begins at {sigma:.4g}, at which there is no noise beside a picture; connect those of "
                "KV-Cache Inversion"
            )
        latent = picture.samples(picture.cells)
        # on the CPU, so that a seed is the same everywhere
        noise = torch.randn(latent.shape, generator=torch.Generator().manual_seed(seed))
        fresh = from_model(model, sigma * noise.to(model.load_device), sigma)
        filled = torch.where(picture.on_samples(grid), fresh.to(latent), latent)
        return io.NodeOutput({**samples, "samples": filled})
