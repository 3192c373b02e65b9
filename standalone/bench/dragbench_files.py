"""DragBench's folders: original_image.png and meta_data.pkl, which is read as what it should hold and nothing else."""

import io
import math
import pickle
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from ..picture_files import read_picture
from ..user_input import UserError

PICTURE, META = "original_image.png", "meta_data.pkl"
# a mask has a byte a pixel
LARGEST, LONGEST_PROMPT, MOST_PAIRS = 64 << 20, 10_000, 256
KINDS = "biuf"


class Sample(NamedTuple):
    """picture [3, H, W] in 0..1; handles and targets [N, 2] (int64, x and y, pixels as they count from 0); mask [H, W]
    (bool, True = may change)."""

    name: str
    picture: torch.Tensor
    prompt: str
    handles: torch.Tensor
    targets: torch.Tensor
    mask: torch.Tensor


class _Refused(Exception):
    """Something that DragBench's files do not hold."""


# stand for what numpy calls in its pickles, so that a file can call nothing of numpy either
class _Type:
    def __init__(self, code, *_):
        if not isinstance(code, str) or len(code) > 8:
            raise _Refused("a strange type of numbers")
        self.type = np.dtype(code)
        if self.type.kind not in KINDS:
            raise _Refused(f"numbers of the type {code}")

    def __setstate__(self, state):
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise _Refused("a strange type of numbers")
        self.type = self.type.newbyteorder(order)


def _filled(kind, shape, data, fortran=False):
    fits = isinstance(kind, _Type) and isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not fits or len(shape) > 3 or not isinstance(data, (bytes, bytearray)):
        raise _Refused("a strange array")
    if math.prod(shape) * kind.type.itemsize != len(data):
        raise _Refused("an array of another size than it says")
    return np.frombuffer(data, kind.type).reshape(shape, order="F" if fortran else "C").copy()


class _Class:
    """numpy.ndarray, which is only named."""

    def __init__(self, *_):
        raise _Refused("an array without numbers")


class _Array:
    array = None

    def __init__(self, of, *_):
        if of is not _Class:
            raise _Refused("a strange array")

    def __setstate__(self, state):
        if not isinstance(state, tuple) or len(state) != 5:
            raise _Refused("a strange array")
        _, shape, kind, fortran, data = state
        self.array = _filled(kind, shape, data, fortran)


class _Buffer(_Array):
    def __init__(self, data, kind, shape, order="C"):
        self.array = _filled(kind, shape, data, order == "F")


class _Scalar(_Array):
    def __init__(self, kind, data):
        self.array = _filled(kind, (), data)


class _Bytes(bytes):
    """_codecs.encode, by which old pickles hold bytes."""

    def __new__(cls, text, encoding="latin1"):
        if not isinstance(text, str) or encoding != "latin1":
            raise _Refused("a strange text")
        return super().__new__(cls, text.encode("latin1"))


STANDS = {("numpy", "ndarray"): _Class, ("numpy", "dtype"): _Type, ("_codecs", "encode"): _Bytes} | {
    (f"numpy.{core}.{module}", name): stand
    for core in ("core", "_core")
    for module, name, stand in (
        ("multiarray", "_reconstruct", _Array), ("multiarray", "scalar", _Scalar), ("numeric", "_frombuffer", _Buffer)
    )
}  # fmt: skip


# the one in Python: the other one makes as much room as a few bytes of the file ask for
class _Reader(pickle._Unpickler):
    def find_class(self, module, name):
        if (module, name) not in STANDS:
            raise _Refused(f"{module}.{name}"[:100])
        return STANDS[module, name]

    def persistent_load(self, pid):
        raise _Refused("something outside the file")

    def get_extension(self, code):
        raise _Refused("an extension")


