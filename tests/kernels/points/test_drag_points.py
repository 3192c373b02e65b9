"""Drag points: the forms of text they come in, what is refused and how, and the spaces they are converted to."""

import json

import pytest
import torch
from dragkit.kernels.points.drag_points import MAX_POINTS, DragPoints, DragPointsError, parse_points, serialise_points
from dragkit.kernels.points.drag_text import MAX_TEXT
from hypothesis import given, settings
from hypothesis import strategies as st

HANDLES, TARGETS = [[0.25, 0.5], [0.125, 0.75]], [[0.5, 0.5], [0.375, 1.0]]
TWO = DragPoints(HANDLES, TARGETS)
SIZE = (400, 200)
# the same two pairs in pixels of a picture of that size
TWO_OF_SIZE = DragPoints(HANDLES, TARGETS, SIZE)

fraction = st.floats(0, 1)
side = st.integers(1, 5000)


@st.composite
def drag_points(draw):
    n = draw(st.integers(0, 8))
    ends = st.lists(st.tuples(fraction, fraction), min_size=n, max_size=n)
    handles, targets = (torch.tensor(draw(ends), dtype=torch.float64).view(-1, 2) for _ in range(2))
    return DragPoints(handles, targets, draw(st.none() | st.tuples(side, side)))


def dragkit_json(points, **changes):
    return json.dumps({"format": "dragkit.points", "version": 1, "image": None, "points": points} | changes)


def refusal(text, image_size=None):
    with pytest.raises(DragPointsError) as caught:
        parse_points(text, image_size)
    message = str(caught.value)
    assert message.startswith("Drag Points: ") and "\n" not in message and len(message) < 200
    return message


@pytest.mark.parametrize(
    "text",
    [
        "0.25,0.5 -> 0.5,0.5\n0.125,0.75 -> 0.375,1",
        "# two drags\n\n (.25, .5) => (.5, .5)  # the first\r\n[0.125 0.75]->[3.75e-1 1.]\n",
        "0.25,0.5->0.5,0.5; 0.125,0.75->0.375,1",
        "[[0.25, 0.5], [0.5, 0.5], [0.125, 0.75], [0.375, 1]]",
        "[0.25, 0.5]\n[0.5, 0.5]\n[0.125, 0.75]\n[0.375, 1]",
        "[0.25, 0.5, 0.5, 0.5, 0.125, 0.75, 0.375, 1]",
        dragkit_json([{"handle": h, "target": t} for h, t in zip(HANDLES, TARGETS, strict=True)], strokes=[], other=1),
        '[[{"x": 0.25, "y": 0.5}, {"x": 1, "y": 0}, {"x": 0.5, "y": 0.5}],'
        ' [{"x": 0.125, "y": 0.75}, {"x": 0.375, "y": 1}]]',
    ],
)
def test_every_form_in_fractions(text):
    assert parse_points(text) == TWO
    assert parse_points(text, SIZE) == TWO_OF_SIZE


@pytest.mark.parametrize(
    "text",
    [
        "100,100 -> 200,100\n50,150 -> 150,200",
        "[[100, 100], [200, 100], [50, 150], [150, 200]]",
        "[100, 100, 200, 100, 50, 150, 150, 200]",
        # what KJNodes' spline editor gives for several splines, and those of single splines joined in three ways
        '[[{"x": 100, "y": 100}, {"x": 7, "y": 9}, {"x": 200, "y": 100}], [{"x": 50, "y": 150}, {"x": 150, "y": 200}]]',
        '[{"x": 100, "y": 100}, {"x": 200, "y": 100}]\n[{"x": 50, "y": 150}, {"x": 150, "y": 200}]',
        '[{"x": 100, "y": 100}, {"x": 200, "y": 100}];[{"x": 50, "y": 150}, {"x": 150, "y": 200}]',
        '[[{"x": 100, "y": 100}, {"x": 200, "y": 100}]], [{"x": 50, "y": 150}, {"x": 150, "y": 200}]',
        "[[{'x': 100, 'y': 100}, {'x': 200, 'y': 100}], [{'x': 50, 'y': 150}, {'x': 150, 'y': 200}]]",
    ],
)
def test_every_form_in_pixels(text):
    assert parse_points(text, SIZE) == TWO_OF_SIZE
    assert "connect an IMAGE or use fractions" in refusal(text)


def test_one_track_is_one_drag_from_its_first_to_its_last_point():
    points = parse_points('[{"x": 100, "y": 100}, {"x": 390, "y": 0}, {"x": 200, "y": 100}]', SIZE)
    assert points == DragPoints([[0.25, 0.5]], [[0.5, 0.5]], SIZE)


