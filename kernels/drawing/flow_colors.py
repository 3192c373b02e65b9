"""Dense motion as colours, and as arrows (colour wheel of Baker et al. 2011, A Database and Evaluation Methodology for
Optical Flow)."""

import math

import torch

from .shapes import add_shape, arrow_field, composite, empty_layer

# red, yellow, green, cyan, blue, magenta and back, with as many of the 55 steps between two as the eye tells apart
_STEPS = (15, 6, 4, 11, 13, 6)
_COLOURS = ((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0))


def wheel(angle):
    """Fully saturated colours [..., 3] of angles in radians: 0 (right) red, a quarter turn (down) near yellow."""
    turn = (angle / (2 * math.pi)) % 1 * sum(_STEPS)
    steps = torch.tensor(_STEPS, dtype=turn.dtype, device=turn.device)
    ends = steps.cumsum(0)
    segment = torch.bucketize(turn, ends[:-1], right=True)
    colours = torch.tensor(_COLOURS, dtype=turn.dtype, device=turn.device)
    part = ((turn - ends[segment]) / steps[segment] + 1)[..., None]
    return torch.lerp(colours[segment], colours[segment + 1], part)


def flow_to_image(flow, maximum=None):
    """float32 [B, H, W, 3] (0..1) of flow [B, 2, H, W] (x, y): hue = direction, saturation = length / maximum, by
    default the greatest length of the batch. No motion is white, longer than maximum darker, NaN or infinite black."""
    x, y = flow.float().unbind(1)
    finite = x.isfinite() & y.isfinite()
    x, y = (torch.where(finite, part, 0) for part in (x, y))
    length = torch.hypot(x, y)
    length = length / max(float(length.max()) if maximum is None else maximum, 1e-12)
    colour = wheel(torch.atan2(y, x))
    colour = torch.where(length[..., None] <= 1, 1 - length[..., None] * (1 - colour), 0.75 * colour)
    return colour * finite[..., None]


def draw_arrows(image, flow, spacing):
    """image [B or 1, H, W, 3] (0..1) with an arrow every `spacing` pixels from where flow [B or 1, 2, H, W] (x, y;
    pixels) takes its content from to where it takes it; none for less than a pixel, NaN or infinite."""
    height, width = image.shape[1:3]
    rows, columns = (torch.arange((size % spacing or spacing) // 2, size, spacing) for size in (height, width))
    y, x = (grid.flatten() for grid in torch.meshgrid(rows, columns, indexing="ij"))
    starts = torch.stack((x, y), -1) + 0.5
    thickness, outline = max(1.0, spacing / 16), max(0.75, spacing / 40)
    layers = []
    for vectors in flow[:, :, y.to(flow.device), x.to(flow.device)].float().cpu().mT:
        moves = vectors.isfinite().all(-1) & (vectors.norm(dim=-1) >= 1)
        arrows = zip(starts[moves].tolist(), (starts + vectors)[moves].tolist(), strict=True)
        field = arrow_field(height, width, arrows, thickness, outline + 1, image.device)
        layer = add_shape(empty_layer(height, width, image.device), field - outline, (1.0, 1.0, 1.0), 0.85)
        layers.append(add_shape(layer, field, (0.05, 0.05, 0.07)))
    return composite(image, torch.stack(layers))
