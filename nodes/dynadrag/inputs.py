"""Inputs that several of DynaDrag's nodes have, with one wording and one meaning."""

from comfy_api.latest import io

from ...kernels.dynadrag.predict_and_move import Settings
from .checkpointing import MODES
from .gradients import BLOCKS

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
