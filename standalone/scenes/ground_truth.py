"""Drags whose right answer is known: a photograph or an object laid over it moves by a known motion."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ...kernels.points.drag_points import DragPoints
from ...weights import HELD_OUT, TRAINED
from .coarse_regions import SHAPES, coarse_region
from .motions import Affine, Bend, Pull, blob, positions, sample
from .photographs import photograph

KINDS = ("translation", "rotation", "scaling", "bending", "pull")
SIZES = ("small", "large")
SIDE = 256
MARGINS = (8, 24)  # pixels around a coarse region


@dataclass(frozen=True)
class Case:
    """One drag with its truth. Pictures [3, H, W] in 0..1; mask [1, H, W] (1 = may change); flow [2, H, W] in pixels,
    where the content of each source pixel goes; coarse [1, H, W] is the mask as people paint it."""

    name: str
    kind: str
    trained: bool
    source: torch.Tensor
    target: torch.Tensor
    mask: torch.Tensor
    points: DragPoints
    flow: torch.Tensor
    coarse: torch.Tensor


def _dilate(mask, radius):
    return F.max_pool2d(mask[None, None].float(), 2 * radius + 1, 1, radius)[0, 0] > 0


def _number(generator, low, high):
    return low + (high - low) * torch.rand(1, generator=generator).item()


def _points(motion, handles):
    handles = torch.tensor(handles)
    return DragPoints.from_pixels(handles.double(), motion.forward(handles).double(), SIDE, SIDE)


def _object_motion(kind, size, centre, generator):
    large = size == "large"
    turn = 1 if _number(generator, 0, 1) < 0.5 else -1
    if kind == "translation":
        angle, length = _number(generator, 0, 2 * math.pi), (34 if large else 12)
        return Affine(centre, shift=(length * math.cos(angle), length * math.sin(angle)))
    if kind == "rotation":
        return Affine(centre, angle=turn * math.radians(40 if large else 15))
    return Affine(centre, scale=(1.4 if large else 1.15) ** turn)


def _object_case(kind, size, background, content, generator):
    """A cut-out of one picture moves over another; what it uncovers is known."""
    xy = positions(SIDE)
    centre = (_number(generator, 90, 166), _number(generator, 90, 166))
    radius = _number(generator, 34, 46)
    wobble = tuple(_number(generator, 0, 0.1) for _ in range(3))
    phase = tuple(_number(generator, 0, 2 * math.pi) for _ in range(3))
    motion = _object_motion(kind, size, centre, generator)

    def cut_out(where):
        return blob(where, centre, radius, wobble, phase)

    back = motion.inverse(xy)
    source = torch.lerp(background, content, cut_out(xy))
    target = torch.lerp(background, sample(content, back), cut_out(back))
    here, there = cut_out(xy) > 0.5, cut_out(back) > 0.5
    flow = torch.where(here, (motion.forward(xy) - xy).permute(2, 0, 1), 0)
    if kind == "translation":
        handles = [centre]
    else:
        angle = _number(generator, 0, 2 * math.pi)
        handles = [
            (centre[0] + 0.7 * radius * math.cos(a), centre[1] + 0.7 * radius * math.sin(a))
            for a in (angle, angle + 2 * math.pi / 3, angle + 4 * math.pi / 3)
        ]
    return source, target, _dilate(here | there, 12), _points(motion, handles), flow


def _smooth_case(kind, size, picture, generator):
    """The picture itself is bent or pulled; nothing is uncovered."""
    xy = positions(SIDE)
    large = size == "large"
    angle = _number(generator, 0, 2 * math.pi)
    middle = (_number(generator, 100, 156), _number(generator, 100, 156))
    direction = (math.cos(angle), math.sin(angle))
    if kind == "bending":
        length = 80.0
        root = tuple(m - 40 * d for m, d in zip(middle, direction, strict=True))
        motion = Bend(root, direction, length, 26.0, 26.0 if large else 10.0)
        handles = [tuple(r + s * length * d for r, d in zip(root, direction, strict=True)) for s in (0.6, 1.0)]
    else:
        reach = 28.0 if large else 10.0
        motion = Pull(middle, tuple(reach * d for d in direction), 36.0 if large else 24.0)
        handles = [middle]
    flow = motion.forward(xy) - xy
    back = motion.inverse(xy)
    target = sample(picture, back)
    moving = (flow.norm(dim=-1) > 1) | ((back - xy).norm(dim=-1) > 1)
    return picture, target, _dilate(moving, 8), _points(motion, handles), flow.permute(2, 0, 1)


def moved(kind, size, picture, other, generator):
    """A random drag of a kind of KINDS and a size of SIZES: source, target [3, H, W], mask [H, W], DragPoints, flow
    [2, H, W] of Case. other is the picture that an object is cut out of."""
    if kind in ("bending", "pull"):
        return _smooth_case(kind, size, picture, generator)
    return _object_case(kind, size, picture, other, generator)


def _coarse(flow, generator):
    shape = SHAPES[int(_number(generator, 0, len(SHAPES)))]
    return _dilate(coarse_region(shape, flow), round(_number(generator, *MARGINS)))


def cases(seed=0, every=1):
    """All kinds and sizes of motion on each bundled photograph, held-out ones last; `every` thins them evenly."""
    for names, trained in ((TRAINED, True), (HELD_OUT, False)):
        pictures = [photograph(name, SIDE) for name in names]
        for i, name in enumerate(names):
            for j, (kind, size) in enumerate((k, s) for k in KINDS for s in SIZES):
                if (i * 3 + j) % every:
                    continue
                generator = torch.Generator().manual_seed(seed * 10_000 + (0 if trained else 1000) + i * 100 + j)
                parts = moved(kind, size, pictures[i], pictures[(i + 1) % len(names)], generator)
                source, target, mask, points, flow = parts
                mask, coarse = (one[None].float() for one in (mask, _coarse(flow, generator)))
                yield Case(f"{name} {kind} {size}", kind, trained, source, target, mask, points, flow, coarse)
