"""Drags whose truth is a real picture: the next frame of a video, as far as each motion alone and the methods that
redraw the picture come to it."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

from ...kernels.drawing.overlay import draw_points
from ...kernels.motion.displacements import DISPLACEMENTS, MOVING_LEAST_SQUARES, displace
from ...kernels.motion.flow import check_flow, resize_flow
from ...kernels.points.drag_points import DragPoints, DragPointsError
from ...kernels.points.latent_cells import whole_cells
from ...kernels.points.masks import read_mask
from ...kernels.warp.bnni import bnni
from ...kernels.warp.picture import drag_warp, inpaint_mask
from ...weights.tensor_files import read_safetensors
from ..batch.workers import in_order
from ..methods.warp import repair
from ..models.predictors import in_regions
from ..picture_files import read_mask as mask_of_file
from ..picture_files import read_picture
from ..user_input import UserError
from . import instantdrag
from .metrics import psnr, ssim
from .quality import fastdrag_by, nothing
from .warp import DEFAULT

FLOW = "flow.safetensors"
# the file of each kind of drags
DRAGS = {"one arrow": "points.json", "several arrows": "points_flowdrag.json"}
TILE = 256  # pixels of a picture on the contact sheet
SHOWN = 10  # pairs on it, about
HELD = tuple(MOVING_LEAST_SQUARES)


@dataclass(frozen=True)
class Pair:
    """A drag whose truth is a picture; it serves where a Case does. source and target [3, H, W] in 0..1; mask [1, H, W]
    (1 = may change); flow [1, 2, H, W] in pixels, None without a file."""

    name: str
    drags: str
    source: torch.Tensor
    target: torch.Tensor
    mask: torch.Tensor
    points: DragPoints
    flow: torch.Tensor | None


def _read_points(path, width, height):
    """DragPoints of {"points": [[x, y], ...]}: handle and target in turn, as pixels of a picture count from 0."""
    try:
        ends = torch.tensor(json.loads(path.read_text())["points"], dtype=torch.float64)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({type(error).__name__}); a pair has {' and '.join(DRAGS.values())}"
        ) from error
    except (ValueError, TypeError, KeyError):
        ends = torch.zeros(0)
    if ends.ndim != 2 or ends.shape[1] != 2 or not len(ends) or len(ends) % 2:
        raise UserError(f'{path} must be {{"points": [[x, y], ...]}}, handle and target in turn, in pixels')
    try:
        return DragPoints.from_pixels(ends[0::2] + 0.5, ends[1::2] + 0.5, width, height)
    except DragPointsError as error:
        raise UserError(f"{path}: {error}") from error


def _read_flow(path, height, width):
    tensors, _ = read_safetensors(path, path)
    if "flow" not in tensors:
        raise UserError(f"{path} has no tensor flow, [1, 2, height, width] in pixels, among: {', '.join(tensors)}")
    flow = tensors["flow"]
    check_flow(flow, path)
    if len(flow) != 1:
        raise UserError(f"{path} has {len(flow)} flows; it must have one")
    return resize_flow(flow.float(), height, width)


def _read_pair(folder, multiple):
    """The Pairs of a folder, one for each kind of DRAGS, on its whole cells."""
    source, target = (read_picture(folder / f"{name}.png").image[:, :3] for name in ("input", "gt"))
    mask = mask_of_file(folder / "mask.png")
    height, width = source.shape[-2:]
    for name, picture in (("gt", target), ("mask", mask)):
        rows, columns = picture.shape[-2:]
        if (rows, columns) != (height, width):
            raise UserError(
                f"{folder / name}.png is {columns} x {rows}, but input.png is {width} x {height}; "
                "the pictures of a pair have one size"
            )
    mask = read_mask(mask, folder / "mask.png")
    if mask is None:
        raise UserError(f"{folder / 'mask.png'} has nothing painted; white is what may change")
    flow = _read_flow(folder / FLOW, height, width) if (folder / FLOW).exists() else None
    mask = (mask >= 0.5).float()
    source, target, mask, flow = (
        one if one is None else whole_cells(one, multiple, (-2, -1)) for one in (source, target, mask, flow)
    )
    pairs = []
    for drags, file in DRAGS.items():
        points = _read_points(folder / file, width, height)
        if drags == "one arrow" and len(points) > 1:
            raise UserError(f"{folder / file} has {len(points)} arrows; it must have one")
        points = points.on_cells(width, height, multiple)
        pairs.append(Pair(folder.name, drags, source[0], target[0], mask, points, flow))
    return pairs


def read_pairs(folder, multiple=1, every=1):
    """The Pairs of a folder of folders with input.png, gt.png, mask.png, the files of DRAGS and maybe FLOW, in the
    order of their names; `every` thins them evenly. UserError, one sentence, for a folder without any and for what is
    wrong in one of them."""
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; bench pairs needs one with a folder for each pair")
    folders = sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    pairs = [pair for one in folders[::every] for pair in _read_pair(one, multiple)]
    if not pairs:
        raise UserError(f"{folder} has no folders; each pair is one, with input.png, gt.png, mask.png and its points")
    if len({pair.flow is None for pair in pairs}) > 1:
        without = next(pair for pair in pairs if pair.flow is None)
        raise UserError(f"{folder / without.name} has no {FLOW}, but other pairs have; all of them must or none")
    return pairs


def _displaced(choice, **words):
    def flow_of(pair):
        height, width = pair.source.shape[-2:]
        handles, targets = pair.points.to_grid(width, height)
        # a handle that was set beside the region is of the nearest part, however far
        return displace(handles, targets, pair.mask[0] > 0.5, choice, reach=max(height, width), **words)

    return flow_of


def _in_region(asked):
    def flow_of(pair):
        return instantdrag.by_network(pair, in_regions(instantdrag.predictor(), asked), pair.mask[0] > 0.5)

    return flow_of


def _warped(pair, flow, border="free"):
    return drag_warp(pair.source[None], flow, pair.mask > 0.5, tears=border == "free")


def _moved(flow_of, border="free"):
    """The motion alone: what opens up is filled from the nearest pixels beside, above and below it, for all alike."""

    def run(model, pair):
        warped, opened, _ = _warped(pair, flow_of(pair), border)
        return bnni(warped, opened[0])[0]

    return run


def _repaired(flow_of):
    def run(model, pair):
        warped, opened, moved = _warped(pair, flow_of(pair))
        return repair(model, warped, inpaint_mask(opened, moved, seam=2, grow=1, feather=2))[0]

    return run


# choices of displace, and its further words
MOTIONS = [(choice, {}) for choice in DISPLACEMENTS] + [(choice, {"border": "held"}) for choice in HELD]
ALONE = (
    {"nothing done": nothing}
    | {" ".join((choice, *words.values())): _moved(_displaced(choice, **words), **words) for choice, words in MOTIONS}
    | {
        "motion predictor": _moved(instantdrag.predicted),
        "its first guess held": _moved(_in_region(False), "held"),
        "its network held": _moved(_in_region(True), "held"),
    }
)
OF_FLOW = {"FLOW file": _moved(lambda pair: pair.flow)}
BY_MODEL = {"FastDrag": fastdrag_by(), "Drag Warp and repair": _repaired(_displaced(DEFAULT))}
METHODS = ALONE | OF_FLOW | BY_MODEL


def methods_for(pairs, model):
    """Those of METHODS that these Pairs and this DragModel, or None, can be measured by."""
    return ALONE | (OF_FLOW if pairs[0].flow is not None else {}) | (BY_MODEL if model else {})


def _tile(picture):
    """picture [3, H, W] in the middle of a white square."""
    scale = TILE / max(picture.shape[-2:])
    size = [max(1, round(side * scale)) for side in picture.shape[-2:]]
    small = F.interpolate(picture[None], size, mode="bilinear", antialias=True)[0]
    down, right = (TILE - side for side in size)
    return F.pad(small, (right // 2, right - right // 2, down // 2, down - down // 2), value=1.0)


def _with_arrows(pair):
    return draw_points(pair.source.movedim(0, -1)[None], pair.points, pair.mask)[0].movedim(-1, 0)


class PairWork:
    """Measures (Pair, whether it is shown): a row per method, and {column: tile} or nothing."""

    def __init__(self, methods, load):
        self.methods = methods if isinstance(methods, dict) else {name: METHODS[name] for name in methods}
        self.model, self.lpips = load()

    def __call__(self, job):
        pair, shown = job
        rows, inside = [], pair.mask[0] > 0.5
        pictures = {"points": _with_arrows(pair)}
        for name, method in self.methods.items():
            result = pictures[name] = method(self.model, pair).cpu().float()
            row = {"case": pair.name, "drags": pair.drags, "arrows": len(pair.points), "method": name}
            for where, region in (("inside", inside), ("outside", ~inside)):
                for metric in (psnr, ssim):
                    value = metric(result, pair.target, region) if region.any() else None
                    row[f"{metric.__name__}_{where}"] = value
            rows.append(row | ({} if self.lpips is None else {"lpips": self.lpips(result, pair.target)}))
        pictures |= {"truth": pair.target}
        return rows, {column: _tile(picture) for column, picture in pictures.items()} if shown else {}


def bench_pairs(pairs, methods, model=None, lpips=None, ray=None, load=None):
    """One row per method and Pair (PSNR and SSIM inside and outside the mask, which are None where all of the picture
    may change, and LPIPS of the whole picture where there is a function for it), and pictures by (pair, column): the
    kinds of drags below each other. On Ray, methods are names, and load() gives each worker model and lpips."""
    rows, tiles = [], {}
    names = list(dict.fromkeys(pair.name for pair in pairs))
    shown = names[:: max(1, len(names) // SHOWN)]
    jobs = [(pair, pair.name in shown) for pair in pairs]
    make = partial(PairWork, methods, load or (lambda: (model, lpips)))
    for pair, (measured, pictures) in zip(pairs, in_order(make, jobs, ray, "drags"), strict=True):
        rows += measured
        for column, picture in pictures.items():
            tiles.setdefault((pair.name, column), []).append(picture)
    return rows, {key: torch.cat(of, 1) for key, of in tiles.items()}
