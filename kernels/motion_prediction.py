"""DynaDrag's motion prediction (Sec. 3.2.1): a network looks at picture and drags and says how everything moves next.

Points [N, 2] are (x, y) in pixels of the picture, where 0.5 is the centre of the first pixel.
"""

import torch
import torch.nn.functional as F

from .flow import resize_flow

RADIUS = 4
# longer side, in pixels, of the picture that the network sees
SIDE = 96
# of the longer side: how far the farthest handle moves in one step on its path (all that remains, if that is less)
STEP = 1 / 24
ROUNDS = 25


def input_maps(image, handles, targets):
    """[1, 6, H, W] of image [1, 3, H, W] (0..1) and points: RGB | delta map (handle - target at the pixel of each
    handle, their mean where several share it, 0 elsewhere) | heatmap (1 in the 9 x 9 pixels around each handle)."""
    height, width = image.shape[-2:]
    delta, heat, count = image.new_zeros(2, height, width), image.new_zeros(height, width), image.new_zeros(height, width)
    limit = torch.tensor([width - 1, height - 1], device=handles.device)
    for (x, y), vector in zip(handles.floor().long().clamp(min=0).minimum(limit).tolist(), handles - targets, strict=True):
        delta[:, y, x] += vector.to(delta)
        count[y, x] += 1
        heat[max(0, y - RADIUS) : y + RADIUS + 1, max(0, x - RADIUS) : x + RADIUS + 1] = 1
    return torch.cat((image, (delta / count.clamp(min=1))[None], heat[None, None]), 1)


def sample_flow(flow, points):
    """Bilinear values [N, 2] of flow [1, 2, H, W] at points; beyond the outermost pixel centres it goes on evenly."""
    size = torch.tensor([flow.shape[3], flow.shape[2]], device=flow.device)
    grid = (points.to(flow) / size * 2 - 1).view(1, 1, -1, 2)
    return F.grid_sample(flow, grid, "bilinear", "border", align_corners=False)[0, :, 0].T.to(points)


def predict_flow(network, image, handles, targets):
    """FLOW [1, 2, H, W] of the next step for image [1, 3, H, W] (0..1), in its pixels; no points, no motion."""
    height, width = image.shape[-2:]
    if not len(handles):
        return image.new_zeros(1, 2, height, width)
    scale = SIDE / max(height, width)
    rows, columns = (max(1, round(side * scale)) for side in (height, width))
    small = F.interpolate(image, (rows, columns), mode="bilinear", antialias=scale < 1, align_corners=False)
    factor = torch.tensor([columns / width, rows / height], dtype=handles.dtype, device=handles.device)
    return resize_flow(network(input_maps(small, handles * factor, targets * factor)), height, width)


def predict_step(network, image, handles, targets):
    """The flow of the next step and where it takes the handles (Eq. 4): h + flow(h)."""
    flow = predict_flow(network, image, handles, targets)
    return flow, handles + sample_flow(flow, handles)
