"""What a person names at the command line."""

import codecs
import sys
from pathlib import Path


class UserError(Exception):
    """What the person at the command line can mend; shown as one sentence."""


def _text_of(path):
    """Text of a file in UTF-8 or, as Windows' editors write it, in UTF-16; with or without a byte-order mark."""
    try:
        raw = path.read_bytes()
        return raw.decode("utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} holds no text; points are JSON or lines x,y -> x,y") from error


def _looks_like_a_path(text):
    """Drags have no letters but in JSON and in exponents."""
    line = text.strip()
    is_drag = line.startswith(("[", "{", "#")) or "->" in line or "=>" in line
    return len(line.splitlines()) == 1 and not is_drag and any(c.isalpha() for c in line)


def read_points(argument, size):
    """DragPoints of a file or of the text itself, on a picture of size (width, height)."""
    from ..kernels.points.drag_points import place
    from ..kernels.points.drag_text import read

    # a file where there is one of that name, else the points themselves
    try:
        is_file, is_folder = Path(argument).is_file(), bool(argument.strip()) and Path(argument).is_dir()
    except (OSError, ValueError):
        is_file = is_folder = False
    if is_folder:
        raise UserError(f"--points is {argument!r}, a folder; name a file")
    if not is_file and _looks_like_a_path(argument):
        raise UserError(f"--points is {argument!r}: there is no such file, and it is no drag x,y -> x,y")
    drags = read(_text_of(Path(argument)) if is_file else argument)
    if drags.notice:
        print(f"The points: {drags.notice}.", file=sys.stderr)
    return place(drags, size)
