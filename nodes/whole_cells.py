"""Pictures of any size as whole latent cells: what is left over at the right and below is cut off."""


def whole_cells(values, cell):
    """values [B, H, W, ...] in whole cells of `cell` pixels a side."""
    return values[:, : values.shape[1] // cell * cell, : values.shape[2] // cell * cell]


def picture_in_cells(image, cell, node):
    """The colours of IMAGE in whole cells; ValueError in the name of a node where it has none."""
    fitted = whole_cells(image[..., :3], cell)
    if not fitted.numel():
        height, width = image.shape[1:3]
        raise ValueError(f"{node}: image is {width} x {height}; it must be at least {cell} pixels wide and high")
    return fitted
