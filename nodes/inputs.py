"""Inputs that several nodes have, with one wording and one meaning."""

from comfy_api.latest import io

from ..kernels.motion.displacements import BORDERS
from .types import DragPointsType, FlowType

MODEL_INPUT = io.Model.Input("model", tooltip="Any SD1.5, SD2, SDXL or SD1.5-inpainting model, LoRAs included.")
VAE_INPUT = io.Vae.Input("vae", tooltip="The autoencoder that belongs to the model.")
POSITIVE_INPUT = io.Conditioning.Input("positive", tooltip="What the picture shows; an empty prompt works.")
STEPS_INPUT = io.Int.Input("steps", default=10, min=1, max=1000, tooltip="Steps of the whole noise schedule.")
STRENGTH_INPUT = io.Float.Input(
    "strength",
    default=0.7,
    min=0.01,
    max=1.0,
    step=0.01,
    tooltip="Part of the schedule that is run. More lets the drag change more, less keeps more.",
)
DRAG_POINTS_INPUT = DragPointsType.Input("drag_points", tooltip="What goes where.")
PICTURE_POINTS_INPUT = DragPointsType.Input("drag_points", tooltip="What goes where, placed on this picture.")
MASK_INPUT = io.Mask.Input(
    "mask", optional=True, tooltip="Where the picture may change (1 = may change). None, or an empty one: everywhere."
)
BORDER_INPUT = io.Combo.Input(
    "border",
    options=list(BORDERS),
    default="held",
    optional=True,
    tooltip="held: the region is where the picture may change; the motion fades out towards its border and never "
    "folds. free: the region is the thing that moves, as a whole, and what it uncovers opens up. stretch and a "
    "connected FLOW are free in any case. Left out of an API workflow: free.",
)
FLOW_INPUT = FlowType.Input("flow", optional=True, tooltip="Replaces the motion computed from the points.")
