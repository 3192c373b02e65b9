"""Drag points: handle -> target pairs as fractions of a picture, and their exchange format."""

import json
from dataclasses import dataclass

import torch

from .drag_text import FORMAT, STILL, TURNS, VERSION, read
from .json_values import DragPointsError, is_side, shown
from .latent_cells import cell_of, margin

MAX_POINTS = 512
UNKNOWN_SIZE = (float("inf"), float("inf"))


def _check(pairs, size=None):
    """Refuses pairs (number, handle, target) outside a picture of size (width, height) pixels, None for fractions."""
    rule = f"the picture is {size[0]} x {size[1]} pixels" if size else "coordinates are fractions between 0 and 1"
    if size == UNKNOWN_SIZE:
        rule = "positions in pixels are not negative"
    for number, *ends in pairs:
        for name, end in zip(("handle", "target"), ends, strict=True):
            for axis, value, high in zip("xy", end, size or (1, 1), strict=True):
                if not 0 <= value <= high:
                    raise DragPointsError(f"point {number} has {name} {axis} = {shown(value)}; {rule}")


def _numbered(handles, targets):
    return [(i, *pair) for i, pair in enumerate(zip(handles.tolist(), targets.tolist(), strict=True), 1)]


def _coordinates(points, name):
    points = torch.as_tensor(points, dtype=torch.float64, device="cpu")
    if points.ndim != 2 or points.shape[1] != 2:
        raise DragPointsError(f"{name} have shape {list(points.shape)}; they must be [N, 2]")
    return points


def _pair(handles, targets):
    handles, targets = _coordinates(handles, "handles"), _coordinates(targets, "targets")
    if len(handles) != len(targets):
        raise DragPointsError(f"there are {len(handles)} handles and {len(targets)} targets; there must be as many")
    return handles, targets


def _turns(turns, count):
    """A copy of turns [N, 2], None where nothing turns or grows; DragPointsError for others."""
    turns = torch.as_tensor(turns, dtype=torch.float64, device="cpu").reshape(-1, len(TURNS)).clone()
    if len(turns) != count:
        raise DragPointsError(f"there are {len(turns)} turns for {count} points; there must be as many")
    for (name, (low, high, _)), values in zip(TURNS.items(), turns.T, strict=True):
        for number, value in enumerate(values.tolist(), 1):
            if not low <= value <= high:
                raise DragPointsError(
                    f"point {number} has {name} = {shown(value)}; it must be a number from {low:g} to {high:g}"
                )
    return None if (turns == turns.new_tensor(STILL)).all() else turns


def _named_turns(points):
    """Of each point, what it says of turn and scale that is not as without."""
    for turn in [STILL] * len(points) if points.turns is None else points.turns.tolist():
        yield {name: value for name, value, rest in zip(TURNS, turn, STILL, strict=True) if value != rest}


