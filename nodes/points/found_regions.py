"""What moves, found from the handles: by the picture, or by what a model saw in it."""

import logging

import torch
from comfy_api.latest import io

from ...kernels.diffusion.recorded_features import finest_grid, recorded_features
from ...kernels.points.attention_region import attention_region
from ...kernels.points.picture_region import picture_region
from ...kernels.points.walk_region import grid_of
from ..inputs import PICTURE_POINTS_INPUT
from ..types import KVCacheType, schema

MASK_OUTPUT = io.Mask.Output(
    "mask", display_name="mask", tooltip="1 on the thing that the handles lie on, for Drag Warp (border free)."
)


def _found(regions, points, node):
    """NodeOutput of regions [H, W], one of a batch each."""
    if points.pinned.all():
        logging.warning("%s: no point moves, so the mask is empty", node)
    return io.NodeOutput(torch.stack(list(regions)).float())


class RegionFromPicture(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitRegionFromPicture",
            display_name="Region from Picture",
            description="Finds the thing under the handles by where the picture's colours end. No model is needed.",
            search_aliases=["segment", "random walker", "mask from points", "what moves", "select object"],
            inputs=[
                io.Image.Input("image", tooltip="The picture that is dragged; each of a batch has its own mask."),
                PICTURE_POINTS_INPUT,
            ],
            outputs=[MASK_OUTPUT],
        )

    @classmethod
    def execute(cls, image, drag_points):
        pictures = image[..., :3].movedim(-1, 1)
        return _found((picture_region(one, drag_points) for one in pictures), drag_points, "Region from Picture")


class RegionFromAttention(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitRegionFromAttention",
            display_name="Region from Attention",
            description="Finds the thing under the handles by what the model's self-attention saw alike.",
            search_aliases=["segment", "self-attention", "mask from points", "what moves", "KV cache"],
            inputs=[
                PICTURE_POINTS_INPUT,
                KVCacheType.Input("kv_cache", tooltip="The recording of this picture, from KV-Cache Inversion."),
            ],
            outputs=[MASK_OUTPUT],
        )

    @classmethod
    def execute(cls, drag_points, kv_cache):
        if not kv_cache.entries:
            raise ValueError(
                "Region from Attention: no attention was recorded in kv_cache, since that of a transformer is not yet; "
                "use Region from Picture"
            )
        height, width = kv_cache.latent_size
        grid = grid_of(*finest_grid(kv_cache, height, width))
        count = len(next(iter(kv_cache.entries.values())))
        recorded = (recorded_features(kv_cache, number, height, width, *grid) for number in range(count))
        found = (attention_region(features, grid, drag_points, width, height) for features in recorded)
        return _found(found, drag_points, "Region from Attention")