@pytest.mark.parametrize("text", ["", " \n\t", "[]", "[[]]", "# nothing\n", '[{"x": 3, "y": 4}]', dragkit_json([])])
def test_no_points_are_legal(text):
    points = parse_points(text, SIZE)
    assert len(points) == 0 and points.handles.shape == points.targets.shape == (0, 2)


def test_half_finished_and_disabled_pairs_are_left_out():
    entries = [
        {"handle": [9, 9]},
        {"handle": [0.1, 0.2], "target": None},
        {"handle": [0.25, 0.5], "target": [0.5, 0.5], "enabled": True},
        {"handle": [0.3, 0.3], "target": [0.4, 0.4], "enabled": False},
    ]
    assert parse_points(dragkit_json(entries, image=[400, 200])) == DragPoints([[0.25, 0.5]], [[0.5, 0.5]], SIZE)


def test_the_size_of_the_picture_goes_before_the_one_in_the_text():
    assert parse_points(dragkit_json([], image=[512, 384]), (64, 48)).image_size == (64, 48)
    assert parse_points(dragkit_json([], image=[512, 384])).image_size == (512, 384)
    assert parse_points(dragkit_json([]), (64, 64)).image_size == (64, 64)
    assert parse_points(dragkit_json([])).image_size is None


def test_the_border_belongs_to_the_picture_and_nothing_beyond_it():
    points = parse_points("0,0 -> 400,200", SIZE)
    assert points.targets.tolist() == [[1, 1]]
    assert "point 2 has target y = 200.5; the picture is 400 x 200 pixels" in refusal(
        "1,1->9,9\n0,0 -> 400,200.5", SIZE
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (dragkit_json([{"handle": [0, 0], "target": [0, 0]}] * 2 + [{"handle": [0, 0], "target": [1.7, 0]}]),
         "point 3 has target x = 1.7; coordinates are fractions between 0 and 1"),
        (dragkit_json([{"handle": [0, 0]}, {"handle": [0.1, -1], "target": [1, 1]}]), "point 2 has handle y = -1"),
        (dragkit_json([{"target": [1, 1]}]), "point 1 has handle = null"),
        (dragkit_json([{"handle": "a", "target": [1, 1]}]), "point 1 has handle = a text"),
        (dragkit_json([{"handle": [1, 1, 1], "target": [1, 1]}]), "point 1 has handle = a list"),
        (dragkit_json([{"handle": [1, True], "target": [1, 1]}]), "point 1 has handle y = true"),
        (dragkit_json([{"handle": [1, "1"], "target": [1, 1]}]), "point 1 has handle y = a text"),
        (dragkit_json([[0, 0, 1, 1]]), "point 1 is a list"),
        (dragkit_json(None), '"points" is null'),
        (dragkit_json([], format="tracks"), '"format": "dragkit.points"'),
        ('{"version": 1, "points": []}', '"format": "dragkit.points"'),
        (dragkit_json([], version=2), "the version is 2; this DragKit reads version 1"),
        (dragkit_json([], version=True), "the version is true"),
        (dragkit_json([], version=None), "the version is null"),
        (dragkit_json([], image=[512]), '"image" must be'),
        (dragkit_json([], image=[0, 5]), '"image" must be'),
        (dragkit_json([], image=[5, 10**6]), '"image" must be'),
        (dragkit_json([], image=[True, 5]), '"image" must be'),
        (dragkit_json([], image="512x384"), '"image" must be'),
        (dragkit_json([]) + "{}", "followed by more text"),
        (dragkit_json([])[:-1], "no valid JSON at line 1"),
        (dragkit_json([{"handle": [float("nan"), 0], "target": [0, 0]}]), "the text has NaN"),
        ("[0, 0, Infinity, 0]", "the text has Infinity"),
        ("[0, 0, -Infinity, 0]", "the text has -Infinity"),
        ("[0, 0, 1e999, 0]", "point 1 has target x = a number beyond 1e15"),
        (f"[0, 0, {10**400}, 0]", "point 1 has target x = a number beyond 1e15"),
        (f"[0, 0, 1{'0' * 9999}, 0]", "a number with thousands of digits"),
        (f"0,0 -> 0,{'9' * 999}", "point 1 has target y = a number beyond 1e15"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ("[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]", "point 2 has no target"),
        ("[0.1, 0.2, 0.3]", "there are 3 numbers; a drag takes four"),
        ("[0.1, 0.2, true, 0.4]", "point 1 has target x = true"),
        ("[[0.1, 0.2], 0.3]", "point 1 has target = 0.3; it must be [x, y]"),
        ("[[0.1, 0.2], [0.3]]", "point 1 has target = a list; it must be [x, y]"),
        ("[0.1, 0.2, 0.3, 0.4] 7", "a list is followed by something else"),
        ('[[{"x": 1, "y": 0}], [{"x": 0, "y": 0}, {"x": 1}]]', "point 2 has track y = null"),
        ('[{"x": 1, "y": 0}, [1, 2]]', "point 1 has handle = an object"),
        ("0,0 -> 1,1\n0,0 ->", "line 2 is no drag; write x,y -> x,y"),
        ("0,0 -> 1,1 -> 0,0", "line 1 is no drag"),
        ("0,0 1,1", "line 1 is no drag"),
        ("0,0,0 -> 1,1,1", "line 1 is no drag"),
        ("nan,0 -> 1,1", "line 1 is no drag"),
        ("0x1,0 -> 1,1", "line 1 is no drag"),
        ("٣,0 -> 1,1", "line 1 is no drag"),
        ("hello", "line 1 is no drag"),
        ("-1,5 -> 3,4", "point 1 has handle x = -1; the picture is 400 x 200 pixels"),
        ("0,0->1,1\n" * 10_000, f"there are 10000 points; at most {MAX_POINTS} can be used"),
        (" " * (MAX_TEXT + 1), f"the text has {MAX_TEXT + 1} characters"),
        (None, "the points are null; they must be text"),
        (b"", "the points are bytes"),
        (3.5, "the points are 3.5"),
    ],
)  # fmt: skip
def test_what_is_refused_and_how(text, part):
    assert part in refusal(text, SIZE)


