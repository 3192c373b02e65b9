"""The sockets that DragKit adds, and the schema fields that only later ComfyUI versions know."""

import dataclasses

from comfy_api.latest import io

DragPointsType = io.Custom("DRAG_POINTS")
KVCacheType = io.Custom("KV_CACHE")
FlowType = io.Custom("FLOW")
MotionPredictorType = io.Custom("MOTION_PREDICTOR")
FlowGenType = io.Custom("FLOWGEN")
LightningDragType = io.Custom("LIGHTNING_DRAG")
DragRegionsType = io.Custom("DRAG_REGIONS")
# ComfyUI's own, which 0.3.64 has no name for
TracksType = io.Custom("TRACKS")


def schema(*, search_aliases, **fields):
    """io.Schema with search aliases where this ComfyUI has them (0.3.64 does not)."""
    if any(field.name == "search_aliases" for field in dataclasses.fields(io.Schema)):
        fields["search_aliases"] = search_aliases
    return io.Schema(category="DragKit", **fields)
