"""What a person names at the command line."""

from pathlib import Path


class UserError(Exception):
    """What the person at the command line can mend; shown as one sentence."""


def open_image(path):
    """Picture [1, 3, H, W] in 0..1 of a file; UserError names it."""
    from PIL import Image, UnidentifiedImageError

    from .pictures import to_tensor

    try:
        return to_tensor(Image.open(path))[None]
    except (FileNotFoundError, IsADirectoryError, UnidentifiedImageError) as error:
        raise UserError(f"{path} is not a picture that can be read ({type(error).__name__})") from error


def read_points(argument, size):
    """DragPoints of a file or of the text itself, on a picture of size (width, height)."""
    from ..kernels.points.drag_points import parse_points

    # a file where there is one of that name, else the points themselves
    try:
        is_file = Path(argument).is_file()
    except OSError:
        is_file = False
    return parse_points(Path(argument).read_text() if is_file else argument, image_size=size)
