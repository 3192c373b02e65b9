"""The drag warp against the truth, for the quality bench: every displacement, alone and repaired by the demo model."""

from ..kernels.displacements import DISPLACEMENTS
from .warp import repair, warp_picture


def _region(case, painted):
    """What a person would paint, [1, H, W]: what moves, everything that changes (the case's mask), or nothing."""
    if painted == "what moves":
        return (case.flow.norm(dim=0, keepdim=True) > 1).float()
    return case.mask if painted == "what changes" else None


def warped(displacement, painted="what moves", repaired=False):
    def run(model, case):
        image, mask = warp_picture(case.source[None], case.points, _region(case, painted), displacement)
        return (repair(model, image, mask) if repaired else image)[0]

    return run


METHODS = {f"warp {choice}": warped(choice) for choice in DISPLACEMENTS} | {
    "warp rigid, repaired": warped("rigid", repaired=True),
    "wide mask": warped("rigid", "what changes"),
    "no mask": warped("rigid", None),
}
