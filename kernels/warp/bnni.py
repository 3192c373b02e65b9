"""Bilateral nearest neighbour interpolation (FastDrag, Sec. 3.3): vacated cells from the nearest valued cells beside,
above and below them, weighted by 1 / distance."""

import torch
import torch.nn.functional as F


def _nearest_before(valued):
    """For each cell the index along the last axis of the nearest valued cell strictly before it, -1 for none."""
    index = torch.arange(valued.shape[-1], device=valued.device).expand(valued.shape)
    last = torch.where(valued, index, -1).cummax(-1).values
    return torch.nn.functional.pad(last[..., :-1], (1, 0), value=-1)


def _neighbours(holes):
    """Flat index and distance of the nearest valued cell in the four directions for each hole: two [4, n]; distance
    infinite where there is none."""
    height, width = holes.shape
    y, x = holes.nonzero(as_tuple=True)
    valued = ~holes
    left = _nearest_before(valued)[y, x]
    right = width - 1 - _nearest_before(valued.flip(1)).flip(1)[y, x]
    up = _nearest_before(valued.T).T[y, x]
    down = height - 1 - _nearest_before(valued.flip(0).T).T.flip(0)[y, x]
    distance = torch.stack((x - left, right - x, y - up, down - y)).double()
    missing = torch.stack((left < 0, right >= width, up < 0, down >= height))
    index = torch.stack((y * width + left, y * width + right, up * width + x, down * width + x))
    return index.clamp(0, holes.numel() - 1), distance.masked_fill(missing, torch.inf)


def bnni(latent, holes):
    """Fills holes [H, W] (bool) of latent [B, C, H, W] from valued cells only, in no particular order.

    Cells whose row and column hold no value are filled in a further pass; without any valued cell nothing changes.
    """
    holes = holes.bool()
    flat = latent.flatten(2).clone()
    while holes.any() and not holes.all():
        index, distance = _neighbours(holes)
        weight = 1 / distance
        found = weight.sum(0) > 0
        weight = (weight / weight.sum(0).clamp(min=1e-12)).to(latent.dtype)[:, found]
        target = holes.flatten().nonzero()[found, 0]
        flat[:, :, target] = sum(flat[:, :, i] * w for i, w in zip(index[:, found], weight, strict=True))
        holes = holes.flatten().index_fill(0, target, False).view_as(holes)
    return flat.view_as(latent)


def bnni_sequential(latent, holes=None):
    """The published order: holes in row-major order, each filled value is read by later ones, so that holes smear to
    the right and down. latent [B, C, H, W]; holes [H, W], or None for the published guess, channel 0 == 0.

    A hole that has a value anywhere above and to the left of it, itself included, finds its left and upper neighbours
    filled; below and to the right it reads original values. So the holes of one anti-diagonal can be filled at once.
    A filled cell counts as valued, also where the published guess would take its channel 0 for empty again.
    """
    batch, channels, height, width = latent.shape
    holes = latent[:, 0] == 0 if holes is None else holes.bool().expand(batch, height, width)
    valued = ~holes
    out = latent.permute(0, 2, 3, 1).clone(memory_format=torch.contiguous_format).view(-1, channels)
    x = torch.arange(width, device=latent.device)
    y = torch.arange(height, device=latent.device)[:, None]
    right = width - 1 - _nearest_before(valued.flip(2)).flip(2)
    down = height - 1 - _nearest_before(valued.flip(1).mT).mT.flip(1)
    # 1 / distance of the nearest value to the right and below, 0 without one
    to_right = torch.where(right < width, 1 / (right - x).to(latent.dtype), 0)
    to_down = torch.where(down < height, 1 / (down - y).to(latent.dtype), 0)
    reached = (valued | (to_right > 0) | (to_down > 0)).int().cummax(1).values.cummax(2).values
    to_left = F.pad(reached[:, :, :-1], (1, 0)).to(latent.dtype)
    to_up = F.pad(reached[:, :-1], (0, 0, 1, 0)).to(latent.dtype)

    todo = (holes & (reached > 0)).flatten().nonzero()[:, 0]
    diagonal = ((todo // width) % height + todo % width).sort(stable=True)
    todo = todo[diagonal.indices]
    cell = torch.arange(holes.numel(), device=latent.device).view_as(holes)
    sources = (
        (cell - 1, to_left),
        (cell - width, to_up),
        (cell - x + right, to_right),
        (cell + (down - y) * width, to_down),
    )
    index = torch.stack([at.flatten()[todo] for at, _ in sources]).clamp(0, holes.numel() - 1)
    weight = torch.stack([w.flatten()[todo] for _, w in sources])[..., None]
    weight = weight / weight.sum(0)
    fixed = out[index[2]] * weight[2] + out[index[3]] * weight[3]
    counts = torch.bincount(diagonal.values).tolist()
    pieces = [tensor.split(counts) for tensor in (todo, fixed, index[0], weight[0], index[1], weight[1])]
    for into, value, left, left_weight, up, up_weight in zip(*pieces, strict=True):
        if len(into):
            out[into] = value + out[left] * left_weight + out[up] * up_weight
    return out.view(batch, height, width, channels).permute(0, 3, 1, 2).contiguous()
