"""Writes tests/golden/lwf_js.json: displacements of kernels/motion/lwf.py and cells of kernels/points/masks.py that
web/preview/lwf.mjs and web/preview/displacement.mjs must find too.

Run from the repository: python tests/golden/make_lwf.py.
"""

import json
from pathlib import Path

import torch
from dragkit.kernels.motion.lwf import lwf
from dragkit.kernels.points.masks import mask_to_grid
from dragkit.kernels.points.strokes import Stroke, rasterise

WHOLE = [Stroke("box", ((0, 0), (1, 1)))]
BOX = [Stroke("box", ((0.25, 0.25), (0.75, 0.75)))]
RING = [Stroke("brush", ((0.5, 0.5),), 0.95), Stroke("erase", ((0.5, 0.5),), 0.4)]
BLOB = [Stroke("brush", ((0.2, 0.3), (0.7, 0.5), (0.6, 0.9)), 0.3)]
ONE = [Stroke("box", ((0.5, 0.5), (0.6, 0.65)))]

# width, height, strokes, drags as (handle, target) in cell indices
FIELDS = {
    "no drag": (6, 5, WHOLE, []),
    "one drag": (9, 7, WHOLE, [((3.2, 2.7), (5.5, 3.1))]),
    "one drag from the centre of a cell": (8, 8, WHOLE, [((4, 3), (6, 3))]),
    "several drags": (12, 9, WHOLE, [((3, 2.5), (5, 2)), ((8.25, 6), (7, 4.75)), ((5.5, 7), (5.5, 9))]),
    "opposed drags": (12, 6, WHOLE, [((3, 3), (7, 3)), ((8, 3), (4, 3))]),
    "equal handles": (7, 7, WHOLE, [((3.5, 3), (5, 3)), ((3.5, 3), (3.5, 5))]),
    "a drag of length zero": (7, 5, WHOLE, [((3, 2), (3, 2))]),
    "an anchor beside a drag": (10, 8, WHOLE, [((3, 3), (3, 3)), ((6, 4), (8, 5.5))]),
    "box": (12, 12, BOX, [((5, 5), (7.5, 6))]),
    "handle outside the mask": (12, 10, BOX, [((1, 1.5), (4, 4))]),
    "handle outside the picture": (8, 6, WHOLE, [((-0.5, 2), (3, 2)), ((7.5, 5.5), (5, 4))]),
    "handle at the corner of the mask": (12, 12, BOX, [((3, 3), (5, 5))]),
    "mask of one cell, its own handle": (10, 8, ONE, [((5, 4), (7, 4))]),
    "mask of one cell, another handle": (10, 8, ONE, [((2, 2), (4, 3))]),
    "empty mask": (6, 4, [], [((2, 2), (4, 3))]),
    "ring": (14, 11, RING, [((4.5, 3), (6, 5)), ((7, 5), (9, 5))]),
    "blob in a wide picture": (20, 8, BLOB, [((6, 3), (10.5, 4)), ((13, 6), (12, 7))]),
    "blob in a tall picture": (7, 18, BLOB, [((2.5, 7), (4, 10))]),
    "one row": (12, 1, WHOLE, [((4, 0), (7.5, 0))]),
    "one column": (1, 9, WHOLE, [((0, 4), (0.5, 2.5))]),
    "far drag": (9, 9, WHOLE, [((1, 1), (30, 25))]),
}

# width and height of the mask, strokes, width and height of the grid
GRIDS = {
    "whole cells": (24, 16, BOX, 6, 4),
    "half cells": (24, 24, BOX, 6, 6),
    "sizes that are no multiples": (50, 33, BLOB, 16, 11),
    "wide": (96, 31, BLOB, 64, 21),
    "ring": (61, 47, RING, 13, 10),
    "thinner than a cell": (40, 40, [Stroke("brush", ((0.1, 0.2), (0.9, 0.4)), 0.001)], 8, 8),
    "the grid's own size": (14, 11, RING, 14, 11),
    "smaller than the grid": (9, 6, BLOB, 21, 14),
    "empty": (12, 8, [], 6, 4),
    "whole": (13, 9, WHOLE, 4, 3),
    "one row": (30, 2, BLOB, 16, 1),
}


def rows(mask):
    return ["".join(".#"[value] for value in row) for row in mask.int().tolist()]


def fields():
    for name, (width, height, strokes, drags) in FIELDS.items():
        mask = rasterise(strokes, height, width)
        points = torch.tensor(drags, dtype=torch.float64).view(-1, 2, 2)
        flow = lwf(points[:, 0], points[:, 1], mask)[0].permute(1, 2, 0).flatten()
        yield {
            "name": name,
            "width": width,
            "height": height,
            "handles": points[:, 0].tolist(),
            "targets": points[:, 1].tolist(),
            "mask": rows(mask),
            "flow": [round(value, 6) for value in flow.tolist()],
        }


def grids():
    for name, (width, height, strokes, grid_width, grid_height) in GRIDS.items():
        mask = rasterise(strokes, height, width)
        cells = mask_to_grid(mask[None].float(), grid_height, grid_width)[0]
        yield {"name": name, "width": width, "height": height, "mask": rows(mask), "cells": rows(cells)}


def main():
    parts = [
        f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]"
        for name, cases in (("lwf", fields()), ("cells", grids()))
    ]
    path = Path(__file__).parent / "lwf_js.json"
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
