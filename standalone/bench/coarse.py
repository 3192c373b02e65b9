"""Rows of the quality bench for regions as people paint them: what holds on an exact one may not hold there."""

from . import quality, warp

METHODS = {
    f"{name} coarse region": quality.OnCoarse(method)
    for name, method in {
        "nothing done": quality.nothing,
        "FastDrag inverse": quality.fastdrag_in("inverse"),
        "warp stretch": warp.on_region("stretch", "what changes"),
        "warp similarity": warp.on_region("similarity", "what changes"),
    }.items()
}
