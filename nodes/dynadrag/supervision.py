"""DynaDrag's other pieces: which pairs to drag, and the steps down the gradient that move the content."""

from contextlib import contextmanager

import comfy.model_management
from comfy_api.latest import io

from ...kernels.dynadrag.point_selection import THRESHOLD, select_points
from ...kernels.dynadrag.predict_and_move import Settings, restricts, supervise
from ...kernels.points.drag_points import DragPoints
from ..fitting import mask_of_latent
from ..inputs import MASK_INPUT, MODEL_INPUT, POSITIVE_INPUT
from ..progress import Progress
from ..sampling import from_vp, to_vp
from ..types import DragPointsType, schema
from .checkpointing import MODES
from .gradients import BLOCKS, Gradients, differentiable, half_precision

# keeps float16 gradients of the latent, about 1e-4 to 1, well inside its range
HALF_SCALE = 1024.0
CELL = 8

SIGMAS_INPUT = io.Sigmas.Input("sigmas", tooltip="The way back, from KV-Cache Inversion.")
BLOCK_INPUT = io.Combo.Input(
    "block",
    options=list(BLOCKS),
    tooltip="Decoder block whose features say what is where: last as in DynaDrag, third as in DragDiffusion (SDXL has "
    "three in all).",
)
CHECKPOINTING_INPUT = io.Combo.Input(
    "checkpointing",
    options=list(MODES),
    tooltip="on: less video memory, a third more time. auto: from where little is left. The result is the same.",
)
RADIUS_INPUT = io.Int.Input(
    "radius",
    default=Settings.r1,
    min=0,
    max=16,
    tooltip="r1: how far around a point content is held on to, in pairs of pixels.",
)
LR_INPUT = io.Float.Input(
    "learning_rate",
    default=Settings.lr,
    min=1e-5,
    max=1.0,
    step=1e-5,
    round=False,
    tooltip="How far a step changes the latent. Papers have a tenth of it: here steps are small where the gradient is.",
)
LAMBDA_INPUT = io.Float.Input(
    "mask_weight", default=0.1, min=0.0, max=1e6, step=0.01, tooltip="lambda: how firmly the rest outside mask is kept."
)


@contextmanager
def memory_named(node):
    """Says what to lower when the device's memory is used up; ComfyUI then unloads its models, as it always does."""
    try:
        yield
    except comfy.model_management.OOM_EXCEPTION as error:
        # the frames hold what filled the memory
        error.with_traceback(None)
        raise comfy.model_management.OOM_EXCEPTION(
            f"{node}: the device's memory is used up; set checkpointing to on, use a smaller picture, or close other "
            "programs that use it"
        ) from None


def one_latent(samples, node):
    """The single latent [1, C, h, w] of a LATENT."""
    latent = samples["samples"]
    if latent.ndim != 4 or len(latent) != 1:
        raise ValueError(f"{node}: samples has shape {list(latent.shape)}; connect the latent of one picture")
    return latent


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
        ends = drag_points.to_grid(features.shape[3], features.shape[2])
        valid = select_points(features, *ends, threshold).cpu()
        chosen = DragPoints(drag_points.handles[valid], drag_points.targets[valid], drag_points.image_size)
        return io.NodeOutput(chosen)


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
            return io.NodeOutput(samples)
        height, width = latent.shape[-2:]
        region = mask_of_latent(mask, latent, node)
        if region is not None:
            region = region.to(model.load_device)
        scale = HALF_SCALE if half_precision(model) else 1.0
        settings = Settings(steps=steps, lr=learning_rate, r1=radius, lam=mask_weight, scale=scale)
        progress = Progress(steps)
        size = width * CELL, height * CELL
        ends = [settings.patches(points.to_pixels(*size)[0]) for points in (from_points, to_points)]
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