def _extent(width, height):
    return torch.tensor([width, height], dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class DragPoints:
    """handles and targets [N, 2] float64 (x, y), fractions 0..1 of the picture from its top left corner, the size
    (width, height) of the picture they were placed on, None if unknown, and turns [N, 2] float64: degrees, clockwise,
    -180..180, and scales 0.25..4 at the handles, None without. DragPointsError for others and for N > 512."""

    handles: torch.Tensor
    targets: torch.Tensor
    image_size: tuple[int, int] | None = None
    turns: torch.Tensor | None = None

    def __post_init__(self):
        handles, targets = _pair(self.handles, self.targets)
        _check_count(len(handles))
        if self.image_size is not None:
            if len(self.image_size) != 2 or not all(map(is_side, self.image_size)):
                raise DragPointsError(
                    f"the image size is {self.image_size}; it must be (width, height) in whole pixels"
                )
            object.__setattr__(self, "image_size", tuple(self.image_size))
        _check(_numbered(handles, targets))
        if self.turns is not None:
            object.__setattr__(self, "turns", _turns(self.turns, len(handles)))
        # copies, so that nothing outside can change the points
        object.__setattr__(self, "handles", handles.clone())
        object.__setattr__(self, "targets", targets.clone())

    def __len__(self):
        return len(self.handles)

    @property
    def pinned(self):
        """Which drags [N] hold their place: the target is the handle, and nothing turns or grows there."""
        still = (self.handles == self.targets).all(1)
        return still if self.turns is None else still & (self.turns == self.turns.new_tensor(STILL)).all(1)

    def chosen(self, which):
        """The drags of which [N] (bool) is true."""
        turns = None if self.turns is None else self.turns[which]
        return DragPoints(self.handles[which], self.targets[which], self.image_size, turns)

    def __eq__(self, other):
        if not isinstance(other, DragPoints):
            return NotImplemented
        same = torch.equal(self.handles, other.handles) and torch.equal(self.targets, other.targets)
        turned = [one.turns is not None for one in (self, other)]
        same = same and turned[0] == turned[1] and (not turned[0] or torch.equal(self.turns, other.turns))
        return same and self.image_size == other.image_size

    @classmethod
    def from_pixels(cls, handles, targets, width, height, turns=None):
        """From positions [N, 2] in pixels of a width x height picture: 0 is its left or upper border, 0.5 the centre of
        the first pixel, width its right border."""
        handles, targets = _pair(handles, targets)
        _check(_numbered(handles, targets), (width, height))
        return cls(handles / _extent(width, height), targets / _extent(width, height), (width, height), turns)

    def to_pixels(self, width, height):
        """Handles and targets in pixels of a width x height picture, the inverse of from_pixels."""
        return self.handles * _extent(width, height), self.targets * _extent(width, height)

    def on_cells(self, width, height, cell):
        """The same drags on the whole latent cells of a width x height picture; one beyond them begins or ends at their
        border."""
        margins, fitted = (
            self.handles.new_tensor([of(side) for side in (width, height)])
            for of in (lambda side: margin(side, cell), lambda side: side // cell * cell)
        )
        ends = ((end - margins).clamp(min=0).minimum(fitted) for end in self.to_pixels(width, height))
        return DragPoints.from_pixels(*ends, *fitted.int().tolist(), self.turns)

    @classmethod
    def from_grid(cls, handles, targets, width, height):
        """From cell indices [N, 2] of a width x height grid over the picture: an integer is the centre of a cell."""
        handles, targets = _pair(handles, targets)
        return cls((handles + 0.5) / _extent(width, height), (targets + 0.5) / _extent(width, height))

    def to_grid(self, width, height):
        """Handles and targets as cell indices of a width x height grid, the inverse of from_grid; on the whole cells
        alone where the grid is that of the latent of the picture they were placed on."""
        cell = self.image_size and cell_of(*self.image_size, width, height)
        if not cell:
            return tuple(ends - 0.5 for ends in self.to_pixels(width, height))
        margins = torch.tensor([margin(side, cell) for side in self.image_size])
        return tuple((ends - margins) / cell - 0.5 for ends in self.to_pixels(*self.image_size))


def _check_count(count):
    if count > MAX_POINTS:
        raise DragPointsError(f"there are {count} points; at most {MAX_POINTS} can be used")


def check_text(text):
    """Raises the DragPointsError that parse_points would raise for a picture of any size."""
    drags = read(text)
    _check_count(len(drags.pairs))
    _check(drags.pairs, UNKNOWN_SIZE if drags.in_pixels else None)


def place(drags, image_size=None):
    """DragPoints of a DragText; pixels need image_size (width, height). DragPointsError outside the picture."""
    if drags.in_pixels and image_size is None:
        raise DragPointsError(
            "the coordinates are pixels, but the size of the picture is unknown; connect an IMAGE or use fractions "
            "between 0 and 1"
        )
    _check(drags.pairs, image_size if drags.in_pixels else None)
    handles, targets = (
        torch.tensor([pair[end] for pair in drags.pairs], dtype=torch.float64).view(-1, 2)
        / _extent(*(image_size if drags.in_pixels else (1, 1)))
        for end in (1, 2)
    )
    return DragPoints(handles, targets, image_size or drags.image_size, drags.turns or None)


def parse_points(text, image_size=None):
    """DragPoints from text: the JSON object of serialise_points, lines `x,y -> x,y`, JSON lists of handles and targets
    in turn, or KJNodes tracks (first point = handle, last = target). Blank text is no points.

    Except in the object, numbers are fractions if all lie in 0..1, and else positions in pixels as in from_pixels, for
    which image_size (width, height) is needed. DragPointsError, one sentence, for anything else.
    """
    return place(read(text), image_size)


def serialise_points(points, strokes=(), picture=None, regions=()):
    """The `dragkit.points` JSON text of points, Strokes, picture file and RegionPairs, which read takes apart again."""
    data = {
        "format": FORMAT,
        "version": VERSION,
        "image": points.image_size,
        **({} if picture is None else {"picture": picture}),
        "points": [
            {"handle": handle, "target": target} | turn
            for (_, handle, target), turn in zip(
                _numbered(points.handles, points.targets), _named_turns(points), strict=True
            )
        ],
        "strokes": [
            {name: value for name, value in vars(stroke).items() if value not in ((), None)} for stroke in strokes
        ],
        **({"regions": [vars(pair) for pair in regions]} if regions else {}),
    }
    return json.dumps(data)
