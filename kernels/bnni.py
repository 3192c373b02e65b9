"""Bilateral nearest neighbour interpolation (FastDrag, Sec. 3.3): vacated cells from the nearest valued cells beside,
above and below them, weighted by 1 / distance."""

import torch


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

    Cells on one anti-diagonal depend only on earlier ones (left, above) and on values untouched so far (right, below).
    """
    batch, channels, height, width = latent.shape
    empty = latent[:, 0] == 0 if holes is None else holes.bool().expand(batch, height, width)
    if not empty.any():
        return latent.clone()
    # the guess is repeated on what was filled in; with an explicit mask a filled cell has a value
    counts = (
        (lambda values: values[:, :, 0] != 0)
        if holes is None
        else (lambda values: torch.ones_like(values[:, :, 0], dtype=torch.bool))
    )
    out = latent.permute(0, 2, 3, 1).clone()
    index_x = torch.arange(width, device=latent.device)
    index_y = torch.arange(height, device=latent.device)
    right = width - 1 - _nearest_before(~empty.flip(2)).flip(2)
    down = height - 1 - _nearest_before((~empty).flip(1).mT).mT.flip(1)
    left = torch.full((batch, height), -1, device=latent.device)
    up = torch.full((batch, width), -1, device=latent.device)
    rows = torch.arange(batch, device=latent.device)[:, None]
    for diagonal in range(height + width - 1):
        y = index_y[max(0, diagonal - width + 1) : diagonal + 1]
        x = index_x[diagonal - y]
        hole = empty[:, y, x]
        if hole.any():
            where = ((y, left[:, y]), (y, right[:, y, x]), (up[:, x], x), (down[:, y, x], x))
            steps = (x - left[:, y], right[:, y, x] - x, y - up[:, x], down[:, y, x] - y)
            found = (left[:, y] >= 0, right[:, y, x] < width, up[:, x] >= 0, down[:, y, x] < height)
            total = torch.zeros_like(out[:, y, x])
            norm = torch.zeros_like(total[..., :1])
            for (v, u), step, seen in zip(where, steps, found, strict=True):
                weight = torch.where(seen, 1 / step.to(latent.dtype), 0)[..., None]
                total += weight * out[rows, v.clamp(0, height - 1), u.clamp(0, width - 1)]
                norm += weight
            fill = hole & (norm[..., 0] > 0)
            out[:, y, x] = torch.where(fill[..., None], total / norm, out[:, y, x])
            seen = ~hole | (fill & counts(out[:, y, x]))
        else:
            seen = ~hole
        left[:, y] = torch.where(seen, x, left[:, y])
        up[:, x] = torch.where(seen, y, up[:, x])
    return out.permute(0, 3, 1, 2).contiguous()
