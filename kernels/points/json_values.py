"""Checks of the plain values that come out of a text, and the error that refuses them."""

import json
import re
import unicodedata

MAX_PATH = 300
_ROOT = re.compile("/|[A-Za-z]:")


class DragPointsError(ValueError):
    """Points that cannot be used; the message is one sentence that says which and what they must be."""

    def __init__(self, reason):
        super().__init__(f"Drag Points: {reason}")


def shown(value):
    """A JSON value in few words; numbers of any size are safe."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return "a number beyond 1e15" if abs(value) > 1e15 else f"{value:.6g}"
    return {str: "a text", list: "a list", dict: "an object"}.get(type(value), type(value).__name__)


def is_side(value):
    return type(value) is int and value > 0


def xy(values, owner, name):
    """values if they are a list of two numbers; owner and name say in the error whose they are."""
    if not isinstance(values, list) or len(values) != 2:
        raise DragPointsError(f"{owner} has {name} = {shown(values)}; it must be [x, y]")
    for axis, value in zip("xy", values, strict=True):
        if type(value) not in (int, float):
            raise DragPointsError(f"{owner} has {name} {axis} = {shown(value)}; coordinates are numbers")
    return values


def fractions(values, owner, name):
    """values if they are a list of two numbers in 0..1."""
    for axis, value in zip("xy", xy(values, owner, name), strict=True):
        if not 0 <= value <= 1:
            raise DragPointsError(
                f"{owner} has {name} {axis} = {shown(value)}; coordinates are fractions between 0 and 1"
            )
    return values


def inner_path(value, name):
    """value if it is a path, parts divided by /, that stays in its folder; name says in the error what it is."""
    inner = isinstance(value, str) and 0 < len(value) <= MAX_PATH and not _ROOT.match(value) and "\\" not in value
    # control characters, and halves of surrogate pairs, which no file system takes
    if not inner or ".." in value.split("/") or any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        raise DragPointsError(
            f"{name} must be a file in ComfyUI's input folder as dragkit/photo.png, in at most {MAX_PATH} characters"
        )
    return value
