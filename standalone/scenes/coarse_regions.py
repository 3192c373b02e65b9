"""Regions as people paint them who are in no hurry: around a thing and where it goes, not along its outline."""

import torch
from skimage.morphology import convex_hull_image

SHAPES = ("box", "hull", "ellipse")


def _box(inside):
    rows, columns = (inside.any(axis).nonzero()[:, 0] for axis in (1, 0))
    out = torch.zeros_like(inside)
    out[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    return out


def _hull(inside):
    return torch.from_numpy(convex_hull_image(inside.numpy()))


def _ellipse(inside):
    """The smallest one around all of it among those of its middle and its second moments."""
    y, x = (torch.arange(side, dtype=torch.float64) for side in inside.shape)
    xy = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
    offset = xy - xy[inside].mean(0)
    squared = (offset @ torch.linalg.inv(torch.cov(offset[inside].T)) * offset).sum(-1)
    return squared <= squared[inside].max()


_AROUND = {"box": _box, "hull": _hull, "ellipse": _ellipse}


def coarse_region(shape, flow):
    """bool [H, W] of a shape of SHAPES around the content that flow [2, H, W] moves by more than a pixel and the places
    that it takes it to."""
    height, width = flow.shape[-2:]
    here = flow.norm(dim=0) > 1
    rows, columns = (here.nonzero() + flow[:, here].flip(0).T.round().long()).unbind(1)
    there = torch.zeros_like(here)
    there[rows.clamp(0, height - 1), columns.clamp(0, width - 1)] = True
    return _AROUND[shape](here | there)
