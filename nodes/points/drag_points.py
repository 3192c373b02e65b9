"""The node of the editor: its text becomes DRAG_POINTS, region and region pairs."""

import logging

import torch
from comfy_api.latest import io

from ...kernels.points.click_text import click_text
from ...kernels.points.drag_points import DragPointsError, check_text, place
from ...kernels.points.drag_text import read
from ...kernels.points.masks import resize_mask
from ...kernels.points.strokes import FULL, cover
from ..fitting import painted
from ..types import DragPointsType, DragRegionsType, schema
from . import input_picture
from .editor_view import editor_view

SIZE_WITHOUT_PICTURE = (512, 512)
# strokes need memory; a text alone must not ask for gigabytes
MAX_PIXELS_WITHOUT_PICTURE = 4096 * 4096


def _region(mask, height, width, strokes=()):
    """The editable region [B, height, width]: mask united with what strokes cover, all where both are empty."""
    covered = cover(strokes, height, width)[None].float() / FULL if strokes else torch.zeros(1, 1, 1)
    if mask is None:
        return covered if covered.any() else torch.ones(1, 1, 1).expand(1, height, width)
    return resize_mask(mask, height, width, "Drag Points: mask").maximum(covered.to(mask.device))


class DragPointsNode(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitDragPoints",
            display_name="Drag Points",
            description="Where the picture is taken hold of (handles) and where that goes (targets).",
            search_aliases=["drag", "handle", "target", "point editor", "drag diffusion", "coordinates"],
            inputs=[
                io.String.Input(
                    "points",
                    default="",
                    multiline=True,
                    tooltip="One drag per line, `x,y -> x,y` in pixels of the picture or in fractions (0 to 1); or "
                    "DragKit's JSON, a list of alternating handles and targets, or coordinates from a KJNodes "
                    "spline editor (first point of a track = handle, last = target). Empty = no drag.",
                ),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="The picture that the points are on; without it, the one that the points name, if any.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where the picture may change (1 = may change), united with the painted strokes. "
                    "Neither, or both empty: everywhere.",
                ),
            ],
            outputs=[
                DragPointsType.Output("drag_points", display_name="drag_points", tooltip="The handle -> target pairs."),
                io.Mask.Output(
                    "region", display_name="region", tooltip="Where the picture may change, at the size of the picture."
                ),
                io.Image.Output("picture", display_name="picture", tooltip="The picture, unchanged."),
                DragRegionsType.Output(
                    "regions", display_name="regions", tooltip="The region pairs: what lies where, and where it goes."
                ),
                io.String.Output(
                    "moving",
                    display_name="moving",
                    tooltip="Handles that move, for positive_coords of SAM3 Detect.",
                ),
                io.String.Output(
                    "pinned",
                    display_name="pinned",
                    tooltip="Handles that stay (target = handle), for negative_coords of SAM3 Detect.",
                ),
            ],
            # an end of the graph: the editor can have it run up to here, and is told again what a cached result showed
            is_output_node=True,
        )

    @classmethod
    def validate_inputs(cls, points):
        """Refuses text that cannot be read before the queue runs; pixels against the picture wait for the picture."""
        if points is None:
            return True
        try:
            check_text(points)
        except DragPointsError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, points=None, **others):
        """Changes when the file does that the points name; None where points or image come from another node."""
        try:
            name = None if "image" in others else read(points).picture
            return name and input_picture.fingerprint(name)
        except DragPointsError:
            return None

    @classmethod
    def execute(cls, points, image=None, mask=None):
        drags = read(points)
        if image is None and drags.picture:
            image = input_picture.load(drags.picture)
        size = None if image is None else (image.shape[2], image.shape[1])
        drag = place(drags, size)
        width, height = size or drag.image_size or SIZE_WITHOUT_PICTURE
        if drags.strokes and image is None and width * height > MAX_PIXELS_WITHOUT_PICTURE:
            raise DragPointsError(
                f"strokes on a picture of {width} x {height} pixels need the picture; connect an IMAGE"
            )
        # no memory for a picture of a size that somebody wrote into the text
        picture = torch.zeros(1, 1, 1, 1).expand(1, height, width, 3) if image is None else image
        mask = painted(mask, "Drag Points: mask")
        region = _region(mask, height, width, drags.strokes)
        shown = {} if image is None else editor_view(image, mask)
        if drags.notice:
            logging.warning("Drag Points: %s", drags.notice)
            shown["dragkit_notice"] = [drags.notice]
        clicks = (click_text(drag.handles[where], width, height) for where in (~drag.pinned, drag.pinned))
        return io.NodeOutput(drag, region, picture, drags.regions, *clicks, ui=shown or None)
