"""The bundled free photographs (licences in weights/README.md)."""

from PIL import Image

from ...weights import PHOTOGRAPHS
from ..pictures import to_tensor


def photograph(name, size=256):
    """One bundled photograph as [3, size, size] in 0..1."""
    image = Image.open(PHOTOGRAPHS / f"{name}.jpg")
    return to_tensor(image.resize((size, size), Image.Resampling.LANCZOS))
