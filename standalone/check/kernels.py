"""Every kernel on the device against the CPU, and whether it makes the device wait more often as its work grows."""

import torch

from . import diffusion_cases, method_cases, motion_cases, picture_cases, warp_cases
from .cases import compare, tensors_of
from .given import Given
from .outcome import failed, not_tried, passed
from .waits import counted

CASES = [
    *motion_cases.CASES, *warp_cases.CASES, *diffusion_cases.CASES, *method_cases.CASES, *picture_cases.CASES,
]  # fmt: skip
# kernels that have nothing to do on a device, and why
HOST = dict.fromkeys(
    (
        "points.click_text", "points.drag_points", "points.drag_text", "points.json_values", "points.region_text",
        "points.stroke_text",
    ),
    "texts and their numbers, a few for each point",
) | {
    "points.region_steps": "painted masks are drawn on the CPU, bit for bit as in the browser",
    "points.strokes": "painted masks are drawn on the CPU, bit for bit as in the browser",
    "points.find_region": "a region that is found is made on the CPU",
    "diffusion.sd15_unet": "names and shapes, no numbers",
    "diffusion.state_dicts": "names and shapes, no numbers",
    "lightningdrag.files": "names and shapes, no numbers",
}  # fmt: skip
# points, steps and pixels times as many
SMALL, LARGE = {}, {"points": 20, "steps": 8, "height": 480, "width": 560}


def on_cpu(case, **size):
    return [one.detach() for one in tensors_of(case.run(Given(torch.device("cpu"), **size)))]


def agreement(case, device):
    """The row of a case on a device against the CPU."""
    found = [one.detach().cpu() for one in tensors_of(case.run(Given(device)))]
    if device.type == "cpu":
        if all(one.isfinite().all() for one in found):
            return passed(reason="runs, and every number is finite; there is no card to compare")
        return failed("a number is not finite")
    largest, beyond = compare(found, on_cpu(case), case.tolerance)
    unit, value, limit = "of the largest value", largest, case.tolerance
    if case.share:
        unit, value, limit = f"of the values differ by more than {case.tolerance:g}", beyond, case.share
    if value <= limit:
        return passed(value, unit, limit)
    return failed(
        "shapes differ from the CPU's, or numbers are not finite" if value == float("inf") or beyond == 1 else
        "differs from the CPU's by more than the tolerance", value, unit, limit,
    )  # fmt: skip


def waiting(case, device):
    """The row of how often a case waits for the device, with few points, steps and pixels and with many."""
    few, many = (counted(device, case.run, Given(device, **size)) for size in (SMALL, LARGE))
    if many <= few + case.spare:
        return passed(many, "waits, however much there is to do", few + case.spare)
    return failed(
        f"waits {few} times, but {many} times with {LARGE['points']} points, {LARGE['steps']} steps and "
        f"{LARGE['width']} x {LARGE['height']} pixels", many, "waits", few + case.spare,
    )  # fmt: skip


def checks(setting):
    for case in CASES:
        yield case.name, lambda case=case: agreement(case, setting.device)


def waiting_checks(setting):
    if not setting.is_cuda:
        yield (
            "every kernel",
            lambda: not_tried("needs a CUDA card, whose waits torch can count; the tests count them on a stand-in"),
        )
        return
    for case in CASES:
        yield case.name, lambda case=case: waiting(case, setting.device)
