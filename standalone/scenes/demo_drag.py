"""The drag that `dragkit demo` shows."""

from .motions import positions

PHOTOGRAPH = "chelsea"
DRAG = "170,205 -> 190,175"


def REGION(size):
    """The muzzle and what is around it, [size, size]."""
    xy = positions(size) / size
    return (((xy[..., 0] - 0.645) / 0.29) ** 2 + ((xy[..., 1] - 0.74) / 0.235) ** 2 < 1).float()
