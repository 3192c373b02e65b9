"""Strokes: the pixels that they cover."""

import json
from pathlib import Path

import pytest
import torch
from dragkit.kernels.points.drag_text import read
from dragkit.kernels.points.strokes import MIN_RADIUS, Stroke, cover, rasterise
from hypothesis import given, settings
from hypothesis import strategies as st

from .stroke_samples import stroke, text_of

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/strokes.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_the_golden_masks(case):
    strokes = read(text_of(case["strokes"])).strokes
    mask = rasterise(strokes, case["height"], case["width"])
    assert mask.dtype == torch.bool and mask.shape == (case["height"], case["width"])
    assert ["".join(".#"[value] for value in row) for row in mask.int().tolist()] == case["rows"]
    levels = cover(strokes, case["height"], case["width"])
    full = [bytes(255 * (value == "#") for value in row).hex() for row in case["rows"]]
    assert levels.dtype == torch.uint8 and [bytes(row).hex() for row in levels.tolist()] == case.get("levels", full)


@settings(max_examples=80, deadline=None)
@given(stroke(("brush",)), st.integers(1, 24), st.integers(1, 24))
def test_a_brush_covers_the_centres_within_its_radius(brush, height, width):
    mask = rasterise([brush], height, width)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    centres = torch.stack((x, y), -1).double()
    points = torch.tensor(brush.points, dtype=torch.float64) * torch.tensor([width, height])
    starts, ends = (points, points) if len(points) == 1 else (points[:-1], points[1:])
    distance = torch.full((height, width), torch.inf, dtype=torch.float64)
    for start, end in zip(starts, ends, strict=True):
        step = end - start
        along = ((centres - start) @ step / step.square().sum().clamp(min=1e-300)).clamp(0, 1)
        distance = distance.minimum((centres - start - along[..., None] * step).norm(dim=-1))
    radius = max(brush.size * min(height, width) / 2, MIN_RADIUS)
    assert mask[distance < radius - 1e-6].all() and not mask[distance > radius + 1e-6].any()
    assert mask.any()


@settings(max_examples=50, deadline=None)
@given(st.lists(stroke(), max_size=5), st.integers(1, 40), st.integers(1, 40))
def test_inverting_twice_changes_nothing_and_erasing_all_leaves_nothing(strokes, height, width):
    mask = rasterise(strokes, height, width)
    invert = Stroke("invert")
    assert torch.equal(rasterise([*strokes, invert], height, width), ~mask)
    assert torch.equal(rasterise([*strokes, invert, invert], height, width), mask)
    erased = [Stroke("box", ((0.0, 0.0), (1.0, 1.0))), invert]
    assert not rasterise([*strokes, *erased], height, width).any()


def test_a_long_stroke_is_cut_into_chunks_without_a_trace(monkeypatch):
    case = next(case for case in GOLDEN if case["name"] == "scribble")
    (brush,) = read(text_of(case["strokes"])).strokes
    shapes = [brush, Stroke("polygon", brush.points)]
    whole = [rasterise([shape], 30, 48) for shape in shapes]
    monkeypatch.setattr("dragkit.kernels.points.strokes.CHUNK", 64)
    assert all(torch.equal(rasterise([shape], 30, 48), mask) for shape, mask in zip(shapes, whole, strict=True))
