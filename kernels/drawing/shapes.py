"""Anti-aliased shapes from signed distance fields: pixels [H, W], negative inside, a pixel's centre at +0.5."""

import math

import torch


def _window(height, width, corners, margin, device):
    """Rows and columns of a height x width picture within margin of the box around corners (x, y), and the pixel
    centres x [w], y [h, 1] there."""

    def clipped(values, size):
        low, high = math.floor(min(values) - margin), math.ceil(max(values) + margin)
        return slice(min(max(low, 0), size), min(max(high, 0), size))

    columns, rows = (
        clipped(values, size) for values, size in zip(zip(*corners, strict=True), (width, height), strict=True)
    )
    x, y = (torch.arange(s.start, s.stop, dtype=torch.float32, device=device) + 0.5 for s in (columns, rows))
    return (rows, columns), x, y[:, None]


def disc_field(height, width, centres, radius, margin, device=None):
    """Distance to the union of discs around centres (x, y); infinite farther than margin from them."""
    field = torch.full((height, width), torch.inf, device=device)
    for centre in centres:
        window, x, y = _window(height, width, [centre], radius + margin, device)
        field[window] = field[window].minimum(torch.hypot(x - centre[0], y - centre[1]) - radius)
    return field


def arrow_field(height, width, arrows, thickness, margin, device=None):
    """Distance to the union of arrows ((x, y), (x, y)) from their tails to their tips; infinite farther than margin
    from them. An arrow shorter than its head is a smaller head, one of no length nothing."""
    field = torch.full((height, width), torch.inf, device=device)
    for start, end in arrows:
        length = math.dist(start, end)
        if length == 0:
            continue
        head = min(4 * thickness, length)
        half = head / 2
        window, x, y = _window(height, width, [start, end], half + 2 * margin, device)
        ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        along = (x - start[0]) * ux + (y - start[1]) * uy
        across = ((x - start[0]) * uy - (y - start[1]) * ux).abs()
        shaft = torch.hypot(along - along.clamp(0, length - head), across) - min(thickness, half) / 2
        # the head is where two half planes meet, which keeps its corners sharp in the outline as well
        side = ((along - length) * half + across * head) / math.hypot(half, head)
        tip = torch.maximum(side, length - head - along)
        field[window] = field[window].minimum(shaft).minimum(tip)
    return field


def empty_layer(height, width, device=None):
    """A transparent layer [H, W, 4]: colour times opacity, and opacity."""
    return torch.zeros(height, width, 4, device=device)


def add_shape(layer, field, colour, opacity=1.0):
    """layer with the inside of field [H, W] over it in colour (r, g, b), with soft edges one pixel wide."""
    coverage = ((0.5 - field).clamp(0, 1) * opacity)[..., None]
    return layer * (1 - coverage) + layer.new_tensor([*colour, 1.0]) * coverage


def composite(image, layer):
    """layer over image [..., H, W, 3]; where it is transparent the picture stays bit for bit."""
    layer = layer.to(image)
    return image * (1 - layer[..., 3:]) + layer[..., :3]
