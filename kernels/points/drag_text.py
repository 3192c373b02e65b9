"""The texts that give drags, read into numbered pairs of plain numbers and what else the JSON object holds."""

import json
import re
from dataclasses import dataclass

from .json_values import DragPointsError, inner_path, is_side, shown, xy
from .region_text import read_regions
from .stroke_text import read_entries

FORMAT, VERSION = "dragkit.points", 1
MAX_TEXT = 1_000_000
# an editor's picture; the largest side that ComfyUI's own nodes make
MAX_SIDE = 16_384
# at a point: lowest, highest, and what it is without; degrees, clockwise, and a factor
TURNS = {"turn": (-180, 180, 0), "scale": (0.25, 4, 1)}
STILL = tuple(default for _, _, default in TURNS.values())

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_ARROW = re.compile("[-=]>")
_BETWEEN_VALUES = re.compile(r"[\s;,]*")
_BRACKETS = str.maketrans("()[]", "    ")


@dataclass(frozen=True)
class DragText:
    """pairs (number from 1, handle [x, y], target [x, y]), in pixels or else in fractions, of which neither the range
    nor the count is checked; of the JSON object also the picture's size (width, height), Strokes, picture file and
    RegionPairs, and turns (degrees, scale) of the pairs, as many or none. notice: for what a text that can mean two
    things was taken."""

    pairs: list
    in_pixels: bool = False
    image_size: tuple[int, int] | None = None
    strokes: tuple = ()
    picture: str | None = None
    regions: tuple = ()
    turns: tuple = ()
    notice: str | None = None


