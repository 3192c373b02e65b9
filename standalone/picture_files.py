"""Pictures and masks in files of every kind that Pillow reads, and back into files.

Values are those of ComfyUI's Load Image, within rounding, where it gives any: EXIF's orientation is applied, the first
frame counts, a transparent picture's colours are taken as they are, colour profiles are not.
"""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from .pictures import to_pil, to_tensor
from .user_input import UserError

# what Pillow's decoders raise on damaged files
DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
# colours of one brush differ by no more, of 0..1
ONE_COLOUR = 8 / 255


class PictureFile(NamedTuple):
    """image [1, 3, H, W] or, with straight alpha, [1, 4, H, W], in 0..1; profile: its RGB colour profile or None."""

    image: torch.Tensor
    profile: bytes | None


def _open(path):
    """The first frame of a file, decoded and upright."""
    try:
        with warnings.catch_warnings():
            # Pillow's, of large pictures and of strange tags
            warnings.simplefilter("ignore")
            # not the file itself: Pillow maps it into memory, and turns uncompressed greys wrongly then
            image = Image.open(io.BytesIO(Path(path).read_bytes()))
            image.load()
            return ImageOps.exif_transpose(image)
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}") from error
    except UnidentifiedImageError as error:
        raise UserError(f"{path} is no picture that can be read; save it as PNG or JPEG (HEIC and raw, too)") from error
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} has more than {2 * Image.MAX_IMAGE_PIXELS // 10**6} million pixels") from error
    except DAMAGED as error:
        raise UserError(f"{path} cannot be read to its end ({error})") from error


def _greys(values, path):
    """[1, H, W] of an array of 16-bit integers, or of floats in 0..1; UserError for what has no known range."""
    low, high = values.min(), values.max()
    deep = values.dtype.kind != "f"
    if not (low >= 0 and high <= (65535 if deep else 1)):
        raise UserError(
            f"{path} has values from {low:g} to {high:g}, and nothing says which is white; save it with "
            + ("8 or 16 bits" if deep else "values from 0 to 1, or with 8 or 16 bits")
        )
    return torch.from_numpy(values.astype(np.float32))[None] / (65535 if deep else 1)


def _colours(image, path):
    """[3 or 4, H, W] in 0..1 of a PIL image of any mode."""
    if image.mode in DEEP or image.mode == "F":
        return _greys(np.asarray(image), path).expand(3, -1, -1)
    if image.mode not in ALPHA and "transparency" not in image.info:
        return to_tensor(image)
    # RGBa has no way to others
    image = image.convert({"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode)).convert("RGBA")
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def read_picture(path):
    """The PictureFile of a file; UserError names it. Alpha that is opaque everywhere is none."""
    image = _open(path)
    colours = _colours(image, path)
    if len(colours) == 4 and (colours[3] == 1).all():
        colours = colours[:3]
    profile = image.info.get("icc_profile")
    # of a CMYK or grey picture it says nothing of RGB
    return PictureFile(colours[None], profile if profile and profile[16:20] == b"RGB " else None)


def read_mask(path):
    """Mask [1, H, W] in 0..1 (1 = may change) of a file: its brightness, where transparent counts as black. What is
    painted in one colour, whichever, on nothing counts by its opacity; in a colour picture with parts erased, as
    ComfyUI's mask editor saves it, those may change."""
    image = _colours(_open(path), path)
    if len(image) == 3 or (image[3] == 1).all():
        return image[:3].mean(0, keepdim=True)
    colours, alpha = image[:3], image[3:]
    seen = colours[:, alpha[0] > 0]
    if not seen.numel() or (seen.amax(1) - seen.amin(1)).amax() <= ONE_COLOUR:
        return alpha
    if (seen.amax(0) - seen.amin(0)).amax() > ONE_COLOUR:
        return 1 - alpha
    return colours.mean(0, keepdim=True) * alpha


def check_writable(path, image):
    """UserError where the file format of path cannot hold a picture of the size of image [B, C, H, W]."""
    format, (channels, height, width) = Image.registered_extensions()[path.suffix.lower()], image.shape[1:]
    try:
        for size in ((width, 1), (1, height)):
            Image.new("RGB", size).save(io.BytesIO(), format)
    except DAMAGED as error:
        raise UserError(
            f"{path.name}: no {width} x {height} picture can be written as {path.suffix} ({error})"
        ) from error
    return channels == 3 or _holds_alpha(format)


def _holds_alpha(format):
    try:
        Image.new("RGBA", (1, 1)).save(io.BytesIO(), format)
    except DAMAGED:
        return False
    return True


def save_picture(picture, path, profile=None):
    """Writes [3 or 4, H, W] in 0..1 to path, in the form of its suffix."""
    # Pillow's own quality of JPEG blurs
    to_pil(picture).save(path, quality=95, **({"icc_profile": profile} if profile else {}))
