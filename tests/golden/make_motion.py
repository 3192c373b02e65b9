"""Writes tests/golden/motion_js.json: displacements of kernels/motion that web/preview finds too, every few cells.

Run from the repository: python tests/golden/make_motion.py.
"""

import json
from pathlib import Path

import torch
from dragkit.kernels.motion.displacements import DISPLACEMENTS, MOVING_LEAST_SQUARES, displace
from dragkit.kernels.points.find_region import find_region
from dragkit.kernels.points.strokes import Stroke, rasterise

WHOLE = [Stroke("box", ((0, 0), (1, 1)))]
BLOB = [Stroke("brush", ((0.25, 0.35), (0.7, 0.5), (0.6, 0.75)), 0.4)]
RING = [Stroke("brush", ((0.5, 0.5),), 0.9), Stroke("erase", ((0.5, 0.5),), 0.3)]
PARTS = [Stroke("brush", ((0.25, 0.4),), 0.45), Stroke("box", ((0.55, 0.2), (0.9, 0.85)))]
THIN = [Stroke("brush", ((0.1, 0.2), (0.9, 0.7)), 0.03)]

TURN = [((0.4, 0.4), (0.45, 0.36)), ((0.62, 0.5), (0.6, 0.57)), ((0.5, 0.62), (0.44, 0.6))]
SINGLE = [((0.45, 0.45), (0.58, 0.5))]
FAR = [((0.3, 0.4), (0.66, 0.52))]
MANY = [((x / 6, y / 5), (x / 6 + 0.02 * (y - 2), y / 5 - 0.015 * (x - 3))) for x in range(1, 6) for y in range(1, 5)]
CLOSE = [((0.45, 0.5), (0.5, 0.45)), ((0.46, 0.505), (0.42, 0.55))]
EACH = [((0.22, 0.4), (0.28, 0.45)), ((0.3, 0.35), (0.3, 0.35)), ((0.7, 0.4), (0.76, 0.5)), ((0.75, 0.7), (0.7, 0.66))]
BESIDE = [((0.53, 0.3), (0.6, 0.4)), ((0.02, 0.95), (0.02, 0.95)), ((0.7, 0.6), (0.75, 0.5))]
LEAVING = [((0.5, 0.6), (0.95, 0.9))]

# width, height, strokes (None: the discs of find_region), drags as (handle, target) in fractions
SCENES = {
    "a turn in a blob": (320, 256, BLOB, TURN),
    "one drag over everything": (300, 451, WHOLE, SINGLE),
    "far in a blob": (384, 288, BLOB, FAR),
    "twenty drags": (512, 384, WHOLE, MANY),
    "close drags that differ": (288, 352, BLOB, CLOSE),
    "parts of their own": (400, 300, PARTS, EACH),
    "a handle beside its part and a pin outside": (400, 300, PARTS, BESIDE),
    "a drag that leaves": (256, 320, BLOB, LEAVING),
    "a thin line": (320, 256, THIN, [((0.5, 0.45), (0.53, 0.44))]),
    "a ring": (256, 256, RING, [((0.25, 0.5), (0.3, 0.45)), ((0.5, 0.78), (0.45, 0.75))]),
    "discs": (320, 240, None, TURN),
    "a small picture": (48, 40, BLOB, TURN),
}
# degrees and scales at the handles of these scenes, which some displacements follow
TURNS = {
    "a turn in a blob, turned": [(30, 1.2), (0, 1), (-20, 1)],
    "one drag over everything, turned": [(-75, 0.8)],
    "parts of their own, turned": [(25, 1), (0, 1.3), (0, 1), (160, 1)],
}
SCENES |= {name: SCENES[name.removesuffix(", turned")] for name in TURNS}
# cells between the ones that are kept
EVERY = 29


def cases():
    for name, (width, height, strokes, drags) in SCENES.items():
        size = torch.tensor([width, height])
        points = torch.tensor(drags, dtype=torch.float64) * size - 0.5
        for border in ("held", "free"):
            if strokes is None:
                region = find_region(points[:, 0], points[:, 1], height, width, border)
            else:
                region = rasterise(strokes, height, width)
            every = 5 if strokes is THIN or max(width, height) < 100 else EVERY
            turns = TURNS.get(name)
            for choice in MOVING_LEAST_SQUARES if turns else DISPLACEMENTS:
                given = None if turns is None else torch.tensor(turns, dtype=torch.float64)
                flow = displace(points[:, 0], points[:, 1], region, choice, border=border, turns=given)[0]
                kept = flow[:, ::every, ::every].permute(1, 2, 0).flatten()
                yield {
                    "name": name,
                    "choice": choice,
                    "border": border,
                    "width": width,
                    "height": height,
                    "strokes": None if strokes is None else [_stroke(one) for one in strokes],
                    "handles": [[round(v, 6) for v in point] for point in points[:, 0].tolist()],
                    "targets": [[round(v, 6) for v in point] for point in points[:, 1].tolist()],
                    **({"turns": turns} if turns else {}),
                    "every": every,
                    "cells": int(region.sum()),
                    "flow": [round(value, 2) for value in kept.tolist()],
                }


def _stroke(stroke):
    return {"tool": stroke.tool, "points": [list(p) for p in stroke.points]} | (
        {"size": stroke.size} if stroke.size else {}
    )


def main():
    path = Path(__file__).parent / "motion_js.json"
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases())
    path.write_text("[\n" + lines + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
