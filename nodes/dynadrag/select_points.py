"""Which pairs are worth dragging: those whose content is not at the target yet."""

import torch
from comfy_api.latest import io

from ...kernels.dynadrag.point_selection import THRESHOLD, select_points
from ..fitting import one_latent
from ..inputs import MODEL_INPUT, POSITIVE_INPUT
from ..model_space import to_vp
from ..types import DragPointsType, schema
from .gradients import Gradients
from .inputs import BLOCK_INPUT, SIGMAS_INPUT


class SelectPoints(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitSelectPoints",
            display_name="Select Points",
            description="Keeps the pairs whose content is not at the target yet, as the model sees it (DynaDrag).",
            search_aliases=["DynaDrag", "valid points", "filter points"],
            inputs=[
                MODEL_INPUT,
                POSITIVE_INPUT,
                io.Latent.Input("samples", tooltip="The noised latent, from KV-Cache Inversion or Motion Supervision."),
                SIGMAS_INPUT,
                DragPointsType.Input("drag_points", tooltip="The pairs to choose from."),
                io.Float.Input(
                    "threshold",
                    default=THRESHOLD,
                    min=-1.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Pairs at least this alike at both ends (1 = the same) are left out; the least alike stays "
                    "in any case.",
                ),
                BLOCK_INPUT,
            ],
            outputs=[
                DragPointsType.Output("valid_points", display_name="valid_points", tooltip="The pairs to drag."),
            ],
        )

    @classmethod
    def execute(cls, model, positive, samples, sigmas, drag_points, threshold, block):
        node = "Select Points"
        latent = one_latent(samples, node)
        within = Gradients(model, positive, latent, sigmas, block, "off", node)
        features, _ = within(lambda evaluate: evaluate(to_vp(model, latent, float(sigmas[0])), False))
        width, height = latent.shape[3], latent.shape[2]
        scale = torch.tensor([features.shape[3] / width, features.shape[2] / height])
        ends = ((end + 0.5) * scale - 0.5 for end in drag_points.to_grid(width, height))
        valid = select_points(features, *ends, threshold).cpu()
        return io.NodeOutput(drag_points.chosen(valid))
