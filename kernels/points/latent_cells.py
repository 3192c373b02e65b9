"""Where the cells of a latent lie on a picture of any size: whole ones around its centre, as ComfyUI's VAE Encode has
them. Whatever cuts a picture into cells, or puts one back, asks here."""

import torch.nn.functional as F

# pixels a side of a cell, of the autoencoders that there are
CELLS = (4, 8, 16, 32)


def margin(length, cell):
    """Pixels of a side of length pixels that lie in front of its whole cells."""
    return length % cell // 2


def whole_cells(values, cell, axes=(1, 2)):
    """values in whole cells of `cell` pixels along axes: what is left over is cut off, half of it in front."""
    for axis in axes:
        length = values.shape[axis]
        values = values.narrow(axis, margin(length, cell), length // cell * cell)
    return values


def enlarged_cells(values, width, height, cell):
    """values [B, C, h, w] of the latent cells of `cell` pixels of a width x height picture, on all of its pixels: what
    lies beside whole cells is as their border."""
    rows, columns = (side // cell * cell for side in (height, width))
    wide = F.interpolate(values, (rows, columns), mode="bilinear")
    (left, right), (top, bottom) = ((margin(side, cell), side % cell - margin(side, cell)) for side in (width, height))
    return F.pad(wide, (left, right, top, bottom), "replicate")


def cell_of(width, height, columns, rows):
    """Pixels a side of a cell where columns x rows cells are the latent of a width x height picture that is not whole
    cells; None where all of the picture is the grid's, or where the grid is another's."""
    for cell in CELLS:
        if (columns, rows) == (width // cell, height // cell) and (width % cell or height % cell):
            return cell
    return None
