"""What `dragkit`'s arguments may be: ranges of numbers, files that must be there, files that can be written."""

import argparse
import math
import os
from pathlib import Path

from .user_input import UserError


class Parser(argparse.ArgumentParser):
    """Says what is wrong as a UserError."""

    def error(self, message):
        # one sentence, without the whole usage in front of it
        raise UserError(message)


# torch's generators take these; training and benches make many seeds of one
SEEDS, BASE_SEEDS = (0, 2**64 - 1), (0, 1_000_000)


def whole(low, high):
    """Type of a whole number, both ends included."""

    def read(text):
        # int() would also take 1_000 and digits of other scripts
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdecimal() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} to {high}")
        return int(text)

    return read


def number(low, high, above=False):
    """Type of a finite number, both ends included; above: without the lower one."""

    def read(text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or (above and value == low):
            ends = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is no number {ends}")
        return value

    return read


def existing(kind, *words):
    """Type of the path of a `file` or `folder` that is there (`path`: either), or one of words."""

    def read(text):
        try:
            is_folder, is_there = Path(text).is_dir(), Path(text).exists()
        except (OSError, ValueError):
            is_folder = is_there = False
        if text not in words:
            if not text or not is_there:
                wanted = "file or folder" if kind == "path" else kind
                other = f"; {' and '.join(words)} would do, too" if words else ""
                raise argparse.ArgumentTypeError(f"there is no {wanted} {text!r}{other}")
            if kind != "path" and is_folder != (kind == "folder"):
                raise argparse.ArgumentTypeError(f"{text!r} is a {'folder' if is_folder else 'file'}, but no {kind}")
        return text

    return read


def output(text):
    """Type of the path of a file that can be written; UserError."""
    path = Path(text)
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {str(path.parent)!r} for {path.name!r}; make it first")
    if path.is_dir():
        raise UserError(f"{text!r} is a folder; name a file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UserError(f"{text!r} cannot be written; its folder or the file allows no writing")
    return text


def output_folder(text):
    """Type of the path of a folder that can be written into, which need not be there yet; UserError."""
    path = Path(text)
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {str(path.parent)!r} for {path.name!r}; make it first")
    if path.exists() and not path.is_dir():
        raise UserError(f"{text!r} is a file; name a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UserError(f"{text!r} cannot be written; its folder allows no writing")
    return text


def output_picture(text):
    """Type of the path of a picture that can be written, by its suffix; UserError."""
    from PIL import Image

    suffix = Path(text).suffix.lower()
    if Image.registered_extensions().get(suffix) not in Image.SAVE:
        raise UserError(f"no picture can be written as {suffix or text!r}; .png always can")
    return output(text)
