"""The cells of a LATENT as kernels take them, [B, C, h, w], whatever the model: one frame of a video model's is a
picture, and FLUX.2's cells hold finer ones."""

from dataclasses import dataclass

import torch

from ..kernels.points.latent_cells import cell_of, whole_cells
from ..kernels.warp.packed_cells import PACKED, SIDE, pack, unpack
from .model_space import picture_latent


@dataclass(frozen=True)
class PictureCells:
    """cells [B, C, h, w] of a LATENT's samples; packed and framed say how these hold them."""

    cells: torch.Tensor
    packed: bool
    framed: bool

    def samples(self, cells):
        """LATENT samples of other cells of this size."""
        cells = pack(cells) if self.packed else cells
        return cells[:, :, None] if self.framed else cells

    def on_samples(self, region):
        """region [B or 1, h, w] (bool) of these cells, in the axes of samples."""
        if self.packed:
            channels = self.cells.shape[1]
            region = pack(region[:, None].float().expand(-1, channels, -1, -1)).bool()
        else:
            region = region[:, None]
        return region[:, :, None] if self.framed else region

    def _cell(self, width, height):
        """Pixels a side of a cell of the LATENT that holds finer ones, where it is not on all of the picture."""
        rows, columns = (side // SIDE for side in self.cells.shape[-2:])
        return cell_of(width, height, columns, rows) if self.packed else None

    def of_picture(self, values):
        """values [B, H, W] or [B, C, H, W] of the picture on what these cells lie on; None stays."""
        if values is None or not (cell := self._cell(values.shape[-1], values.shape[-2])):
            return values
        return whole_cells(values, cell, (-2, -1))

    def grid_points(self, points):
        """Handles and targets of DragPoints as indices of these cells."""
        if points.image_size and (cell := self._cell(*points.image_size)):
            points = points.on_cells(*points.image_size, cell)
        return points.to_grid(self.cells.shape[3], self.cells.shape[2])


def picture_cells(samples, node):
    """PictureCells of a LATENT of pictures. ValueError in the name of a node for others."""
    latent = picture_latent(samples, node)
    framed = latent.ndim == 5
    cells = latent[:, :, 0] if framed else latent
    # with frames so many channels are a video model's own
    packed = not framed and cells.shape[1] == PACKED
    return PictureCells(unpack(cells) if packed else cells, packed, framed)
