"""Latent warpage of a batch: one flow and one mask for all latents, or one each."""

from functools import partial

import torch

from .latent import warp
from .relocate import relocate

MODES = {"inverse": warp, "fastdrag": relocate}


def warp_batch(latent, flow, mask, mode, tears=True):
    """latent [B, C, H, W], flow [1 or B, 2, H, W], mask [1 or B, H, W] -> warped latent and holes [B, H, W] (bool).
    Whether the region tears is a question to "inverse" alone; whole cells always leave gaps."""
    move = MODES[mode] if tears or mode != "inverse" else partial(warp, tears=False)
    batch = len(latent)
    if len(flow) == len(mask) == 1:
        moved, holes = move(latent, flow, mask[0])
        return moved, holes.expand(batch, -1, -1)
    flow, mask = flow.expand(batch, -1, -1, -1), mask.expand(batch, -1, -1)
    moved = [move(latent[i : i + 1], flow[i : i + 1], mask[i]) for i in range(batch)]
    return torch.cat([one for one, _ in moved]), torch.cat([holes for _, holes in moved])
