"""Point tracking (DragGAN; DragDiffusion, Shi et al. 2024, Eq. 5): where the content of a handle is now."""

import torch


def track_points(reference, features, initial, current, radius):
    """Positions [n, 2] (x, y; whole cells) in features [1, C, H, W] whose vectors are nearest, in L1, to reference at
    initial, each within radius cells of current. Positions [n, 2] are cut to whole cells, as published; of equal
    distances the first in row-major order wins."""
    height, width = features.shape[-2:]
    nearest, windows = [], []
    for (x_0, y_0), (x, y) in zip(initial.long().tolist(), current.long().tolist(), strict=True):
        left, top = max(0, x - radius), max(0, y - radius)
        window = features[0, :, top : min(height, y + radius + 1), left : min(width, x + radius + 1)]
        distance = (window - reference[0, :, y_0, x_0, None, None]).abs().sum(0)
        nearest.append(distance.argmin())
        windows.append((left, top, distance.shape[1]))
    # one wait for all of them
    cells = torch.stack(nearest).tolist() if nearest else []
    found = [[left + cell % wide, top + cell // wide] for cell, (left, top, wide) in zip(cells, windows, strict=True)]
    return torch.tensor(found, dtype=current.dtype).view(-1, 2)