def read_meta(raw, name):
    """What the bytes of a meta_data.pkl hold: {"prompt", "points", "mask", ...}, arrays as numpy's. UserError, one
    sentence, for anything but texts, numbers, lists, dictionaries and arrays of numbers."""
    if len(raw) > LARGEST:
        raise UserError(f"{name} has more than {LARGEST >> 20} MiB; it holds a prompt, points and a mask")
    try:
        found = _Reader(io.BytesIO(raw)).load()
    except _Refused as error:
        raise UserError(f"{name} asks for {error}; DragBench's files hold a prompt, points and a mask alone") from None
    except Exception as error:  # a broken pickle fails in any way
        raise UserError(f"{name} is no pickle of a prompt, points and a mask ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise UserError(f"{name} holds no dictionary of a prompt, points and a mask")
    return {key: value.array if isinstance(value, _Array) else value for key, value in found.items()}


def _number(value):
    if isinstance(value, _Array):
        value = value.array
    if isinstance(value, np.ndarray):
        value = value.item() if value.ndim == 0 else None
    # no float holds all whole numbers
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**53
    return value if fits else math.nan


def _points(found, name, width, height):
    """[2N, 2], whole pixels: a part of one is cut off, as RegionDrag does."""
    if isinstance(found, np.ndarray):
        found = found.tolist() if found.size <= 4 * MOST_PAIRS else None
    ends = []
    if isinstance(found, (list, tuple)) and 0 < len(found) <= 2 * MOST_PAIRS and len(found) % 2 == 0:
        for one in found:
            one = one.array if isinstance(one, _Array) else one
            one = one.tolist() if isinstance(one, np.ndarray) and one.shape == (2,) else one
            ends.append([_number(value) for value in one] if isinstance(one, (list, tuple)) and len(one) == 2 else [])
    if not ends or any(len(one) != 2 or not all(map(math.isfinite, one)) for one in ends):
        raise UserError(
            f"{name}: points must be [x, y] of a handle and its target in turn, 1 to {MOST_PAIRS} pairs of them"
        )
    for x, y in ends:
        if not (0 <= x < width and 0 <= y < height):
            raise UserError(f"{name} has a point at ({x:g}, {y:g}); the picture is {width} x {height} pixels")
    return torch.tensor(ends, dtype=torch.float64).long()


def read_sample(folder, name):
    """The Sample in a folder; UserError, one sentence, for what is not as DragBench's files are."""
    meta, picture = Path(folder, META), read_picture(Path(folder, PICTURE)).image[0, :3]
    height, width = picture.shape[-2:]
    try:
        with open(meta, "rb") as file:
            found = read_meta(file.read(LARGEST + 1), meta)
    except OSError as error:
        raise UserError(f"{meta} cannot be read ({error.strerror})") from error
    prompt, mask = found.get("prompt"), found.get("mask")
    if not isinstance(prompt, str) or len(prompt) > LONGEST_PROMPT:
        raise UserError(f"{meta}: prompt must be a text of at most {LONGEST_PROMPT} letters")
    if not isinstance(mask, np.ndarray) or mask.shape != (height, width):
        shape = " x ".join(map(str, mask.shape[::-1])) if isinstance(mask, np.ndarray) else "none"
        raise UserError(f"{meta}: the mask is {shape}; it must be {width} x {height}, as {PICTURE}")
    points = _points(found.get("points"), meta, width, height)
    # a mask of nothing is none, as everywhere
    mask = torch.from_numpy(np.ascontiguousarray(mask > 0))
    return Sample(name, picture, prompt, points[0::2], points[1::2], mask if mask.any() else ~mask)


def sample_names(root):
    """Names (category/sample, or sample) of the folders in root that hold a sample, in their order; UserError where
    there is none."""
    root = Path(root)
    found = sorted(path.parent.relative_to(root).as_posix() for path in root.glob("**/" + META))
    found = [name for name in found if not any(part.startswith(".") for part in Path(name).parts)]
    if not found or found == ["."]:
        raise UserError(f"{root} has no folders with {PICTURE} and {META}, as DragBench has")
    return found
