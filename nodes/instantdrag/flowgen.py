"""InstantDrag's first half: how everything in a picture moves, from a few drags."""

from functools import partial
from pathlib import Path

import comfy.model_management
import torch
from comfy_api.latest import io

from ...kernels.instantdrag.flowgen import build
from ...kernels.instantdrag.flowgen_maps import MODES, generate_flow
from ...kernels.motion.flow import confine_flow
from ...kernels.motion.prediction import ROUNDS
from ...kernels.motion.total_flow import predict_total_flow
from ...weights.tensor_files import read_safetensors
from ..fitting import mask_of_picture, mention_turns
from ..inputs import BORDER_INPUT, PICTURE_POINTS_INPUT
from ..model_files import chosen, listed, on_device, register_folder
from ..motion.prediction import MotionPredictor
from ..progress import Progress
from ..types import FlowGenType, FlowType, MotionPredictorType, schema

FOLDER = "flowgen"
register_folder(FOLDER)


class FlowGenNetwork:
    """The network of a file, on ComfyUI's device while it is asked."""

    def __init__(self, path):
        name = f"Load FlowGen: {Path(path).name}"
        weights, _ = read_safetensors(path, name)
        self.patcher = on_device(build(weights, name))

    def __call__(self, maps):
        """[B, 2, 256, 256] for [B, 5, 256, 256], as FlowGen."""
        comfy.model_management.load_models_gpu([self.patcher])
        return self.patcher.model(maps.to(self.patcher.load_device).float()).to(maps.device)


class LoadFlowGen(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitLoadFlowGen",
            display_name="Load FlowGen",
            description="The network that says from a few drags how everything in a picture moves (InstantDrag).",
            search_aliases=["InstantDrag", "flow generator", "pix2pix"],
            inputs=[
                io.Combo.Input(
                    "flowgen",
                    options=list(listed(FOLDER)),
                    tooltip="A FlowGen in ComfyUI/models/flowgen. Without one, take Load Motion Predictor instead.",
                ),
            ],
            outputs=[FlowGenType.Output("network", display_name="network", tooltip="For the node FlowGen.")],
        )

    @classmethod
    def execute(cls, flowgen):
        path = chosen(listed(FOLDER), flowgen, "Load FlowGen", f"ComfyUI/models/{FOLDER}")
        return io.NodeOutput(FlowGenNetwork(path))


def _whole_way(predictor, image, handles, targets, regions):
    """FLOW [B, 2, h, w] of each picture of image [B, 3, H, W], step by step; regions: of each, [H, W] or None."""
    progress = Progress(ROUNDS * len(image))

    def predict(*state, region):
        progress.tick()
        return predictor(*state, region)

    flow = torch.cat([
        predict_total_flow(partial(predict, region=region), one[None], handles, targets)
        for one, region in zip(image, regions, strict=True)
    ])  # fmt: skip
    progress.finish()
    return flow


class FlowGenNode(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitFlowGen",
            display_name="FlowGen",
            description="How everything in a picture moves when it is dragged, all the way, as a dense motion.",
            search_aliases=["InstantDrag", "optical flow", "drag to flow", "motion prediction"],
            inputs=[
                io.MultiType.Input(
                    "network",
                    [FlowGenType, MotionPredictorType],
                    tooltip="From Load FlowGen, or from Load Motion Predictor, which needs no download.",
                ),
                io.Image.Input("image", tooltip="The picture to drag, of any size; a batch is dragged alike."),
                PICTURE_POINTS_INPUT,
                io.Float.Input(
                    "scale",
                    default=0.0,
                    min=0.0,
                    max=10.0,
                    step=0.05,
                    tooltip="Of FlowGen's answer. 0: the longest motion is as long as the longest drag. The paper's "
                    "figures used 2. A motion predictor has its own.",
                ),
                io.Combo.Input(
                    "mode",
                    options=list(MODES),
                    tooltip="proportional: any picture keeps its proportions, any drag its direction. published: the "
                    "picture is squeezed into a square, x and y are scaled apart. Only for FlowGen.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where things may move (1 = may move). None, or an empty one: wherever the network says.",
                ),
                BORDER_INPUT,
            ],
            outputs=[
                FlowType.Output(
                    "flow", display_name="flow", tooltip="For InstantDrag Conditioning, Latent Warpage, Flow Preview."
                )
            ],
        )

    @classmethod
    def execute(cls, network, image, drag_points, scale, mode, mask=None, border="free"):
        mask = mask_of_picture(mask, image, "FlowGen")
        mention_turns(drag_points, "FlowGen")
        pixels, points = image[..., :3].movedim(-1, 1), (drag_points.handles, drag_points.targets)
        if isinstance(network, MotionPredictor):
            held = mask is not None and border == "held"
            if held:
                network.mention_region("FlowGen")
            regions = (mask >= 0.5).expand(len(image), -1, -1) if held else [None] * len(image)
            flow = _whole_way(network, pixels, *points, regions)
        else:
            flow = generate_flow(network, pixels, *points, mode, scale or None)
        return io.NodeOutput(flow if mask is None else confine_flow(flow, mask))
