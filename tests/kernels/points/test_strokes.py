"""Strokes: their text, what is refused and how, and the pixels that they cover."""

import json
from pathlib import Path

import pytest
import torch
from dragkit.kernels.points.drag_points import DragPoints, DragPointsError, parse_points, serialise_points
from dragkit.kernels.points.drag_text import read
from dragkit.kernels.points.strokes import MIN_RADIUS, Stroke, rasterise
from hypothesis import given, settings
from hypothesis import strategies as st

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/strokes.json").read_text(encoding="utf-8"))
NOTHING = DragPoints(torch.zeros(0, 2), torch.zeros(0, 2))

fraction = st.floats(0, 1)
paths = {"brush": (1, 6), "erase": (1, 6), "polygon": (3, 8), "box": (2, 2), "invert": (0, 0)}


@st.composite
def stroke(draw, tools=tuple(paths)):
    tool = draw(st.sampled_from(tools))
    low, high = paths[tool]
    points = tuple(draw(st.lists(st.tuples(fraction, fraction), min_size=low, max_size=high)))
    return Stroke(tool, points, draw(st.floats(0.01, 1)) if tool in ("brush", "erase") else None)


def text_of(strokes):
    return json.dumps({"format": "dragkit.points", "version": 1, "points": [], "strokes": strokes})


def refusal(strokes):
    text = text_of(strokes)
    with pytest.raises(DragPointsError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("Drag Points: ") and "\n" not in message and len(message) < 200
    return message


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_the_golden_masks(case):
    mask = rasterise(read(text_of(case["strokes"])).strokes, case["height"], case["width"])
    assert mask.dtype == torch.bool and mask.shape == (case["height"], case["width"])
    assert ["".join(".#"[value] for value in row) for row in mask.int().tolist()] == case["rows"]


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


@settings(max_examples=50, deadline=None)
@given(st.lists(stroke(), max_size=5))
def test_serialised_strokes_come_back_exactly(strokes):
    text = serialise_points(NOTHING, strokes)
    assert read(text).strokes == tuple(strokes) and parse_points(text) == NOTHING


@pytest.mark.parametrize("text", ["", "0.1,0.2 -> 0.3,0.4", "[[0, 0], [1, 1]]", text_of([]), text_of(None)])
def test_texts_without_strokes(text):
    assert read(text).strokes == ()


@pytest.mark.parametrize(
    ("strokes", "part"),
    [
        ({}, '"strokes" is an object; it must be a list'),
        ("brush", '"strokes" is a text'),
        ([7], "stroke 1 is 7; it must be an object with a tool and points"),
        ([{}], "stroke 1 has an unknown tool; tools are brush, erase, polygon, box, invert"),
        ([{"tool": "invert"}, {"tool": ["brush"]}], "stroke 2 has an unknown tool"),
        ([{"tool": "brush", "size": 0.1}], "stroke 1 is a brush with no list of points; it must have 1 to 10000"),
        ([{"tool": "brush", "size": 0.1, "points": []}], "stroke 1 is a brush with 0 points"),
        ([{"tool": "polygon", "points": [[0, 0], [1, 1]]}], "stroke 1 is a polygon with 2 points; it must have 3 to"),
        ([{"tool": "box", "points": [[0, 0]] * 3}], "stroke 1 is a box with 3 points; it must have 2"),
        ([{"tool": "box", "points": [[0, 0], [1]]}], "stroke 1 has position 2 = a list; it must be [x, y]"),
        ([{"tool": "box", "points": [[0, 0], [1, "1"]]}], "stroke 1 has position 2 y = a text"),
        ([{"tool": "box", "points": [[0, 0], [1, 1.5]]}], "stroke 1 has position 2 y = 1.5; coordinates are fractions"),
        ([{"tool": "box", "points": [[0, 0], [1, float("nan")]]}], "the text has NaN"),
        ([{"tool": "box", "points": [[0, 0], [1, 10**400]]}], "position 2 y = a number beyond 1e15"),
        ([{"tool": "brush", "points": [[0, 0]]}], "stroke 1 has size = null; it must be a fraction"),
        ([{"tool": "erase", "points": [[0, 0]], "size": 0}], "stroke 1 has size = 0"),
        ([{"tool": "erase", "points": [[0, 0]], "size": 1.01}], "stroke 1 has size = 1.01"),
        ([{"tool": "erase", "points": [[0, 0]], "size": True}], "stroke 1 has size = true"),
        ([{"tool": "invert"}] * 1001, "there are 1001 strokes; at most 1000"),
        ([{"tool": "polygon", "points": [[0, 0]] * 10_001}], "polygon with 10001 points"),
        ([{"tool": "polygon", "points": [[0, 0]] * 6000}] * 2, "the strokes have 12000 points; at most 10000"),
    ],
)  # fmt: skip
def test_strokes_that_are_refused_and_how(strokes, part):
    assert part in refusal(strokes)


def test_fields_that_a_tool_has_no_use_for_are_ignored():
    strokes = [{"tool": "invert", "points": 5, "size": "x"}, {"tool": "box", "points": [[0, 0], [1, 1]], "size": 9}]
    assert read(text_of(strokes)).strokes == (Stroke("invert"), Stroke("box", ((0.0, 0.0), (1.0, 1.0))))