@pytest.mark.parametrize(
    "text",
    [
        "0,0 -> " + "1" * 900_000 + "x,1",
        "0,0 -> 1" + " " * 900_000 + "x",
        "[1" + " " * 900_000 + "x",
        "[]" * 400_000 + "x",
    ],
    ids=["digits", "blanks", "blank list", "many lists"],
)
def test_long_bad_text_is_refused_in_linear_time(text):
    # quadratic matching would take hours here
    refusal(text, SIZE)


@settings(max_examples=50, deadline=None)
@given(drag_points())
def test_serialised_points_come_back_exactly(points):
    text = serialise_points(points)
    assert parse_points(text) == points
    data = json.loads(text)
    assert list(data) == ["format", "version", "image", "points", "strokes"]
    assert data["points"] == [
        {"handle": handle, "target": target}
        for handle, target in zip(points.handles.tolist(), points.targets.tolist(), strict=True)
    ]


def accepted_or_refused(text):
    for size in (None, SIZE):
        try:
            points = parse_points(text, size)
        except DragPointsError as error:
            assert str(error).startswith("Drag Points: ")
        else:
            assert len(points) <= MAX_POINTS
            ends = torch.stack((points.handles, points.targets))
            assert ((ends >= 0) & (ends <= 1)).all()


@settings(max_examples=150, deadline=None)
@given(st.text() | st.text("0123456789.,-+e=>[](){}:;#'\"xy \n", max_size=60))
def test_any_text_is_read_or_refused(text):
    accepted_or_refused(text)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["x", "y", "handle", "target", "enabled", "z"]), inner, max_size=4)
    ),
    max_leaves=12,
)
fields = st.fixed_dictionaries(
    {"format": st.just("dragkit.points"), "version": st.just(1)},
    optional={"points": st.lists(values, max_size=4) | values, "image": values, "strokes": values, "regions": values},
)


@settings(max_examples=150, deadline=None)
@given(values | fields)
def test_any_json_is_read_or_refused(value):
    accepted_or_refused(json.dumps(value))


@settings(max_examples=50, deadline=None)
@given(drag_points(), side, side)
def test_converters_undo_each_other(points, width, height):
    for there, back in ((points.to_pixels, DragPoints.from_pixels), (points.to_grid, DragPoints.from_grid)):
        again = back(*there(width, height), width, height)
        torch.testing.assert_close(again.handles, points.handles, rtol=0, atol=1e-12)
        torch.testing.assert_close(again.targets, points.targets, rtol=0, atol=1e-12)


def test_converted_positions():
    handles, targets = TWO.to_pixels(400, 200)
    assert handles.tolist() == [[100, 100], [50, 150]] and targets.tolist() == [[200, 100], [150, 200]]
    assert DragPoints.from_pixels(handles, targets, *SIZE) == TWO_OF_SIZE
    # pixel centres are halves, cell centres integers: the centre of an 8 x 8 cell's pixels is the cell's centre
    cell = DragPoints.from_pixels([[12.0, 20.0]], [[4.0, 4.0]], 64, 32)
    assert [ends.tolist() for ends in cell.to_grid(8, 4)] == [[[1, 2]], [[0, 0]]]
    assert DragPoints.from_grid([[1, 2]], [[0, 0]], 8, 4) == DragPoints(cell.handles, cell.targets)


