"""FastDrag's latent warpage and BNNI cell by cell, as the published code runs: what the kernels are measured against
and, in the tests, compared with."""

import torch


def _displacement(cell, handles, targets, centre, radius):
    """Where the drags move one cell [2] (x, y): the LWF of Sec. 3.2, point by point."""
    moved, total = torch.zeros(2, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64)
    for handle, target in zip(handles, targets, strict=True):
        ray = cell - handle
        distance = torch.sqrt((ray * ray).sum())
        if distance == 0:
            ratio = torch.tensor(1.0, dtype=torch.float64)
        else:
            direction = ray / distance
            projected = (direction * (handle - centre)).sum()
            chord = radius**2 - ((handle - centre) ** 2).sum() + projected**2
            reach = torch.sqrt(chord) - projected if chord > 0 else None
            ratio = torch.abs(distance - reach) / torch.abs(reach) if chord > 0 else torch.zeros_like(distance)
        weight = 1 / (distance + 1e-4)
        moved = moved + weight * ratio * (target - handle)
        total = total + weight
    return moved / total


def relocate_plain(latent, handles, targets, mask):
    """The published relocation of latent [B, C, H, W] by drags [N, 2] (x, y; cells) in mask [H, W]: the latent with
    vacated cells 0, and these holes [H, W]."""
    height, width = mask.shape
    cells = [(y, x) for y in range(height) for x in range(width) if mask[y, x]]
    rows, columns = [y for y, _ in cells], [x for _, x in cells]
    low = torch.tensor([min(columns), min(rows)], dtype=torch.float64)
    centre = (low + torch.tensor([max(columns), max(rows)], dtype=torch.float64)) / 2
    radius = torch.sqrt(((centre - low + 1e-6) ** 2).sum())
    moved = latent.clone()
    for y, x in cells:
        moved[:, :, y, x] = 0
    written = torch.zeros(height, width, dtype=torch.bool)
    for y, x in cells:
        cell = torch.tensor([x, y], dtype=torch.float64)
        # a FLOW is float32
        vector = _displacement(cell, handles, targets, centre, radius).float().double()
        end = torch.round(cell + vector).long()
        column, row = end[0].clamp(0, width - 1), end[1].clamp(0, height - 1)
        if not written[row, column]:
            moved[:, :, row, column] = latent[:, :, y, x]
            written[row, column] = True
    return moved, mask & ~written


def _interpolated(values, valued, y, x):
    """The 1 / distance weighted mean of the nearest valued cells left, right, above and below, None without any."""
    height, width = valued.shape
    total, norm = torch.zeros_like(values[:, :, y, x]), 0.0
    for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)):
        row, column, distance = y + dy, x + dx, 1
        while 0 <= row < height and 0 <= column < width:
            if valued[row, column]:
                total = total + values[:, :, row, column] / distance
                norm += 1 / distance
                break
            row, column, distance = row + dy, column + dx, distance + 1
    return total / norm if norm else None


def bnni_plain(latent, holes, sequential):
    """Fills holes [H, W] of latent [B, C, H, W] in row-major order; sequential: a filled cell counts as valued at once,
    as published. Else all are filled from what was valued before, and again until no cell can be filled."""
    filled, valued = latent.clone(), ~holes
    while not valued.all():
        values, known = (filled, valued) if sequential else (filled.clone(), valued.clone())
        progress = False
        for y, x in (~known).nonzero().tolist():
            value = _interpolated(values, known, y, x)
            if value is not None:
                filled[:, :, y, x], valued[y, x], progress = value, True, True
        if sequential or not progress:
            return filled
    return filled
