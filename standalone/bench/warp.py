"""The drag warp for the benches: against the truth, every displacement alone and repaired by the demo model, and the
time that each takes."""

from functools import partial
from itertools import product

import torch
from tqdm import tqdm

from ...kernels.motion.displacements import DISPLACEMENTS, displace
from ...kernels.motion.elastic import HeldRegion
from ...kernels.warp.picture import drag_warp
from ..methods.warp import repair, warp_picture
from .kernels import median_ms


def region(case, painted):
    """What a person would paint, [1, H, W]: what moves, everything that changes (the case's mask), or nothing."""
    if painted == "what moves":
        return (case.flow.norm(dim=0, keepdim=True) > 1).float()
    return case.mask if painted == "what changes" else None


def on_region(displacement, painted="what moves", repaired=False, border="free"):
    """A method of the quality bench: the warp by a choice of DISPLACEMENTS over a `region`, then maybe repaired."""

    def run(model, case):
        warped, anew = warp_picture(case.source[None], case.points, region(case, painted), displacement, border=border)
        return (repair(model, warped, anew) if repaired else warped)[0]

    return run


# the best of them over all kinds of motion, and the default
DEFAULT = "similarity"
METHODS = {f"warp {choice}": on_region(choice) for choice in DISPLACEMENTS} | {
    "warp wide region": on_region(DEFAULT, "what changes"),
    "warp no region": on_region(DEFAULT, None),
    **{f"warp {choice} held": on_region(choice, "what changes", border="held") for choice in ("rigid", "similarity")},
    "warp held no region": on_region(DEFAULT, None, border="held"),
    "warp and repair": on_region(DEFAULT, repaired=True),
}

FASTEST, BASIS, HELD = "nearest", "basis of a held region", f"{DEFAULT} held, motion alone"
# side of the picture: milliseconds that a mode may take, and on a part of the picture the basis and the held motion
TARGETS = {512: {FASTEST: 10, BASIS: 12}, 2048: {FASTEST: 500, HELD: 300}}
THREADS = (1, 2)


def _warp(image, handles, targets, region, choice, border="free"):
    flow = displace(handles, targets, region, choice, border=border)
    return drag_warp(image, flow, region[None], tears=border == "free")


# all take the parts of times_case
MODES = {choice: partial(_warp, choice=choice) for choice in DISPLACEMENTS} | {
    f"{DEFAULT} held": partial(_warp, choice=DEFAULT, border="held"),
    HELD: lambda image, *case: displace(*case, DEFAULT, border="held"),
    BASIS: lambda image, handles, targets, region: HeldRegion(region, handles),
}


def times_case(side, whole):
    """Picture, handles, targets and region: all of the picture or an ellipse of 30 % of it."""
    generator = torch.Generator().manual_seed(0)
    axis = torch.linspace(-1, 1, side)
    region = torch.ones(side, side, dtype=torch.bool)
    if not whole:
        region = (axis / 0.7) ** 2 + (axis[:, None] / 0.55) ** 2 < 1
    handles = (0.35 + 0.3 * torch.rand(20, 2, generator=generator, dtype=torch.float64)) * side
    targets = handles + 0.03 * side * torch.randn(20, 2, generator=generator, dtype=torch.float64)
    return torch.rand(1, 3, side, side, generator=generator), handles, targets, region


def bench_times(runs=5, sides=None):
    """Rows as of bench_kernels: displacement, inverse and bilinear sampling, and parts of a held one, for 20 drags over
    a third of the picture and over all of it, on one thread and on two, for sides of TARGETS (None: all)."""
    rows, threads = [], torch.get_num_threads()
    for count, side, whole in tqdm(list(product(THREADS, sides or TARGETS, (False, True))), desc="drag warp"):
        torch.set_num_threads(count)
        case = times_case(side, whole)
        for mode, function in MODES.items():
            value = median_ms(function, case, runs, warm_up=1)
            limit = None if whole and mode != FASTEST else TARGETS[side].get(mode)
            rows.append({
                "measurement": f"warp {side}x{side}, {'all' if whole else '30 %'} of it, 20 points",
                "mode": mode, "value": value, "unit": "ms", "target": f"< {limit}" if limit else "",
                "met": value < limit if limit else None, "threads": count,
            })  # fmt: skip
    torch.set_num_threads(threads)
    return rows
