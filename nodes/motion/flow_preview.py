"""FLOW made visible."""

from comfy_api.latest import io, ui

from ...kernels.drawing.flow_colors import draw_arrows, flow_to_image
from ...kernels.motion.flow import check_flow, place_flow
from ..types import FlowType, schema


class FlowPreview(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitFlowPreview",
            display_name="Flow Preview",
            description="Shows a motion: colour for direction, saturation for length, arrows where it goes.",
            search_aliases=["optical flow", "color wheel", "displacement"],
            inputs=[
                FlowType.Input("flow", tooltip="The motion to show."),
                io.Image.Input(
                    "image", optional=True, tooltip="Draw the arrows on this picture instead of on colours."
                ),
                io.Int.Input("arrow_spacing", default=24, min=8, max=256, tooltip="Pixels between two arrows."),
                io.Int.Input("width", default=512, min=64, max=4096, tooltip="Width of the preview without a picture."),
            ],
            outputs=[io.Image.Output("preview", display_name="preview", tooltip="The motion as a picture.")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, flow, arrow_spacing, width, image=None):
        check_flow(flow, "Flow Preview: flow")
        height = round(width * flow.shape[2] / flow.shape[3])
        if image is not None:
            height, width = image.shape[1:3]
        flow = place_flow(flow, height, width)
        preview = draw_arrows(flow_to_image(flow) if image is None else image, flow, arrow_spacing)
        return io.NodeOutput(preview, ui=ui.PreviewImage(preview, cls=cls))
