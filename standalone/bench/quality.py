"""Edits against the truth: picture quality, distance to target, evaluations, time and memory of every method."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from ...kernels.dynadrag.predict_and_move import Tracker
from ...weights import HELD_OUT, TRAINED
from ..batch.workers import in_order
from ..methods.dynadrag import dynadrag
from ..methods.fastdrag import fastdrag
from ..models.drag_model import load_demo
from ..models.predictors import load_motion_predictor
from ..pictures import to_pil
from ..scenes.ground_truth import SIDE, cases
from ..scenes.photographs import photograph
from .dynadrag import DEMO, GRADIENT, PUBLISHED, scheduled_edit
from .metrics import content_distance, probes, psnr, ssim
from .quality_tables import AUTOENCODER

PASTE_RADIUS = 16  # pixels


def nothing(model, case):
    return case.source


def paste(model, case):
    """What a person does in a paint program: the disc around each handle is copied to its target."""
    side = case.source.shape[-1]
    handles, targets = case.points.to_pixels(side, side)
    result = case.source.clone()
    axis = torch.arange(side) + 0.5
    for handle, target in zip(handles, targets, strict=True):
        inside = (axis[None] - target[0]) ** 2 + (axis[:, None] - target[1]) ** 2 < PASTE_RADIUS**2
        rows, columns = inside.nonzero(as_tuple=True)
        dx, dy = (target - handle).round().long().tolist()
        result[:, rows, columns] = case.source[:, (rows - dy).clamp(0, side - 1), (columns - dx).clamp(0, side - 1)]
    return result


def true_picture(model, case):
    """What no method that redraws the picture can be better than."""
    return model.decode(model.encode(case.target[None]))[0]


def fastdrag_by(**options):
    def run(model, case):
        return fastdrag(model, case.source[None], case.points, case.mask, **options)[0]

    return run


def predicted(model, case):
    return dynadrag(model, case.source[None], case.points, case.mask, load_motion_predictor())[0][0]


def tracked(model, case):
    return dynadrag(model, case.source[None], case.points, case.mask, guide=Tracker())[0][0]


def published(model, case):
    return scheduled_edit(model, case.source[None], case.points, case.mask, load_motion_predictor(), PUBLISHED)[0][0]


def demo_settings(model, case):
    return scheduled_edit(model, case.source[None], case.points, case.mask, load_motion_predictor(), DEMO)[0][0]


@dataclass(frozen=True)
class OnCoarse:
    """A method on the region as people paint it, and measured inside and outside that."""

    method: Callable


METHODS = {
    "nothing done": nothing,
    "paste at target": paste,
    "true picture": true_picture,
    "FastDrag rigid held": fastdrag_by(),
    "FastDrag predict": fastdrag_by(inversion="predict"),
    "FastDrag inverse": fastdrag_by(displacement="stretch", border="free"),
    "FastDrag fastdrag": fastdrag_by(mode="fastdrag"),
    "DynaDrag": predicted,
    "DynaDrag for demo": demo_settings,
}
# these take minutes per edit on a CPU
SLOW_METHODS = {"DynaDrag tracking": tracked, "DynaDrag published": published}


def _reset_peak():
    """Resident set peak of this process back to now (Linux); False where the system cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _peak_mib():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _evaluation_seconds(model, repeats=5):
    """Median time of one evaluation of the network on one 256 x 256 picture."""
    z = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        model.denoiser(z, 301)
        times.append(time.perf_counter() - start)
    return sorted(times)[repeats // 2]


class QualityWork:
    """Measures (seed, Case): a row per method, and the pictures by (case, column)."""

    def __init__(self, methods, model=None):
        self.methods, self.model = methods, model or load_demo()

    def __call__(self, job):
        seed, case = job
        model, rows = self.model, []
        # beside each case: a machine may be busier now than an hour ago
        floor = _evaluation_seconds(model)
        places = probes(case, torch.Generator().manual_seed(seed))
        pictures = {(case.name, "source"): case.source, (case.name, "true target"): case.target}
        for name, method in self.methods.items():
            painted = case
            if isinstance(method, OnCoarse):
                painted, method = replace(case, mask=case.coarse), method.method
            inside = painted.mask[0] > 0.5
            before, can_reset = (model.denoiser.evaluations, model.denoiser.gradient_steps), _reset_peak()
            base, start = (_peak_mib() if can_reset else None), time.perf_counter()
            result = method(model, painted)
            seconds = time.perf_counter() - start
            evaluations = model.denoiser.evaluations - before[0]
            gradient_steps = model.denoiser.gradient_steps - before[1]
            pictures[case.name, name] = result
            rows.append({
                "case": case.name, "kind": case.kind, "trained": case.trained, "method": name,
                "psnr_inside": psnr(result, case.target, inside), "psnr_outside": psnr(result, case.target, ~inside),
                "ssim_inside": ssim(result, case.target, inside), "ssim_outside": ssim(result, case.target, ~inside),
                "distance": content_distance(result, case, places),
                "evaluations": evaluations, "gradient_steps": gradient_steps, "seconds": seconds,
                "floor_seconds": (evaluations + GRADIENT * gradient_steps) * floor,
                "peak_mib": _peak_mib() - base if can_reset else None,
            })  # fmt: skip
        return rows, pictures


def bench_quality(quick=False, seed=0, methods=METHODS, model=None, ray=None):
    """One row per method and case (PSNR and SSIM inside and outside the mask, distance, evaluations, gradient steps,
    seconds, floor seconds, peak MiB above the start), and the pictures by (case, column). The workers of a Ray each
    load the demo model."""
    jobs = [(seed + index, case) for index, case in enumerate(cases(seed, every=5 if quick else 1))]
    rows, pictures = [], {}
    for measured, shown in in_order(partial(QualityWork, methods, model), jobs, ray, "cases"):
        rows, pictures = rows + measured, pictures | shown
    return rows, pictures


def bench_autoencoder(model=None):
    """A row per bundled photograph: PSNR of it, encoded and decoded."""
    model, rows = model or load_demo(), []
    for name in TRAINED + HELD_OUT:
        picture = photograph(name, SIDE)
        result = model.decode(model.encode(picture[None]))[0]
        everywhere = torch.ones(SIDE, SIDE, dtype=torch.bool)
        rows.append({
            "case": name, "trained": name in TRAINED, "method": AUTOENCODER, "psnr": psnr(result, picture, everywhere)
        })  # fmt: skip
    return rows


def contact_sheet(pictures, path, count=10):
    """PNG with one row per case (evenly chosen): source, truth and every method's result."""
    names = list(dict.fromkeys(case for case, _ in pictures))
    columns = list(dict.fromkeys(column for _, column in pictures))
    step = max(1, len(names) // count)
    sheet = torch.cat([torch.cat([pictures[name, column] for column in columns], 2) for name in names[::step]], 1)
    to_pil(sheet).save(path)
    return columns, names[::step]
