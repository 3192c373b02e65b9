"""The sockets that DragKit adds, and the schema fields that only later ComfyUI versions know."""

import dataclasses

from comfy_api.latest import io

DragPointsType = io.Custom("DRAG_POINTS")
KVCacheType = io.Custom("KV_CACHE")
FlowType = io.Custom("FLOW")
# fields that 0.3.64 does not have
LATER = {"search_aliases", "has_intermediate_output"}


def schema(**fields):
    """io.Schema of a node of DragKit, less those of the later fields that this ComfyUI does not know."""
    known = {field.name for field in dataclasses.fields(io.Schema)}
    return io.Schema(
        category="DragKit", **{name: value for name, value in fields.items() if name in known or name not in LATER}
    )
