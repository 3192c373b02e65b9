"""The drag that `dragkit demo` shows."""

from .motions import positions

PHOTOGRAPH = "chelsea"
DRAG = "172,208 -> 140,208"


def REGION(size):
    """The muzzle and what is around it, [size, size]."""
    xy = positions(size) / size
    return (((xy[..., 0] - 0.62) / 0.3) ** 2 + ((xy[..., 1] - 0.78) / 0.2) ** 2 < 1).float()
