"""`dragkit convert-lightningdrag`: LightningDrag's published files become one safetensors file."""

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ...kernels.lightningdrag.files import FORMAT, KINDS, LightningDragError, flat, from_published, kind_of, pack

SUFFIXES = (".bin", ".pt", ".safetensors")
# what is looked for in folders: others there may be many gigabytes
PUBLISHED = (
    "lightning-drag-sd15-attn.bin", "point_embedding.pt", "ip-adapter_sd15.bin",
    "appearance_encoder/diffusion_pytorch_model.safetensors",
)  # fmt: skip


def _read(path):
    """Tensors of a published file; pickled ones without running what is in them."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found = flat(torch.load(path, map_location="cpu", weights_only=True))
    except (SafetensorError, OSError, pickle.UnpicklingError, RuntimeError, EOFError, AttributeError) as error:
        raise LightningDragError(f"{path} cannot be read as weights ({type(error).__name__})") from error
    return {key: value for key, value in found.items() if isinstance(value, torch.Tensor)}


def _candidates(paths):
    """The files named and those of the PUBLISHED names in the folders named."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from (one for one in sorted(path.rglob("*")) if one.as_posix().endswith(PUBLISHED))
        elif path.suffix in SUFFIXES and path.is_file():
            yield path
        else:
            raise LightningDragError(f"{path} is neither a folder nor a {', '.join(SUFFIXES)} file")


def find_published(paths):
    """{kind: (file, tensors)} of KINDS among files and folders; LightningDragError for a kind that is missing or there
    twice, and for a file that is of none."""
    found = {}
    for path in _candidates(paths):
        tensors = _read(path)
        kind = kind_of(tensors)
        if kind is None:
            raise LightningDragError(f"{path} is none of LightningDrag's files: {', '.join(KINDS)}")
        if kind in found:
            raise LightningDragError(f"{found[kind][0]} and {path} are both the {kind}; name one of them")
        found[kind] = path, tensors
    if missing := [kind for kind in KINDS if kind not in found]:
        raise LightningDragError(f"LightningDrag's {missing[0]} is missing; found: {', '.join(found) or 'nothing'}")
    return found


def convert(paths, out, half=False):
    """Writes the one file of the published ones in paths, in their precision or, if half, float16."""
    found = find_published(paths)
    tensors, names = zip(*((found[kind][1], found[kind][0].name) for kind in KINDS), strict=True)
    packed = pack(from_published(*tensors, names))
    packed = {key: (value.half() if half else value).contiguous() for key, value in packed.items()}
    save_file(packed, out, {"format": FORMAT})
    return {kind: path for kind, (path, _) in found.items()}
