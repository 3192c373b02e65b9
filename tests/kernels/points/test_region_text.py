"""Region pairs in the text: what comes back, and the limits; what is refused and how is in golden/points_json.json."""

import json

import pytest
import torch
from dragkit.kernels.points.drag_points import DragPoints, DragPointsError, parse_points, serialise_points
from dragkit.kernels.points.drag_text import read
from dragkit.kernels.points.region_pairs import RegionPair
from dragkit.kernels.points.region_text import MAX_REGION_CORNERS, MAX_REGIONS
from hypothesis import given, settings
from hypothesis import strategies as st

NOTHING = DragPoints(torch.zeros(0, 2), torch.zeros(0, 2))
fraction = st.floats(0, 1)


@st.composite
def region(draw):
    corners = draw(st.integers(3, 6))
    polygon = st.lists(st.tuples(fraction, fraction), min_size=corners, max_size=corners).map(tuple)
    return RegionPair(draw(polygon), draw(polygon))


@settings(max_examples=50, deadline=None)
@given(st.lists(region(), max_size=4))
def test_serialised_regions_come_back_exactly(regions):
    text = serialise_points(NOTHING, regions=regions)
    assert read(text).regions == tuple(regions) and parse_points(text) == NOTHING
    assert ("regions" in json.loads(text)) == bool(regions)


@pytest.mark.parametrize("text", ["", "0.1,0.2 -> 0.3,0.4", "[[0, 0], [1, 1]]", serialise_points(NOTHING)])
def test_texts_without_regions(text):
    assert read(text).regions == ()


@pytest.mark.parametrize(
    ("count", "corners", "reason"),
    [
        (MAX_REGIONS, 78, None),
        (MAX_REGIONS, 79, "Drag Points: the regions have 10112 corners; at most 10000 can be used"),
        (1, MAX_REGION_CORNERS // 2, None),
        (1, MAX_REGION_CORNERS // 2 + 1, "Drag Points: the regions have 10002 corners; at most 10000 can be used"),
    ],
)
def test_corners_of_all_regions_count(count, corners, reason):
    pair = RegionPair(((0.0, 0.5),) * corners, ((1.0, 0.5),) * corners)
    text = serialise_points(NOTHING, regions=[pair] * count)
    if reason is None:
        assert read(text).regions == (pair,) * count
    else:
        with pytest.raises(DragPointsError) as caught:
            read(text)
        assert str(caught.value) == reason
