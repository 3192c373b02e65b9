"""The golden verdicts on texts of points, which web/document/serialise.mjs must give too."""

import json
from pathlib import Path

import pytest
from dragkit.kernels.points.drag_points import DragPointsError, check_text, parse_points, place, serialise_points
from dragkit.kernels.points.drag_text import read

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/points_json.json").read_text(encoding="utf-8"))
PICTURE = {"format": "dragkit.points", "version": 1, "points": []}


def outcome(text, size):
    """What a text says for a picture of size [width, height], None = unknown, in words of JSON."""
    try:
        drags = read(text)
        check_text(text)
        if drags.in_pixels and size is None:
            return {"verdict": "waiting"}
        points = place(drags, size)
    except DragPointsError as error:
        return {"verdict": "refused", "reason": str(error).removeprefix("Drag Points: ")}
    pairs = zip(points.handles.tolist(), points.targets.tolist(), strict=True)
    strokes = [
        {key: value for key, value in vars(stroke).items() if value not in ((), None)} for stroke in drags.strokes
    ]
    return {
        "verdict": "read",
        "image": drags.image_size or (size if drags.in_pixels else None),
        "picture": drags.picture,
        "pairs": [[*handle, *target] for handle, target in pairs],
        "strokes": strokes,
        **({"turns": points.turns.tolist()} if points.turns is not None else {}),
        **({"regions": [vars(pair) for pair in drags.regions]} if drags.regions else {}),
        **({"notice": drags.notice} if drags.notice else {}),
    }


def text_of(case):
    """A golden text; long ones are stored as pieces [text, count]."""
    return case["text"] if "text" in case else "".join(piece * count for piece, count in case["pieces"])


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_the_golden_verdicts(case):
    expected = {key: value for key, value in case.items() if key not in ("name", "text", "pieces", "size")}
    found = json.loads(json.dumps(outcome(text_of(case), case["size"])))
    # only some of the sentences are held against each other
    if "reason" not in expected:
        found.pop("reason", None)
    assert found == expected


def test_a_picture_comes_back():
    points = parse_points("0.1,0.2 -> 0.3,0.4")
    drags = read(serialise_points(points, picture="dragkit/ein Bild.png"))
    assert drags.picture == "dragkit/ein Bild.png" and place(drags) == points
    assert read(serialise_points(points)).picture is None
    with pytest.raises(DragPointsError, match='"picture" must be a file in ComfyUI\'s input folder'):
        read(json.dumps(PICTURE | {"picture": "../a.png"}))
