"""Points and region drawn on the picture."""

from comfy_api.latest import io, ui

from ...kernels.drawing.overlay import draw_points
from ...kernels.points.masks import resize_mask
from ..fitting import painted
from ..types import DragPointsType, schema


class DragPointsPreview(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitDragPointsPreview",
            display_name="Drag Points Preview",
            description="Draws handles (red), targets (blue), arrows and the editable region on a picture.",
            search_aliases=["draw points", "overlay", "arrows"],
            inputs=[
                io.Image.Input("image", tooltip="The picture to draw on."),
                DragPointsType.Input("drag_points", tooltip="The pairs to draw."),
                io.Mask.Input("mask", optional=True, tooltip="Editable region (1 = may change); the rest is dimmed."),
            ],
            outputs=[io.Image.Output("preview", display_name="preview", tooltip="The picture with the drawing on it.")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, image, drag_points, mask=None):
        mask = painted(mask, "Drag Points Preview: mask")
        if mask is not None:
            mask = resize_mask(mask, *image.shape[1:3], "Drag Points Preview: mask")
        preview = draw_points(image, drag_points, mask)
        return io.NodeOutput(preview, ui=ui.PreviewImage(preview, cls=cls))
