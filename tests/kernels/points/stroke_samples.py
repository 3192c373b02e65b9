"""Strokes of any kind, and their text."""

import json

from dragkit.kernels.points.strokes import Stroke
from hypothesis import strategies as st

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
