"""Speed of the latent warpage and BNNI: against the plain loop, at a large size, and as cells and points grow."""

import math
import time

import torch
from tqdm import tqdm

from ...kernels.motion.displacements import displace
from ...kernels.warp.batches import warp_batch
from ..methods.fastdrag import FILL_OF_MODE, FILLS
from .plain_loop import bnni_plain, relocate_plain

SIDES = (32, 64, 128, 256)
POINTS = (1, 4, 16, 64)


def latent_case(side, channels, points, seed=0):
    """Latent, handles, targets and the mask of the whole picture; drags of about a tenth of it."""
    generator = torch.Generator().manual_seed(seed)
    handles = (0.2 + 0.6 * torch.rand(points, 2, generator=generator, dtype=torch.float64)) * side
    drags = 0.1 * side * torch.randn(points, 2, generator=generator, dtype=torch.float64)
    latent = torch.randn(1, channels, side, side, generator=generator)
    return latent, handles, (handles + drags).clamp(0, side - 1), torch.ones(1, side, side, dtype=torch.bool)


def latent_edit(mode, latent, handles, targets, mask):
    moved, holes = warp_batch(latent, displace(handles, targets, mask[0], "stretch"), mask, mode)
    return FILLS[FILL_OF_MODE[mode]](moved, holes[0])


def _loop(latent, handles, targets, mask):
    return bnni_plain(*relocate_plain(latent, handles, targets, mask[0]), sequential=True)


def median_ms(function, case, runs, warm_up):
    """Median time of function(*case) over runs, after warm_up runs more."""
    times = []
    for run in range(warm_up + runs):
        start = time.perf_counter()
        function(*case)
        if run >= warm_up:
            times.append(time.perf_counter() - start)
    return sorted(times)[runs // 2] * 1e3


def _exponent(sizes, times):
    """Least-squares slope of log time over log size: 1 is linear growth."""
    x, y = ([math.log(value) for value in values] for values in (sizes, times))
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)


def bench_kernels(runs=15):
    """Rows of measurement, mode, value, unit, target, met and threads; times are medians of LWF + warp + BNNI over
    the whole picture on the CPU."""
    rows = []

    def row(measurement, mode, value, unit, target="", met=None):
        rows.append({
            "measurement": measurement, "mode": mode, "value": value, "unit": unit, "target": target, "met": met,
            "threads": torch.get_num_threads(),
        })  # fmt: skip

    loop = median_ms(_loop, latent_case(64, 4, 5), runs=3, warm_up=1)
    row("64x64x4, 5 points", "plain loop", loop, "ms")
    for mode in tqdm(FILL_OF_MODE, desc="latent warpage"):

        def measure(side, channels, points, mode=mode):
            return median_ms(
                lambda *case: latent_edit(mode, *case), latent_case(side, channels, points), runs, warm_up=3
            )

        small = measure(64, 4, 5)
        row("64x64x4, 5 points", mode, small, "ms")
        row("times faster than the loop", mode, loop / small, "x", ">= 100", loop / small >= 100)
        large = measure(128, 16, 5)
        row("128x128x16, 5 points", mode, large, "ms", "< 20", large < 20)
        sides = [measure(side, 4, 5) for side in SIDES]
        points = [measure(64, 4, count) for count in POINTS]
        cells = _exponent([side**2 for side in SIDES], sides)
        row(f"growth with cells, {SIDES[0]}^2 to {SIDES[-1]}^2", mode, cells, "exponent", "<= 1.1", cells <= 1.1)
        count = _exponent(POINTS, points)
        row(f"growth with points, {POINTS[0]} to {POINTS[-1]}", mode, count, "exponent", "<= 1.1", count <= 1.1)
    return rows
