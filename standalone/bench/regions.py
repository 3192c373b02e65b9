"""What moves, where nobody has painted it: how far each way to find it covers what truly moves, and what the drag warp
makes of it against the truth, of known motions and of real pairs."""

from dataclasses import replace
from functools import partial

import torch
from tqdm import tqdm

from ...kernels.diffusion.ddim import invert
from ...kernels.diffusion.kv_cache import KVCache
from ...kernels.diffusion.recorded_features import finest_grid, recorded_features
from ...kernels.motion.displacements import BORDERS
from ...kernels.points.attention_region import attention_region
from ...kernels.points.find_region import find_region
from ...kernels.points.picture_region import picture_region
from ...kernels.points.walk_region import grid_of
from ..methods.inversion import inversion_levels
from ..models.drag_model import load_demo
from ..scenes.ground_truth import cases
from .metrics import content_distance, probes, psnr
from .pairs import ALONE, read_pairs
from .region_tables import OWN
from .warp import DEFAULT

METHODS = {"free": ALONE[DEFAULT], "held": ALONE[f"{DEFAULT} held"]}


def by_points(case, border="free"):
    height, width = case.source.shape[-2:]
    return find_region(*case.points.to_grid(width, height), height, width, border)


def by_picture(case):
    return picture_region(case.source, case.points)


def by_attention(model, case):
    """From what KV-Cache Inversion records with its defaults."""
    timesteps, alphas = inversion_levels(model, 10, 0.7)
    cache = KVCache(timesteps, "gpu")
    with model.denoiser.recording(cache):
        height, width = invert(model.denoiser, model.encode(case.source[None]), timesteps, alphas, 0).shape[-2:]
    grid = grid_of(*finest_grid(cache, height, width))
    features = recorded_features(cache, 0, height, width, *grid)
    return attention_region(features, grid, case.points, width, height)


def what_moves(case):
    return case.flow.norm(dim=0) > 1


def painted(case):
    return case.mask[0] > 0.5


def everything(case):
    return painted(case) | True


# ways that need no truth; those that do; and no warp at all
FOUND = {
    "points": by_points, "wide points": partial(by_points, border="held"), "picture": by_picture,
    "everything": everything,
}  # fmt: skip
TOLD = {"what moves": what_moves, "painted": painted}
NOTHING = "nothing done"


def overlap(region, truth):
    """Intersection over union of two regions [H, W] (bool)."""
    return ((region & truth).sum() / (region | truth).sum()).item()


def _rows(case, ways, **about):
    """(row, result) of every way and border for a Case or a Pair."""
    regions = {name: way(case) for name, way in ways.items()}
    tried = [(name, border) for name in regions for border in BORDERS]
    regions[NOTHING] = painted(case) & False
    for name, border in [(NOTHING, None), *tried]:
        result = METHODS[border](None, replace(case, mask=regions[name][None].float())) if border else case.source
        inside = painted(case)
        row = about | {"case": case.name, "region": name, "border": border}
        row |= {"psnr_inside": psnr(result, case.target, inside), "psnr": psnr(result, case.target, inside | True)}
        yield row, regions[name], result


def bench_known(quick=False, seed=0, model=None):
    """Rows of the quality bench's drags: overlap with what moves, distance, and PSNR in what changes and of all."""
    rows, by_model = [], {"attention": partial(by_attention, model or load_demo())}
    for index, case in enumerate(tqdm(list(cases(seed, every=5 if quick else 1)), desc="known motions")):
        places = probes(case, torch.Generator().manual_seed(seed + index))
        about = {"drags": OWN, "kind": case.kind, "trained": case.trained}
        for row, region, result in _rows(case, FOUND | by_model | TOLD, **about):
            distance = content_distance(result, case, places)
            rows.append(row | {"overlap": overlap(region, what_moves(case)), "distance": distance})
    return rows


def bench_real(folder, quick=False):
    """Rows of real pairs: PSNR in what people painted, and of all of the picture."""
    pairs = read_pairs(folder, every=5 if quick else 1)
    ways = FOUND | {"painted": painted}
    return [row for pair in tqdm(pairs, desc="drags") for row, _, _ in _rows(pair, ways, drags=pair.drags)]
