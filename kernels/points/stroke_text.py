"""The strokes of the JSON object, read into Strokes."""

from .json_values import DragPointsError, fractions, shown
from .strokes import Stroke

MAX_STROKES, MAX_STROKE_POINTS = 1000, 10_000
# those that look at every pixel of the picture many times
MAX_STEPS = 32
# the fewest and the most points of a stroke
_TOOLS = {
    "brush": (1, MAX_STROKE_POINTS),
    "erase": (1, MAX_STROKE_POINTS),
    "polygon": (3, MAX_STROKE_POINTS),
    "box": (2, 2),
    "invert": (0, 0),
    "grow": (0, 0),
    "shrink": (0, 0),
    "smooth": (0, 0),
    "fill": (0, 0),
}
_STEPS = ("grow", "shrink", "smooth", "fill")


def _size(size, owner):
    if type(size) not in (int, float) or not 0 < size <= 1:
        raise DragPointsError(
            f"{owner} has size = {shown(size)}; it must be a fraction of the smaller side, above 0 and at most 1"
        )
    return float(size)


def _hardness(hardness, owner):
    """None for 1, as for a stroke that says nothing of it."""
    if hardness is None:
        return None
    if type(hardness) not in (int, float) or not 0 <= hardness <= 1:
        raise DragPointsError(f"{owner} has hardness = {shown(hardness)}; it must be a number from 0 to 1")
    return None if hardness == 1 else float(hardness)


def _stroke(entry, owner):
    if not isinstance(entry, dict):
        raise DragPointsError(f"{owner} is {shown(entry)}; it must be an object with a tool and points")
    tool, points, size = entry.get("tool"), entry.get("points"), entry.get("size")
    if not isinstance(tool, str) or tool not in _TOOLS:
        raise DragPointsError(f"{owner} has an unknown tool; tools are {', '.join(_TOOLS)}")
    if tool in ("invert", "fill"):
        return Stroke(tool)
    if tool in _STEPS:
        return Stroke(tool, size=_size(size, owner))
    low, high = _TOOLS[tool]
    if not isinstance(points, list) or not low <= len(points) <= high:
        number = len(points) if isinstance(points, list) else "no list of"
        rule = f"{low}" if low == high else f"{low} to {high}"
        raise DragPointsError(f"{owner} is a {tool} with {number} points; it must have {rule}")
    for number, point in enumerate(points, 1):
        fractions(point, owner, f"position {number}")
    points = tuple((float(x), float(y)) for x, y in points)
    if tool not in ("brush", "erase"):
        return Stroke(tool, points)
    return Stroke(tool, points, _size(size, owner), _hardness(entry.get("hardness"), owner))


def read_entries(entries):
    """Strokes, a tuple, of the JSON list entries, none of None. DragPointsError for anything else."""
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise DragPointsError(f'"strokes" is {shown(entries)}; it must be a list of objects with a tool and points')
    if len(entries) > MAX_STROKES:
        raise DragPointsError(f"there are {len(entries)} strokes; at most {MAX_STROKES} can be used")
    steps = sum(isinstance(entry, dict) and entry.get("tool") in _STEPS for entry in entries)
    if steps > MAX_STEPS:
        raise DragPointsError(
            f"there are {steps} strokes that grow, shrink, smooth or fill; at most {MAX_STEPS} can be used"
        )
    strokes = tuple(_stroke(entry, f"stroke {number}") for number, entry in enumerate(entries, 1))
    count = sum(len(stroke.points) for stroke in strokes)
    if count > MAX_STROKE_POINTS:
        raise DragPointsError(f"the strokes have {count} points; at most {MAX_STROKE_POINTS} can be used")
    return strokes
