"""Dynamic selection of valid handle points (DynaDrag, Sec. 3.2): only those whose content is not at the target yet."""

import torch.nn.functional as F

from ..diffusion.feature_patches import sample_patches

THRESHOLD = 0.6


def select_points(features, handles, targets, threshold=THRESHOLD):
    """Which pairs [n] (bool) to drag: the cosine similarity of features [1, C, H, W] at handle and target [n, 2] (x, y;
    cells) is below threshold; where it is for none, the least similar one."""
    at_handles, at_targets = (sample_patches(features, points)[:, :, 0, 0].float() for points in (handles, targets))
    similarity = F.cosine_similarity(at_handles, at_targets)
    valid = similarity < threshold
    if len(valid) and not valid.any():
        valid[similarity.argmin()] = True
    return valid
