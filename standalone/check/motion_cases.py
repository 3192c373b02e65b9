"""Cases of the motion kernels: from drags to a FLOW."""

import torch

from ...kernels.motion import displacements, first_guess, flow, prediction, region_flow, total_flow
from ...kernels.motion.simvp import SimVP
from .cases import NETWORK, Case
from .given import Given

# a cell between two handles goes with the one that is nearer by a rounding
NEAREST = 0.005
MLS = ("motion.displacements", "motion.mls", "motion.nodes")
FREE = {
    "stretch": ("motion.displacements", "motion.lwf"),
    "nearest-4": ("motion.displacements", "motion.nearest"),
    "nearest": ("motion.displacements", "motion.nearest"),
    "arap": ("motion.displacements", "motion.arap", "motion.nodes"),
}
HELD = ("motion.displacements", "motion.elastic", "motion.biharmonic")


def _displacement(choice, border):
    def run(given):
        return displacements.displace(*given.drags(), given.ellipse(), choice, border=border)

    modules = FREE.get(choice, MLS)
    held = border == "held" and choice != "stretch"
    return Case(
        f"displacement {choice}, {border}", tuple(dict.fromkeys((*modules, *HELD))) if held else modules, run,
        1e-3, NEAREST if choice.startswith("nearest") else 0.0, 1,
    )  # fmt: skip


def _turned(border):
    def run(given):
        handles, targets = given.drags()
        turns = torch.tensor([30, 1.25], dtype=torch.float64).repeat(len(handles), 1)
        return displacements.displace(handles, targets, given.ellipse(), "similarity", border=border, turns=turns)

    modules = (*MLS, "motion.turns", *(HELD if border == "held" else ()))
    return Case(f"displacement that turns, {border}", tuple(dict.fromkeys(modules)), run, 1e-3, 0.0, 1)


def _over_a_large_region(choice):
    """Computed on nodes, and for every cell around handles."""

    def run(given):
        large = Given(given.device, given.points, given.steps, 320, 360)
        return displacements.displace_as_one(*large.drags(), large.ellipse(), choice)

    return Case(f"displacement {choice} over a large region", (*FREE.get(choice, MLS), "motion.nodes"), run, 1e-3)


def _predicted(given):
    network = given.network("simvp", lambda: SimVP(16, 32, 2, 2))
    return prediction.predict_step(network, given.picture(), *given.drags())


def _rolled_out(given):
    network = given.network("simvp", lambda: SimVP(16, 32, 2, 2))
    # as many steps on the way, however many points there are
    ends = (end[:5] for end in given.fractions())
    # a network that has learned nothing would lead away from the targets
    return total_flow.predict_total_flow(
        lambda *seen: prediction.predict_flow(lambda maps: 0.1 * network(maps), *seen), given.picture(), *ends
    )


def _on_other_grids(given):
    motion, mask = given.flow(), given.picture(1)[:, 0]
    flow.check_flow(motion)
    return (
        flow.resize_flow(motion, given.height // 2, given.width * 2),
        flow.place_flow(motion, given.height // 8, given.width // 8),
        flow.confine_flow(motion, mask),
    )


CASES = [
    *(_displacement(choice, border) for border in displacements.BORDERS for choice in displacements.DISPLACEMENTS),
    *(_turned(border) for border in displacements.BORDERS),
    *(_over_a_large_region(choice) for choice in ("stretch", "similarity")),
    Case(
        "displacement of a region that is one", MLS,
        lambda given: displacements.displace_as_one(*given.drags(), given.ellipse(), "affine"), 1e-3, 0.0, 1,
    ),
    Case(
        "region onto region", ("motion.region_flow",),
        lambda given: region_flow.region_flow(given.ellipse(0.4, 0.5, 0.2), given.ellipse(0.6, 0.5, 0.3)),
    ),
    Case(
        "first guess of a step", ("motion.first_guess",),
        lambda given: first_guess.first_guess(
            *(ends.to(given.device) for ends in given.drags()), given.height, given.width
        ),
    ),
    Case(
        "first guess of a step in a region", ("motion.first_guess", "motion.elastic"),
        lambda given: first_guess.first_guess(*given.drags(), given.height, given.width, given.ellipse()), 1e-3,
    ),
    Case(
        "predicted step", ("motion.prediction", "motion.simvp", "motion.first_guess", "motion.flow"), _predicted,
        NETWORK,
    ),
    Case(
        "predicted steps to the targets", ("motion.total_flow", "motion.prediction"), _rolled_out, 5 * NETWORK, 0.0, 8
    ),
    Case("FLOW on other grids", ("motion.flow",), _on_other_grids),
]  # fmt: skip
