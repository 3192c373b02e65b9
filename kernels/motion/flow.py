"""Dense displacements FLOW [B, 2, H, W] (x, y) in cells of their own grid: content at x goes to x + flow(x)."""

import torch.nn.functional as F

from ..points.latent_cells import cell_of, enlarged_cells, whole_cells


class FlowError(ValueError):
    """A flow that cannot be used; the message says why."""


def check_flow(flow, name="flow"):
    """Raises FlowError unless flow is a finite [B, 2, H, W] tensor."""
    if flow.ndim != 4 or flow.shape[1] != 2:
        raise FlowError(f"{name} has shape {list(flow.shape)}; a FLOW is [batch, 2, height, width]")
    if not flow.isfinite().all():
        raise FlowError(f"{name} contains NaN or infinite displacements")


def resize_flow(flow, height, width):
    """The same motion on another grid: values are scaled with the grid."""
    if flow.shape[-2:] == (height, width):
        return flow
    scale = flow.new_tensor([width / flow.shape[3], height / flow.shape[2]]).view(1, 2, 1, 1)
    antialias = height < flow.shape[2] or width < flow.shape[3]
    return F.interpolate(flow, (height, width), mode="bilinear", antialias=antialias) * scale


def place_flow(flow, height, width):
    """The same motion on another grid, where either may be the latent of a picture that the other lies on."""
    rows, columns = flow.shape[-2:]
    if cell := cell_of(columns, rows, width, height):
        flow = whole_cells(flow, cell, (2, 3))
    elif cell := cell_of(width, height, columns, rows):
        return enlarged_cells(flow, width, height, cell) * cell
    return resize_flow(flow, height, width)


def confine_flow(flow, mask):
    """flow [B, 2, H, W] inside mask [B, h, w] (0..1) over the same picture, none outside; either batch may be one."""
    return flow * F.adaptive_avg_pool2d(mask[:, None].to(flow), flow.shape[-2:])
