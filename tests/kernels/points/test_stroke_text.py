"""The text of strokes: what comes back, what is refused and how."""

import pytest
import torch
from dragkit.kernels.points.drag_points import DragPoints, DragPointsError, parse_points, serialise_points
from dragkit.kernels.points.drag_text import read
from dragkit.kernels.points.strokes import Stroke
from hypothesis import given, settings
from hypothesis import strategies as st

from .stroke_samples import stroke, text_of

NOTHING = DragPoints(torch.zeros(0, 2), torch.zeros(0, 2))


def refusal(strokes):
    text = text_of(strokes)
    with pytest.raises(DragPointsError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("Drag Points: ") and "\n" not in message and len(message) < 200
    return message


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
