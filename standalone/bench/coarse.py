"""Rows of the quality bench for regions as people paint them: what holds on an exact one may not hold there."""

from . import quality, warp

METHODS = {
    f"{name} coarse region": quality.OnCoarse(method)
    for name, method in {
        "nothing done": quality.nothing,
        "FastDrag rigid held": quality.fastdrag_by(),
        "FastDrag inverse": quality.fastdrag_by(displacement="stretch", border="free"),
        **{f"warp {choice}": warp.on_region(choice, "what changes") for choice in ("stretch", "rigid", "similarity")},
        **{
            f"warp {choice} held": warp.on_region(choice, "what changes", border="held")
            for choice in ("rigid", "similarity", "arap")
        },
    }.items()
}
