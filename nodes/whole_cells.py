"""Pictures of any size as whole latent cells: what is left over at the right and below is cut off."""


def whole_cells(values, cell):
    """values [B, H, W, ...] in whole cells of `cell` pixels a side."""
    return values[:, : values.shape[1] // cell * cell, : values.shape[2] // cell * cell]


def check_cell(image, cell, node):
    """ValueError in the name of a node where IMAGE is smaller than a cell."""
    height, width = image.shape[1:3]
    if min(height, width) < cell:
        raise ValueError(f"{node}: image is {width} x {height}; it must be at least {cell} pixels wide and high")


def picture_in_cells(image, cell, node):
    """The colours of IMAGE in whole cells; ValueError in the name of a node where it has none."""
    check_cell(image, cell, node)
    return whole_cells(image[..., :3], cell)
