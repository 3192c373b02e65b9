"""What a model made of a picture, back in the picture: at its size, in its place, and bit for bit outside the mask."""

from comfy_api.latest import io

from ...kernels.warp.paste import paste
from ..fitting import check_batch, mask_of_picture
from ..types import schema

NODE = "Paste Back"


class PasteBack(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitPasteBack",
            display_name=NODE,
            description="Puts an edited picture back into the original: its size, its place, untouched outside a mask.",
            search_aliases=["composite", "uncrop", "stitch", "blend", "keep original", "drag"],
            inputs=[
                io.Image.Input("image", tooltip="What was encoded: the original, or what Drag Warp warped."),
                io.Image.Input(
                    "edited",
                    tooltip="From VAE Decode: of the same size, or without the pixels at the border that VAE Encode "
                    "left out. A batch gives a batch.",
                ),
                io.Int.Input(
                    "feather",
                    default=16,
                    min=0,
                    max=256,
                    tooltip="Pixels inside the mask's border over which it fades. 0 for a mask that fades already.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where edited is taken (1); image stays bit for bit where it is 0. None, or an empty one: "
                    "everywhere.",
                ),
            ],
            outputs=[
                # ids of inputs and outputs must differ on 0.3.64
                io.Image.Output("pasted", display_name="image", tooltip="As large as image."),
            ],
        )

    @classmethod
    def execute(cls, image, edited, feather, mask=None):
        if len(image) > 1:
            check_batch(edited, f"{NODE}: edited", len(image))
        mask = mask_of_picture(mask, image, NODE, max(len(image), len(edited)))
        pasted = paste(image.movedim(-1, 1), edited.movedim(-1, 1), mask, feather)
        return io.NodeOutput(pasted.movedim(1, -1))
