"""Where the cells of a latent lie on a picture of any size: whole ones around its centre, as ComfyUI's VAE Encode has
them. Whatever cuts a picture into cells, or puts one back, asks here."""

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


def cell_of(width, height, columns, rows):
    """Pixels a side of a cell where columns x rows cells are the latent of a width x height picture that is not whole
    cells; None where all of the picture is the grid's, or where the grid is another's."""
    for cell in CELLS:
        if (columns, rows) == (width // cell, height // cell) and (width % cell or height % cell):
            return cell
    return None
