"""Writes tests/golden/moved_picture_js.json: pictures of Drag Warp's kernel that web/preview must make too, every few
pixels: their red and green, and where content moved (m) and what opened up (o); and what becomes of a latent's cells.

Run from the repository: python tests/golden/make_moved_picture.py.
"""

import itertools
import json
from pathlib import Path

import torch
from dragkit.kernels.motion.displacements import BORDERS, DISPLACEMENTS, border_of, displace
from dragkit.kernels.motion.region_flow import drag_regions
from dragkit.kernels.points.masks import mask_to_grid
from dragkit.kernels.points.region_pairs import RegionPair
from dragkit.kernels.points.strokes import Stroke, rasterise
from dragkit.kernels.warp.latent import warp
from dragkit.kernels.warp.picture import drag_warp
from dragkit.kernels.warp.relocate import relocate
from dragkit.kernels.warp.sheet import FRONTS

BLOB = [Stroke("brush", ((0.3, 0.4), (0.55, 0.5)), 0.45)]
PARTS = [Stroke("brush", ((0.25, 0.4),), 0.4), Stroke("box", ((0.55, 0.2), (0.9, 0.8)))]
TURN = [((0.3, 0.35), (0.36, 0.3)), ((0.52, 0.5), (0.55, 0.62))]
OUT = [((0.3, 0.4), (0.6, 0.62)), ((0.5, 0.5), (0.78, 0.75))]
OVER = [((0.25, 0.4), (0.6, 0.45)), ((0.7, 0.5), (0.66, 0.5))]
SPREAD = [((0.25, 0.4), (0.12, 0.4)), ((0.55, 0.5), (0.75, 0.55)), ((0.4, 0.35), (0.4, 0.2))]
SCENES = {
    "a turn": (BLOB, TURN),
    "out of the region": (BLOB, OUT),
    "over another part": (PARTS, OVER),
    "apart": (BLOB, SPREAD),
}
# handle and target regions: two quadrilaterals, of which the second lies in the first; and a hexagon
PAIRS = [
    (((0.1, 0.2), (0.4, 0.15), (0.45, 0.6), (0.15, 0.7)), ((0.4, 0.3), (0.8, 0.2), (0.85, 0.7), (0.35, 0.6))),
    (((0.2, 0.3), (0.3, 0.3), (0.3, 0.45), (0.2, 0.45)), ((0.1, 0.75), (0.25, 0.75), (0.25, 0.95), (0.1, 0.95))),
    (
        ((0.6, 0.5), (0.7, 0.45), (0.8, 0.5), (0.8, 0.7), (0.7, 0.75), (0.6, 0.7)),
        ((0.5, 0.3), (0.6, 0.2), (0.7, 0.3), (0.75, 0.5), (0.6, 0.6), (0.5, 0.5)),
    ),
]
WIDTH, HEIGHT, EVERY, CELL = 280, 210, 10, 8


def chart():
    """[1, 2, H, W] in 0..1, whole 255ths: red and green waves, so that a pixel tells where it came from."""
    y, x = torch.meshgrid(torch.arange(HEIGHT).double(), torch.arange(WIDTH).double(), indexing="ij")
    waves = torch.stack((torch.sin(x / 23) + torch.cos(y / 31), torch.cos(x / 37) - torch.sin(y / 19)))
    return ((127.5 + 60 * waves).floor() / 255)[None].float()


def seen(flow, region, border, front):
    """What arrives where, every few pixels."""
    warped = drag_warp(chart(), flow, region[None], front=front, tears=border == "free")
    every = (slice(None, None, EVERY),) * 2
    colours = (warped.image[0][(slice(None), *every)] * 255).round().int().permute(1, 2, 0)
    marks = torch.where(warped.opened[0], 2, warped.moved[0].int())[every]
    return {
        "marks": ["".join(".mo"[value] for value in row) for row in marks.tolist()],
        "colours": colours.flatten().tolist(),
    }


def cases():
    size = torch.tensor([WIDTH, HEIGHT])
    for name, (strokes, drags) in SCENES.items():
        region = rasterise(strokes, HEIGHT, WIDTH)
        cells = torch.tensor(drags, dtype=torch.float64) * size - 0.5
        for border, choice in itertools.product(BORDERS, DISPLACEMENTS):
            flow = displace(cells[:, 0], cells[:, 1], region, choice, border=border)
            for front in FRONTS if name == "over another part" else FRONTS[:1]:
                yield {
                    "name": name,
                    "how": {"displacement": choice, "border": border, "front": front},
                    "strokes": [_stroke(one) for one in strokes],
                    "drawn": [{"handle": handle, "target": target} for handle, target in drags],
                    **seen(flow, region, border_of(choice, border), front),
                }
    flow, region, *_ = drag_regions([RegionPair(*pair) for pair in PAIRS], (), HEIGHT, WIDTH)
    for front in FRONTS:
        yield {
            "name": "region pairs",
            "how": {"front": front},
            "strokes": [],
            "drawn": [{"handle": handle, "target": target} for handle, target in PAIRS],
            **seen(flow, region, "free", front),
        }


def latents():
    """What becomes of the cells of a latent: which one comes to each in mode "fastdrag", -1 for none, and the holes of
    mode "inverse"."""
    rows, columns = HEIGHT // CELL, WIDTH // CELL
    size, index = torch.tensor([columns, rows]), torch.arange(rows * columns).view(1, 1, rows, columns)
    for name, (strokes, drags) in SCENES.items():
        region = mask_to_grid(rasterise(strokes, HEIGHT, WIDTH)[None].float(), rows, columns)[0]
        cells = torch.tensor(drags, dtype=torch.float64) * size - 0.5
        for border, choice in itertools.product(BORDERS, ("stretch", "rigid", "nearest")):
            flow = displace(cells[:, 0], cells[:, 1], region, choice, border=border)
            come, empty = relocate(index.float(), flow, region)
            come = come.long()[0, 0].masked_fill(empty[0] | ~region & (come == index)[0, 0], -1)
            _, holes = warp(index.float(), flow, region, border_of(choice, border) == "free")
            yield {
                "name": name,
                "how": {"displacement": choice, "border": border},
                "strokes": [_stroke(one) for one in strokes],
                "drawn": [{"handle": handle, "target": target} for handle, target in drags],
                "from": come.flatten().tolist(),
                "holes": holes[0].flatten().int().tolist(),
            }


def _stroke(stroke):
    return {"tool": stroke.tool, "points": stroke.points} | ({"size": stroke.size} if stroke.size else {})


def main():
    path = Path(__file__).parent / "moved_picture_js.json"
    head = f'"width":{WIDTH},"height":{HEIGHT},"every":{EVERY}'
    parts = [
        f'"{name}":[\n' + ",\n".join(json.dumps(case, separators=(",", ":")) for case in made) + "\n]"
        for name, made in (("cases", cases()), ("latents", latents()))
    ]
    path.write_text(f"{{{head},{','.join(parts)}}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
