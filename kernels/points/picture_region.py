"""The thing under the handles, found in the picture alone: where its colours end."""

import torch
import torch.nn.functional as F

from .walk_region import grid_of, walk_region

SHARPNESS = 1.0
# linear sRGB to CIE XYZ, of which D65 white is (1, 1, 1) (IEC 61966-2-1)
TO_XYZ = (
    (0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505),
    (0.2126, 0.7152, 0.0722),
    (0.0193 / 1.0890, 0.1192 / 1.0890, 0.9505 / 1.0890),
)


def _lab(image):
    """CIE L*a*b* (1976) of an sRGB image [3, H, W] in 0..1."""
    linear = torch.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    xyz = torch.einsum("ij,jhw->ihw", image.new_tensor(TO_XYZ), linear)
    x, y, z = torch.where(xyz > (6 / 29) ** 3, xyz ** (1 / 3), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)))


def picture_region(image, points):
    """Region (bool [H, W], on the CPU) of the one thing in image [3, H, W] (sRGB, 0..1) that the handles of DragPoints
    lie on, at most a quarter of the picture; pinned ones lie on what stays. Nothing where no point moves."""
    height, width = image.shape[-2:]
    rows, columns = grid_of(height, width)
    small = F.interpolate(image[None].float(), (rows, columns), mode="bilinear", antialias=True)[0]
    handles, _ = points.to_pixels(columns, rows)
    region = walk_region([_lab(small.clamp(0, 1))], handles - 0.5, points.pinned, SHARPNESS)
    return F.interpolate(region[None, None].float(), (height, width), mode="bilinear")[0, 0] >= 0.5
