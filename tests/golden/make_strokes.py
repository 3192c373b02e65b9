"""Writes tests/golden/strokes.json, the masks that kernels/points/strokes.py and web/document/strokes.mjs must both
make; for soft strokes also how much of every pixel is painted, two hexadecimal digits each.

Run from the repository: python tests/golden/make_strokes.py, and look at the rows (# = covered) before committing them.
"""

import json
import random
from pathlib import Path

from dragkit.kernels.points.strokes import Stroke, cover, rasterise


def scribble(seed, count):
    """A path of count points that wanders and stays in the picture."""
    rng = random.Random(seed)
    x, y = rng.random(), rng.random()
    points = []
    for _ in range(count):
        x = min(max(x + rng.uniform(-0.2, 0.2), 0), 1)
        y = min(max(y + rng.uniform(-0.2, 0.2), 0), 1)
        points.append((round(x, 5), round(y, 5)))
    return tuple(points)


def spread(seed, count):
    rng = random.Random(seed)
    return tuple((rng.random(), rng.random()) for _ in range(count))


CASES = {
    "nothing": (6, 3, []),
    "dab": (11, 9, [Stroke("brush", ((0.5, 0.5),), 0.7)]),
    "dab thinner than a pixel": (6, 4, [Stroke("brush", ((0.5, 0.5),), 0.001)]),
    "dabs in the corners": (8, 6, [Stroke("brush", ((x, y),), 0.001) for x in (0, 1) for y in (0, 1)]),
    "two equal points": (9, 9, [Stroke("brush", ((0.4, 0.6), (0.4, 0.6)), 0.4)]),
    "horizontal": (16, 7, [Stroke("brush", ((0.2, 0.5), (0.8, 0.5)), 0.4)]),
    "vertical": (7, 12, [Stroke("brush", ((0.5, 0.9), (0.5, 0.1)), 0.4)]),
    "slanted and erased": (
        20, 12, [Stroke("brush", ((0.1, 0.1), (0.9, 0.8)), 0.4), Stroke("erase", ((0.3, 0.9), (0.7, 0.1)), 0.15)],
    ),
    "scribble": (48, 30, [Stroke("brush", scribble(1, 25), 0.07)]),
    "box": (12, 8, [Stroke("box", ((0.75, 0.25), (0.25, 0.875)))]),
    "box at pixel centres": (8, 6, [Stroke("box", ((1.5 / 8, 1.5 / 6), (4.5 / 8, 3.5 / 6)))]),
    "whole box": (5, 3, [Stroke("box", ((0, 0), (1, 1)))]),
    "empty box": (5, 3, [Stroke("box", ((0.2, 0.5), (0.9, 0.5)))]),
    "triangle": (14, 10, [Stroke("polygon", ((0.1, 0.1), (0.9, 0.3), (0.4, 0.95)))]),
    "star, even-odd": (
        25, 25, [Stroke("polygon", ((0.5, 0.02), (0.8, 0.95), (0.02, 0.36), (0.98, 0.36), (0.2, 0.95)))],
    ),
    "tangle": (40, 26, [Stroke("polygon", spread(2, 12))]),
    "inverted": (12, 8, [Stroke("box", ((0.25, 0.25), (0.75, 0.75))), Stroke("invert")]),
    "inverted twice, then more": (
        16, 10,
        [Stroke("brush", ((0.3, 0.3),), 0.5), Stroke("invert"), Stroke("erase", ((0.8, 0.8),), 0.5), Stroke("invert"),
         Stroke("box", ((0, 0.9), (1, 1)))],
    ),
    "erased before painted": (8, 4, [Stroke("erase", ((0.5, 0.5),), 1), Stroke("brush", ((0.2, 0.5),), 0.5)]),
    "thirds": (31, 17, [Stroke("brush", ((1 / 3, 1 / 3), (2 / 3, 1 / 7), (5 / 7, 6 / 7)), 1 / 9)]),
    "soft dab": (15, 13, [Stroke("brush", ((0.5, 0.5),), 0.9, 0.0)]),
    "half soft, erased softly": (
        24, 14,
        [Stroke("brush", ((0.1, 0.2), (0.9, 0.7)), 0.6, 0.5), Stroke("erase", ((0.5, 1), (0.5, 0.1)), 0.5, 0.25)],
    ),
    "soft and thin": (7, 5, [Stroke("brush", ((0.5, 0.5), (0.9, 0.5)), 0.01, 0.0)]),
    "soft, inverted, grown, shrunk": (
        26, 15,
        [Stroke("brush", scribble(3, 5), 0.5, 0.3), Stroke("invert"), Stroke("grow", size=0.11),
         Stroke("shrink", size=0.2)],
    ),
    "grown": (23, 15, [Stroke("box", ((0.3, 0.4), (0.35, 0.45))), Stroke("grow", size=0.3)]),
    "grown by less than a pixel": (6, 4, [Stroke("box", ((0.3, 0.3), (0.6, 0.6))), Stroke("grow", size=0.2)]),
    "nothing grown": (6, 4, [Stroke("grow", size=1)]),
    "shrunk, not from the border": (16, 10, [Stroke("box", ((0, 0), (0.7, 1))), Stroke("shrink", size=0.2)]),
    "shrunk to nothing": (16, 10, [Stroke("box", ((0.2, 0.2), (0.7, 0.7))), Stroke("shrink", size=1)]),
    "smoothed": (
        32, 22,
        [Stroke("polygon", spread(5, 9)), Stroke("brush", ((0.1, 0.9), (0.9, 0.9)), 0.02), Stroke("smooth", size=0.1)],
    ),
    "holes filled, not bays": (
        24, 14,
        [Stroke("brush", ((0.1, 0.1), (0.5, 0.1), (0.5, 0.9), (0.1, 0.9), (0.1, 0.1)), 0.1),
         Stroke("brush", ((0.6, 0), (0.8, 0.5), (1, 0)), 0.1),
         Stroke("brush", ((0.65, 0.9), (0.95, 0.9), (0.8, 0.6)), 0.1),
         Stroke("fill")],
    ),
    "soft ring filled": (
        20, 16,
        [Stroke("brush", ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.3)), 0.25, 0.2), Stroke("fill")],
    ),
    "one column": (1, 6, [Stroke("brush", ((0.3, 0.2), (0.9, 0.7)), 0.5)]),
}  # fmt: skip


def entry(stroke):
    return {name: value for name, value in vars(stroke).items() if value not in ((), None)}


def main():
    cases = []
    for name, (width, height, strokes) in CASES.items():
        mask = rasterise(strokes, height, width)
        levels = cover(strokes, height, width)
        soft = bool(((levels > 0) & (levels < 255)).any())
        rows = ["".join(".#"[value] for value in row) for row in mask.int().tolist()]
        strokes = ",\n  ".join(json.dumps(entry(stroke)) for stroke in strokes)
        rows = ",\n  ".join(map(json.dumps, rows))
        head = f'{{"name": {json.dumps(name)}, "width": {width}, "height": {height}, "strokes": [\n  {strokes}\n '
        levels = ",\n  ".join(json.dumps(bytes(row).hex()) for row in levels.tolist())
        levels = f', "levels": [\n  {levels}\n ]' if soft else ""
        cases.append(f'{head}], "rows": [\n  {rows}\n ]{levels}}}')
    path = Path(__file__).parent / "strokes.json"
    path.write_text("[\n" + ",\n".join(cases) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
