"""The whole way of a drag as one motion, from the steps of a motion predictor."""

import torch
import torch.nn.functional as F

from .prediction import roll_out, sample_flow

# longer side, in pixels, of the picture that is moved along between the steps
SIDE = 256


def compose(flows):
    """FLOW [1, 2, H, W] of the steps [1, 2, H, W] one after the other: content at x goes on from x + f(x), ..."""
    height, width = flows[0].shape[-2:]
    y, x = torch.meshgrid(*(torch.arange(n, device=flows[0].device) + 0.5 for n in (height, width)), indexing="ij")
    start = torch.stack((x, y), -1).view(-1, 2).to(flows[0])
    position = start
    for flow in flows:
        position = position + sample_flow(flow, position)
    return (position - start).T.view(1, 2, height, width)


def predict_total_flow(predict, image, handles, targets):
    """FLOW [1, 2, h, w], cells of its own grid, of image [1, 3, H, W] (0..1) dragged from handles to targets [N, 2]
    (fractions): the steps that flow = predict(image, handles, targets) gives (pixels) until the targets are reached."""
    scale = SIDE / max(image.shape[-2:])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in image.shape[-2:]]
        image = F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False)
    height, width = image.shape[-2:]
    size = torch.tensor([width, height])
    rounds = roll_out(predict, image, handles * size, targets * size)
    if not rounds:
        return image.new_zeros(1, 2, height, width)
    return compose([one.flow for one in rounds])
