"""A membrane spanned over a hole in a picture, where no network paints it."""

import torch
import torch.nn.functional as F

# relaxations per level of the pyramid
SWEEPS = 20


def span(values, unknown):
    """values [B, C, H, W] where unknown [1, 1, H, W] (bool) is False, and between them about the solution of Laplace's
    equation, by a pyramid (pull-push) and Jacobi sweeps. Zero where nothing is known."""
    known = (~unknown).to(values)
    if not unknown.any() or known.shape[-2:] == (1, 1):
        return values * known
    height, width = values.shape[-2:]
    pad = (0, width % 2, 0, height % 2)
    weight = F.avg_pool2d(F.pad(known, pad), 2)
    half = F.avg_pool2d(F.pad(values * known, pad), 2) / weight.clamp(min=0.25)
    large = F.interpolate(span(half, weight == 0), scale_factor=2, mode="bilinear")[..., :height, :width]
    out = torch.where(unknown, large, values)
    for _ in range(SWEEPS):
        around = F.pad(out, (1, 1, 1, 1), mode="replicate")
        mean = (around[..., 1:-1, 2:] + around[..., 1:-1, :-2] + around[..., 2:, 1:-1] + around[..., :-2, 1:-1]) / 4
        out = torch.where(unknown, mean, out)
    return out


def fill(image, mask):
    """image [1, C, H, W] with what mask [1, H, W] (0..1) says filled smoothly from around it; where nothing is
    around, as it is."""
    hole = mask[0] > 0
    if not hole.any() or hole.all():
        return image
    rows, columns = hole.any(1).nonzero(), hole.any(0).nonzero()
    # one pixel around is all that a membrane depends on
    box = (..., *(slice(max(0, int(n[0]) - 1), int(n[-1]) + 2) for n in (rows, columns)))
    part, out = mask[box][:, None], image.clone()
    out[box] = torch.lerp(image[box], span(image[box], part > 0), part)
    return out
