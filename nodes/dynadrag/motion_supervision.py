"""The steps down the gradient that move content, as a node of their own (DynaDrag, Eq. 2 and 3)."""

import logging

from comfy_api.latest import io

from ...kernels.dynadrag.predict_and_move import Settings, restricts, supervise
from ..fitting import mask_of_latent, one_latent
from ..inputs import MASK_INPUT, MODEL_INPUT, POSITIVE_INPUT
from ..model_space import from_vp, to_vp
from ..progress import Progress
from ..types import DragPointsType, schema
from .checkpointing import memory_named
from .gradients import Gradients, differentiable, loss_scale
from .inputs import BLOCK_INPUT, CHECKPOINTING_INPUT, LAMBDA_INPUT, LR_INPUT, RADIUS_INPUT, SIGMAS_INPUT

# pixels
CELL = 8


class MotionSupervision(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitMotionSupervision",
            display_name="Motion Supervision",
            description="Changes a noised latent until the content of the handles is where they are to go next.",
            search_aliases=["DynaDrag", "DragDiffusion", "optimise latent", "drag loss"],
            inputs=[
                MODEL_INPUT,
                POSITIVE_INPUT,
                io.Latent.Input("samples", tooltip="The noised latent, from KV-Cache Inversion or another round."),
                SIGMAS_INPUT,
                DragPointsType.Input("from_points", tooltip="Their handles are where the content is."),
                DragPointsType.Input(
                    "to_points", tooltip="Their handles are where it goes: next_points of Motion Prediction."
                ),
                io.Int.Input("steps", default=5, min=1, max=1000, tooltip="Steps of Adam down the gradient."),
                LR_INPUT,
                RADIUS_INPUT,
                LAMBDA_INPUT,
                BLOCK_INPUT,
                CHECKPOINTING_INPUT,
                MASK_INPUT,
                io.Latent.Input(
                    "original",
                    optional=True,
                    tooltip="The latent from KV-Cache Inversion, to which what mask leaves out is held; none: samples.",
                ),
            ],
            outputs=[io.Latent.Output("latent", display_name="latent", tooltip="The latent with its content moved.")],
        )

    @classmethod
    def execute(
        cls, model, positive, samples, sigmas, from_points, to_points, steps, learning_rate, radius, mask_weight, block,
        checkpointing, mask=None, original=None,
    ):  # fmt: skip
        node = "Motion Supervision"
        latent = one_latent(samples, node)
        first = latent if original is None else one_latent(original, node)
        if first.shape != latent.shape:
            raise ValueError(
                f"{node}: original has shape {list(first.shape)}, but samples has {list(latent.shape)}; connect the "
                "latent that the rounds began with"
            )
        if len(from_points) != len(to_points):
            raise ValueError(
                f"{node}: from_points has {len(from_points)} pairs and to_points {len(to_points)}; each needs its next"
            )
        if not len(from_points):
            logging.info("%s: there are no pairs; the latent stays as it is", node)
            return io.NodeOutput(samples)
        height, width = latent.shape[-2:]
        region = mask_of_latent(mask, latent, node)
        if region is not None:
            region = region.to(model.load_device)
        settings = Settings(steps=steps, lr=learning_rate, r1=radius, lam=mask_weight, scale=loss_scale(model))
        progress = Progress(steps)
        size = width * CELL, height * CELL
        # in pixels of what the latent shows
        ends = [
            settings.patches((points.to_grid(width, height)[0] + 0.5) * CELL) for points in (from_points, to_points)
        ]
        patched = differentiable(model)
        within = Gradients(patched, positive, latent, sigmas, block, checkpointing, node, progress.tick)
        sigma = float(sigmas[0])

        def work(evaluate):
            previous_0 = None
            if restricts(region, settings):
                previous_0 = evaluate(to_vp(model, first, sigma), True)[1].detach()
            z = to_vp(model, latent, sigma)
            optimizer = settings.optimizer(z)
            supervise(optimizer, evaluate, lambda features, at: (None, *ends), size, settings, region, previous_0)
            return optimizer.latent(z)

        with memory_named(node):
            moved = within(work)
        return io.NodeOutput({**samples, "samples": from_vp(model, moved, sigma)})