def _json_values(text):
    """The JSON values that text holds one after the other, separated by blanks, commas or semicolons."""

    def refuse_constant(name):
        raise DragPointsError(f"the text has {name} as a coordinate; coordinates are finite numbers")

    decoder = json.JSONDecoder(parse_constant=refuse_constant)
    values, start = [], 0
    try:
        while start < len(text):
            value, end = decoder.raw_decode(text, start)
            values.append(value)
            start = _BETWEEN_VALUES.match(text, end).end()
    except json.JSONDecodeError as error:
        raise DragPointsError(f"the text is no valid JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise DragPointsError("the lists of the text are nested too deep") from None
    except DragPointsError:
        raise
    except ValueError:
        raise DragPointsError("the text has a number with thousands of digits") from None
    return values


def _in_range(entry, name, number):
    """What a point says of its turn or scale, or what it is without."""
    low, high, default = TURNS[name]
    value = entry.get(name, default)
    if type(value) not in (int, float) or not low <= value <= high:
        raise DragPointsError(
            f"point {number} has {name} = {shown(value)}; it must be a number from {low:g} to {high:g}"
        )
    return value


def _object(text):
    data, *more = _json_values(text)
    if more:
        raise DragPointsError("the JSON object is followed by more text; give one object only")
    if data.get("format") != FORMAT:
        raise DragPointsError(f'the JSON object has no "format": "{FORMAT}", by which DragKit knows its points')
    if type(data.get("version")) is not int or data["version"] != VERSION:
        raise DragPointsError(f"the version is {shown(data.get('version'))}; this DragKit reads version {VERSION}")
    image, entries = data.get("image"), data.get("points")
    if image is not None:
        if not isinstance(image, list) or len(image) != 2 or not all(is_side(s) and s <= MAX_SIDE for s in image):
            raise DragPointsError(f'"image" must be [width, height], two whole numbers from 1 to {MAX_SIDE}')
        image = tuple(image)
    if not isinstance(entries, list):
        raise DragPointsError(f'"points" is {shown(entries)}; it must be a list of objects with a handle and a target')
    pairs, turns = [], []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise DragPointsError(f"point {number} is {shown(entry)}; it must be an object with a handle and a target")
        if entry.get("target") is not None and entry.get("enabled") is not False:
            pairs.append((number, *(xy(entry.get(name), f"point {number}", name) for name in ("handle", "target"))))
            turns.append(tuple(_in_range(entry, name, number) for name in TURNS))
    picture = data.get("picture")
    return DragText(
        pairs,
        image_size=image,
        strokes=read_entries(data.get("strokes")),
        picture=None if picture is None else inner_path(picture, '"picture"'),
        regions=read_regions(data.get("regions")),
        turns=tuple(turns) if any(turn != STILL for turn in turns) else (),
    )


def _lines(text):
    pairs = []
    for row, line in enumerate(text.replace(";", "\n").splitlines(), 1):
        ends = [end.split(",") if "," in end else end.split() for end in _ARROW.split(line.translate(_BRACKETS))]
        if ends == [[]]:
            continue
        ends = [[token.strip() for token in end] for end in ends]
        if [len(end) for end in ends] != [2, 2] or not all(_NUMBER.fullmatch(token) for end in ends for token in end):
            raise DragPointsError(f"line {row} is no drag; write x,y -> x,y")
        pairs.append((len(pairs) + 1, *([float(token) for token in end] for end in ends)))
    return pairs, [value for _, *ends in pairs for end in ends for value in end], None


def _is_track(value):
    return isinstance(value, list) and all(isinstance(point, dict) for point in value)


def _taken_for(values):
    """The notice for lists of which there is only one, of positions: KJNodes' editors of splines and of points both
    write that."""
    if len(values) > 1 or not _is_track(values[0]) or len(values[0]) <= 2:
        return None
    return (
        f"{len(values[0])} positions in one list are one track, a drag from the first to the last; for separate drags "
        "write handles and targets in turn as [x, y], or each drag in a list of its own"
    )


def _lists(text):
    # some nodes write Python's quotes; no list of coordinates holds a text
    values = _json_values(text.replace("'", '"'))
    if not all(isinstance(value, list) for value in values):
        raise DragPointsError("a list is followed by something else; give lists only")
    tracks = [track for value in values for track in ([value] if _is_track(value) else value)]
    if all(map(_is_track, tracks)):
        paths = [
            [xy([point.get("x"), point.get("y")], f"point {number}", "track") for point in track]
            for number, track in enumerate(tracks, 1)
        ]
        pairs = [(number, path[0], path[-1]) for number, path in enumerate(paths, 1) if len(path) > 1]
        return pairs, [value for path in paths for point in path for value in point], _taken_for(values)
    points = values[0] if len(values) == 1 else values
    if not any(isinstance(point, (list, dict)) for point in points):
        if len(points) % 4:
            raise DragPointsError(f"there are {len(points)} numbers; a drag takes four, handle x, y and target x, y")
        points = [points[i : i + 2] for i in range(0, len(points), 2)]
    ends = [xy(point, f"point {i // 2 + 1}", ("handle", "target")[i % 2]) for i, point in enumerate(points)]
    if len(ends) % 2:
        raise DragPointsError(f"point {len(ends) // 2 + 1} has no target; handles and targets take turns in a list")
    pairs = [(i // 2 + 1, *ends[i : i + 2]) for i in range(0, len(ends), 2)]
    return pairs, [value for end in ends for value in end], None


def read(text):
    """The DragText of text: the JSON object holds fractions; lines and lists hold fractions if all their numbers lie in
    0..1, else pixels. Pairs without a target, disabled ones and tracks of one point are left out. DragPointsError."""
    if not isinstance(text, str):
        raise DragPointsError(f"the points are {shown(text)}; they must be text")
    if len(text) > MAX_TEXT:
        raise DragPointsError(f"the text has {len(text)} characters; it may have at most {MAX_TEXT}")
    text = text.strip()
    if text.startswith("{"):
        return _object(text)
    text = re.sub("#[^\n]*", "", text).strip()
    as_lists = text.startswith("[") and not _ARROW.search(text)
    pairs, coordinates, notice = _lists(text) if as_lists else _lines(text)
    return DragText(pairs, in_pixels=not all(0 <= value <= 1 for value in coordinates), notice=notice)
