"""A picture in ComfyUI's input folder, which the text of Drag Points may name."""

import os

import folder_paths

# ComfyUI's own module: this package's is a relative import
from nodes import LoadImage

from ...kernels.points.json_values import DragPointsError


def _path(name):
    folder = os.path.realpath(folder_paths.get_input_directory())
    path = os.path.realpath(os.path.join(folder, name))
    # a link in the folder may lead anywhere
    if os.path.splitdrive(path)[0] != os.path.splitdrive(folder)[0] or os.path.commonpath((folder, path)) != folder:
        raise DragPointsError(f'the picture "{name}" leads out of ComfyUI\'s input folder; use a file inside it')
    return path


def fingerprint(name):
    """What changes when the file does; None without a file."""
    path = _path(name)
    if not os.path.isfile(path):
        return None
    status = os.stat(path)
    return f"{status.st_mtime_ns} {status.st_size}"


def load(name):
    """IMAGE of the file that name (an inner_path) gives, as Load Image makes it. DragPointsError if that cannot be."""
    if not os.path.isfile(_path(name)):
        raise DragPointsError(
            f'there is no picture "{name}" in ComfyUI\'s input folder; put it there or connect an IMAGE'
        )
    if not folder_paths.filter_files_content_types([name], ["image"]):
        raise DragPointsError(f'the picture "{name}" is no image file; use PNG, JPEG or WebP')
    try:
        image, *_ = LoadImage().load_image(name)
    except Exception:
        # decoders raise whatever they like
        raise DragPointsError(f'the picture "{name}" cannot be decoded; save it again as PNG or JPEG') from None
    return image