def test_from_pixels_names_the_pixel():
    with pytest.raises(DragPointsError, match="point 1 has handle y = 201; the picture is 400 x 200 pixels"):
        DragPoints.from_pixels([[400, 201]], [[0, 0]], *SIZE)


@pytest.mark.parametrize(
    ("handles", "targets", "size", "message"),
    [
        ([[0, 0]], [[0, 0], [1, 1]], None, "1 handles and 2 targets"),
        ([0.5, 0.5], [[0, 0]], None, r"handles have shape \[2\]"),
        ([[0, 0]], [[0, 0, 0]], None, r"targets have shape \[1, 3\]"),
        ([[0, float("nan")]], [[0, 0]], None, "point 1 has handle y = nan"),
        ([[0, 0]], [[float("inf"), 0]], None, "point 1 has target x = a number beyond 1e15"),
        ([[0, 0]], [[0, 1.5]], None, "point 1 has target y = 1.5; coordinates are fractions between 0 and 1"),
        ([[0, 0]] * 513, [[0, 0]] * 513, None, "513 points; at most 512"),
        ([[0, 0]], [[0, 0]], (0, 5), r"image size is \(0, 5\)"),
        ([[0, 0]], [[0, 0]], (5,), r"image size is \(5,\)"),
    ],
)
def test_points_that_cannot_be(handles, targets, size, message):
    with pytest.raises(DragPointsError, match=message):
        DragPoints(handles, targets, size)


def test_points_hold_float64_copies_and_compare_by_content():
    handles = torch.tensor([[0.25, 0.5], [0.125, 0.75]])
    points = DragPoints(handles, TARGETS)
    handles.zero_()
    assert points == TWO and points.handles.dtype == torch.float64 and len(points) == 2
    assert points != TWO_OF_SIZE and points != DragPoints(TARGETS, TARGETS) and points != "points"
    with pytest.raises(AttributeError):
        points.handles = TARGETS


TURNED = [
    {"handle": [0.25, 0.5], "target": [0.5, 0.5], "turn": -30, "scale": 1.5},
    {"handle": [0.5, 0.5], "target": None, "turn": 90},
    {"handle": [0.125, 0.75], "target": [0.375, 1.0]},
]


def test_turns_and_scales_belong_to_the_drags_that_are_read_and_come_back():
    points = parse_points(dragkit_json(TURNED), SIZE)
    assert points.turns.tolist() == [[-30, 1.5], [0, 1]]
    assert parse_points(serialise_points(points)) == points
    assert points != TWO_OF_SIZE and points == DragPoints(HANDLES, TARGETS, SIZE, [[-30, 1.5], [0, 1]])
    for moved in (points.on_cells(*SIZE, 16), points.chosen(torch.tensor([True, False]))):
        assert moved.turns[0].tolist() == [-30, 1.5]
    # on its own picture and cells without a rest
    assert points.on_cells(*SIZE, 8).turns.tolist() == points.turns.tolist()


def test_turns_of_nothing_are_none_and_are_not_written():
    points = parse_points(dragkit_json([TURNED[2] | {"turn": 0, "scale": 1}]), SIZE)
    assert points.turns is None and "turn" not in serialise_points(points) and "scale" not in serialise_points(points)
    assert points.chosen(torch.tensor([True])).turns is None


def test_a_handle_that_turns_at_its_place_is_not_pinned():
    points = DragPoints(HANDLES, HANDLES, turns=[[10, 1], [0, 1]])
    assert points.pinned.tolist() == [False, True]
    assert DragPoints(HANDLES, HANDLES).pinned.all()


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"turn": 181}, "point 1 has turn = 181; it must be a number from -180 to 180"),
        ({"turn": "90"}, "point 1 has turn = a text; it must be a number from -180 to 180"),
        ({"turn": None}, "point 1 has turn = null"),
        ({"scale": 0}, "point 1 has scale = 0; it must be a number from 0.25 to 4"),
        ({"scale": True}, "point 1 has scale = true"),
        ({"scale": 1e300}, "point 1 has scale = a number beyond 1e15"),
    ],
)
def test_turns_and_scales_out_of_range_are_refused(changes, part):
    assert part in refusal(dragkit_json([TURNED[0] | changes]))


def test_turns_that_cannot_be():
    for turns, message in (([[0, 1]], "there are 1 turns for 2 points"), ([[0, float("nan")]] * 2, "scale = nan")):
        with pytest.raises(DragPointsError, match=message):
            DragPoints(HANDLES, TARGETS, turns=turns)
