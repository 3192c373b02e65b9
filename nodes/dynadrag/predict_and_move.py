"""DynaDrag in one node: predict where the handles go, move the content there, look at the picture, repeat."""

import logging

import torch
from comfy_api.latest import io

from ...kernels.dynadrag.predict_and_move import SELECTIONS, Settings
from ...kernels.points.drag_points import DragPoints
from ...kernels.points.latent_cells import margin, whole_cells
from ...kernels.points.masks import check_painted, mask_to_grid
from ...kernels.warp.paste import paste
from ..fitting import check_one_picture, mask_of_picture, mention_turns, picture_in_cells
from ..inputs import (
    MASK_INPUT,
    MODEL_INPUT,
    PICTURE_POINTS_INPUT,
    POSITIVE_INPUT,
    STEPS_INPUT,
    STRENGTH_INPUT,
    VAE_INPUT,
)
from ..types import DragPointsType, MotionPredictorType, schema
from .checkpointing import memory_named
from .gradients import loss_scale
from .inputs import BLOCK_INPUT, CHECKPOINTING_INPUT, LAMBDA_INPUT, LR_INPUT, RADIUS_INPUT
from .rounds import drag

NODE = "DynaDrag"


def _on_picture(points, drag_points, size, cell):
    """Where the handles of points on the whole cells are on the picture, with the targets of drag_points."""
    width, height = (side // cell * cell for side in size)
    handles = points.to_pixels(width, height)[0] + torch.tensor([margin(side, cell) for side in size])
    return DragPoints.from_pixels(handles, drag_points.to_pixels(*size)[1], *size)


def _region(mask, points, cell):
    """mask [1, H, W] on the latent cells of a picture, bool [1, h, w]."""
    mask = whole_cells(mask, cell)
    rows, columns = mask.shape[-2:]
    x, y = (points.handles * torch.tensor([columns, rows])).long().unbind(-1)
    if len(points) and not (mask[0, y.clamp(max=rows - 1), x.clamp(max=columns - 1)] >= 0.5).any():
        raise ValueError(f"{NODE}: mask covers none of the handles; paint over what is to move, or leave the mask out")
    return check_painted(mask_to_grid(mask, rows // cell, columns // cell), f"{NODE}: mask")


def _report(rounds, points, tolerance, finite):
    width, height = points.image_size
    handles, targets = points.to_pixels(width, height)
    left = (targets - handles).norm(dim=-1)
    arrived = int((left < tolerance).sum())
    text = f"{len(rounds)} rounds; {arrived} of {len(points)} handles are at their targets"
    if arrived < len(points):
        text += f", the farthest has {left.max().item():.1f} pixels to go"
    straight = sum(one.straightened for one in rounds)
    if straight:
        text += f"; {straight} predicted steps led astray and went straight instead"
    if not finite:
        text += (
            "; stopped early because the loss was no finite number (lower learning_rate, or run the model in float32 "
            "or bfloat16), this is the last good picture"
        )
    return f"{text}."


class DynaDrag(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        defaults = Settings()
        return schema(
            node_id="DragKitDynaDrag",
            display_name="DynaDrag",
            description="Drags a picture in many small rounds: predict the motion, move the content, look again.",
            search_aliases=["drag", "DragDiffusion", "predict and move", "motion supervision"],
            inputs=[
                MODEL_INPUT,
                VAE_INPUT,
                POSITIVE_INPUT,
                io.Image.Input("image", tooltip="The picture to drag, one."),
                PICTURE_POINTS_INPUT,
                io.Int.Input(
                    "rounds",
                    default=defaults.rounds,
                    min=0,
                    max=1000,
                    tooltip="At most; fewer when every handle is at its target. 0 gives the picture back.",
                ),
                STEPS_INPUT,
                STRENGTH_INPUT,
                io.Int.Input(
                    "adam_steps", default=defaults.steps, min=1, max=100, tooltip="Steps down the gradient per round."
                ),
                LR_INPUT,
                RADIUS_INPUT,
                LAMBDA_INPUT,
                io.Combo.Input(
                    "selection",
                    options=list(reversed(SELECTIONS)),
                    tooltip="When pairs whose content is at the target already are left out: in every round, as seen "
                    "in the first one, or never.",
                ),
                io.Float.Input(
                    "tolerance",
                    default=defaults.tolerance,
                    min=0.1,
                    max=100.0,
                    step=0.1,
                    tooltip="Pixels from its target within which a handle has arrived.",
                ),
                io.Int.Input(
                    "preview_steps",
                    default=2,
                    min=1,
                    max=1000,
                    tooltip="Sampling steps of the picture after each round, for the predictor and the preview.",
                ),
                BLOCK_INPUT,
                CHECKPOINTING_INPUT,
                MASK_INPUT,
                MotionPredictorType.Input(
                    "motion_predictor",
                    optional=True,
                    tooltip="From Load Motion Predictor. None: straight steps and point tracking, as in DragDiffusion.",
                ),
                io.Vae.Input(
                    "preview_vae",
                    optional=True,
                    tooltip="A smaller autoencoder with the same latents, such as TAESD, for the pictures after each "
                    "round. None: vae.",
                ),
            ],
            outputs=[
                io.Latent.Output("latent", display_name="latent", tooltip="The dragged picture as latent."),
                io.Image.Output("picture", display_name="picture", tooltip="The dragged picture."),
                DragPointsType.Output(
                    "final_points",
                    display_name="final_points",
                    tooltip="Where the handles are now, with their targets.",
                ),
                io.Image.Output(
                    "trajectory",
                    display_name="trajectory",
                    tooltip="The picture before and after every round, with points.",
                ),
                io.String.Output(
                    "report", display_name="report", tooltip="How far the handles got, and what happened."
                ),
            ],
        )

    @classmethod
    def execute(
        cls, model, vae, positive, image, drag_points, rounds, steps, strength, adam_steps, learning_rate, radius,
        mask_weight, selection, tolerance, preview_steps, block, checkpointing, mask=None, motion_predictor=None,
        preview_vae=None,
    ):  # fmt: skip
        check_one_picture(image, NODE)
        mention_turns(drag_points, NODE)
        height, width = image.shape[1:3]
        cell = vae.spacial_compression_encode()
        fitted = picture_in_cells(image, cell, NODE)
        points = drag_points.on_cells(width, height, cell)
        mask = mask_of_picture(mask, image, NODE)
        region = None if mask is None else _region(mask, points, cell)
        settings = Settings(
            rounds=rounds, steps=adam_steps, lr=learning_rate, r1=radius, lam=mask_weight, selection=selection,
            tolerance=tolerance, scale=loss_scale(model),
        )  # fmt: skip
        with memory_named(NODE):
            latent, picture, points, trajectory, done, finite = drag(
                model, vae, preview_vae or vae, positive, fitted, points, region, settings, steps, strength,
                preview_steps, block, checkpointing, motion_predictor, NODE,
            )  # fmt: skip
        report = _report(done, points, tolerance, finite)
        picture = paste(image[..., :3].movedim(-1, 1), picture.movedim(-1, 1)).movedim(1, -1)
        points = _on_picture(points, drag_points, (width, height), cell)
        if not finite:
            logging.warning("%s: %s", NODE, report)
        return io.NodeOutput({"samples": latent}, picture, points, trajectory, report)
