"""The connected parts of a region."""

import torch
from scipy import ndimage


def bounding_box(region):
    """Rows and columns (slices) of the bounding box of region [H, W], which is not empty."""
    rows, columns = region.any(1).nonzero(), region.any(0).nonzero()
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def label_parts(region):
    """Parts of region [H, W] (bool) that are connected, also over corners: their numbers int32 [H, W], from 1 in
    reading order, 0 outside, and the (rows, columns) of their bounding boxes. Labelled on the CPU."""
    if region.all():
        # all of a picture is the largest region and the easiest to tell
        return torch.ones_like(region, dtype=torch.int32), [(slice(0, region.shape[0]), slice(0, region.shape[1]))]
    labels, _ = ndimage.label(region.cpu().numpy(), structure=[[1] * 3] * 3)
    return torch.from_numpy(labels).to(region.device), ndimage.find_objects(labels)


def without_holes(region):
    """region [H, W] (bool, on the CPU) with the parts of the rest that do not reach its border by their sides."""
    return torch.from_numpy(ndimage.binary_fill_holes(region.numpy()))
