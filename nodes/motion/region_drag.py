"""Pairs of regions as a dense motion: masks, and polygons from the editor."""

from comfy_api.latest import io

from ...kernels.motion.region_flow import drag_regions
from ...kernels.points.drag_points import DragPoints
from ...kernels.points.masks import resize_mask
from ...kernels.points.region_pairs import RegionPairError, pair_masks
from ..fitting import painted
from ..types import DragPointsType, DragRegionsType, FlowType, schema


class RegionDrag(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitRegionDrag",
            display_name="Region Drag",
            description="Moves whole regions: what lies in a handle region goes to its target region (RegionDrag).",
            search_aliases=["RegionDrag", "move region", "mask to mask", "drag", "warp"],
            inputs=[
                io.Image.Input("image", tooltip="The picture that the regions are on; its size is the motion's."),
                io.Mask.Input(
                    "handle_mask",
                    optional=True,
                    tooltip="What is moved (1). Its separate parts pair up with those of target_mask, both counted in "
                    "reading order: by the topmost row of a part, then from left to right. A batch of masks is one "
                    "region each.",
                ),
                io.Mask.Input(
                    "target_mask",
                    optional=True,
                    tooltip="Where it goes (1), with as many separate parts (or masks) as handle_mask.",
                ),
                DragRegionsType.Input(
                    "regions", optional=True, tooltip="Pairs of polygons from Drag Points; they come before the masks."
                ),
            ],
            outputs=[
                FlowType.Output(
                    "flow", display_name="flow", tooltip="The motion in pixels, for Drag Warp or Latent Warpage."
                ),
                io.Mask.Output(
                    "handle_region", display_name="handle_region", tooltip="What is moved: the mask for Drag Warp."
                ),
                io.Mask.Output(
                    "region",
                    display_name="region",
                    tooltip="Where the picture changes, handles and targets: the mask for Latent Warpage.",
                ),
                DragPointsType.Output(
                    "drag_points", display_name="drag_points", tooltip="From the centre of each handle to its target's."
                ),
            ],
        )

    @classmethod
    def execute(cls, image, handle_mask=None, target_mask=None, regions=()):
        height, width = image.shape[1:3]
        # one mask of a batch is one region: where nothing is painted there is none
        ends = {
            name: painted(mask, f"Region Drag: {name}", unpainted=0.0)
            for name, mask in (("handle_mask", handle_mask), ("target_mask", target_mask))
        }
        missing = [name for name, mask in ends.items() if mask is None]
        if len(missing) == 1:
            raise RegionPairError(f"{missing[0]} is empty or not connected; regions are dragged from mask to mask")
        masks = ()
        if not missing:
            masks = pair_masks(
                *(resize_mask(mask, height, width, f"Region Drag: {name}").cpu() >= 0.5 for name, mask in ends.items())
            )
        flow, handles, targets, starts, goals = drag_regions(regions, masks, height, width)
        points = DragPoints.from_grid(starts, goals, width, height)
        return io.NodeOutput(flow, handles[None].float(), (handles | targets)[None].float(), points)
