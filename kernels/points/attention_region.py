"""The thing under the handles, found by what a model's self-attention sees alike."""

import torch.nn.functional as F

from .latent_cells import cell_of, enlarged_cells
from .walk_region import RegionError, walk_region

SHARPNESS = 8.0


def attention_region(features, grid, points, width, height):
    """Region (bool, on the CPU) of the one thing that the handles of DragPoints lie on, at most a quarter of the
    picture; pinned ones lie on what stays. Nothing where no point moves. It has the size of the picture that they were
    placed on, or of the width x height latent where that is unknown.

    features: iterable of [C, rows, columns], recorded on a grid (rows, columns) over the latent. RegionError where
    the latent has other proportions than the picture.
    """
    size = points.image_size or (width, height)
    if abs(size[0] * height / size[1] - width) > 1 and abs(size[1] * width / size[0] - height) > 1:
        raise RegionError(
            f"drag_points were placed on a {size[0]} x {size[1]} picture, but the latent that was recorded has "
            f"{width} x {height} cells, which are other proportions; use the same picture for both"
        )
    handles, _ = points.to_grid(width, height)
    rows, columns = grid
    scale = handles.new_tensor([columns / width, rows / height])
    region = walk_region(features, (handles + 0.5) * scale - 0.5, points.pinned, SHARPNESS)[None, None].float()
    if cell := cell_of(*size, width, height):
        region = enlarged_cells(region, *size, cell)
    else:
        region = F.interpolate(region, size[::-1], mode="bilinear")
    return region[0, 0] >= 0.5
