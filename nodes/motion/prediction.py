"""DynaDrag's motion predictor: loaded from a file, and asked where everything goes next."""

import logging
from functools import partial
from pathlib import Path

import comfy.model_management
from comfy_api.latest import io

from ...kernels.motion.prediction import ROUNDS, guarded_step, predict_flow
from ...kernels.motion.simvp import build
from ...kernels.points.drag_points import DragPoints
from ...weights import MOTION_PREDICTOR
from ...weights.tensor_files import read_safetensors
from ..fitting import check_one_picture, mask_of_picture, mention_turns
from ..model_files import chosen, listed, on_device, register_folder
from ..types import DragPointsType, FlowType, MotionPredictorType, schema

FOLDER = "motion_predictors"
BUNDLED = "dragkit-motion (bundled)"

register_folder(FOLDER)


def files():
    """{name: path} of the bundled motion predictor and of those in ComfyUI's model folder."""
    return {BUNDLED: MOTION_PREDICTOR, **listed(FOLDER)}


class MotionPredictor:
    """The network of a file, on ComfyUI's device while it is asked."""

    def __init__(self, path):
        name = f"Load Motion Predictor: {Path(path).name}"
        self.patcher = on_device(build(*read_safetensors(path, name), name))

    def mention_region(self, node):
        """Says in the log that the network is not asked in a region, where that is so."""
        if not self.patcher.model.knows_regions:
            logging.info(
                "%s: this motion predictor knows no regions; the motion in mask is its first guess alone", node
            )

    def __call__(self, picture, handles, targets, region=None):
        """FLOW [1, 2, H, W] of the next step for a picture [1, 3, H, W] (0..1), and points in its pixels; it is held at
        the border of a region [h, w] (bool)."""
        comfy.model_management.load_models_gpu([self.patcher])
        picture = picture.to(self.patcher.load_device).float()
        flow = predict_flow(self.patcher.model, picture, handles, targets, region)
        return flow.to(handles.device)


class LoadMotionPredictor(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitLoadMotionPredictor",
            display_name="Load Motion Predictor",
            description="The network that says how everything in a picture moves next (DynaDrag).",
            search_aliases=["DynaDrag", "SimVP", "motion model"],
            inputs=[
                io.Combo.Input(
                    "predictor",
                    options=list(files()),
                    tooltip="The bundled one, or a file in ComfyUI/models/motion_predictors that "
                    "`dragkit train-motion` wrote.",
                ),
            ],
            outputs=[
                MotionPredictorType.Output(
                    "motion_predictor", display_name="motion_predictor", tooltip="For DynaDrag and Motion Prediction."
                )
            ],
        )

    @classmethod
    def execute(cls, predictor):
        path = chosen(files(), predictor, "Load Motion Predictor", f"ComfyUI/models/{FOLDER}")
        return io.NodeOutput(MotionPredictor(path))


class MotionPrediction(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitMotionPrediction",
            display_name="Motion Prediction",
            description="How everything in a picture moves in the next step, and where that takes the handles.",
            search_aliases=["DynaDrag", "next handle", "optical flow"],
            inputs=[
                MotionPredictorType.Input("motion_predictor", tooltip="From Load Motion Predictor."),
                io.Image.Input("image", tooltip="The picture as it is now."),
                DragPointsType.Input("drag_points", tooltip="Where the handles are now, and where they are to go."),
                io.Int.Input(
                    "rounds_left",
                    default=ROUNDS,
                    min=1,
                    max=1000,
                    tooltip="Steps in which the targets are to be reached; few make longer steps.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where the picture may change (1 = may change): the motion fades out towards its border. "
                    "None, or an empty one: everything goes along.",
                ),
            ],
            outputs=[
                FlowType.Output("flow", display_name="flow", tooltip="The motion, in pixels of the picture."),
                DragPointsType.Output(
                    "next_points", display_name="next_points", tooltip="The handles after it, with the same targets."
                ),
            ],
        )

    @classmethod
    def execute(cls, motion_predictor, image, drag_points, rounds_left, mask=None):
        check_one_picture(image, "Motion Prediction")
        mention_turns(drag_points, "Motion Prediction")
        height, width = image.shape[1:3]
        handles, targets = drag_points.to_pixels(width, height)
        mask = mask_of_picture(mask, image, "Motion Prediction")
        if mask is not None:
            motion_predictor.mention_region("Motion Prediction")
        predict = partial(motion_predictor, region=None if mask is None else mask[0] >= 0.5)
        step = guarded_step(predict, image[..., :3].movedim(-1, 1), handles, targets, rounds_left)
        return io.NodeOutput(step.flow, DragPoints.from_pixels(step.handles, targets, width, height))
