"""Drag points and the editable region drawn on a picture."""

import math

import torch

from .shapes import add_shape, arrow_field, composite, disc_field, empty_layer

DARK, WHITE, RED, BLUE = (0.05, 0.05, 0.07), (1.0, 1.0, 1.0), (0.92, 0.13, 0.16), (0.10, 0.38, 0.95)
REGION_TINT = (0.35, 0.80, 0.55)


def show_region(image, mask):
    """image [B, H, W, 3] dimmed and greyed where mask [B or 1, H, W] (0..1) is 0, tinted faintly where it is 1."""
    inside = mask.clamp(0, 1).to(image)[..., None]
    outside = image * 0.35 + image.mean(-1, keepdim=True) * 0.15
    tinted = image * 0.92 + image.new_tensor(REGION_TINT) * 0.08
    return torch.lerp(outside, tinted, inside)


def _arrow(handle, target, gap):
    """The arrow from handle to the rim of the target's dot, None where the dots touch."""
    length = math.dist(handle, target)
    if length <= 2 * gap:
        return None
    return handle, tuple(t + (h - t) * gap / length for h, t in zip(handle, target, strict=True))


def draw_points(image, points, mask=None):
    """image [B, H, W, 3] (0..1) with an arrow from each handle (red) to its target (blue), sized by the shorter side,
    over the region mask [B or 1, H, W] if there is one. A copy of image without points and mask."""
    height, width = image.shape[1:3]
    picture = image.clone() if mask is None else show_region(image, mask)
    if not len(points):
        return picture
    handles, targets = ([tuple(point) for point in ends.tolist()] for ends in points.to_pixels(width, height))
    radius = max(1.5, min(height, width) * 0.012)
    rim, outline, thickness = radius * 0.35, max(0.75, radius * 0.2), radius * 0.55
    layer = empty_layer(height, width, image.device)
    arrows = [_arrow(*pair, radius + rim) for pair in zip(handles, targets, strict=True)]
    arrows = arrow_field(height, width, filter(None, arrows), thickness, outline + 1, image.device)
    layer = add_shape(layer, arrows - outline, DARK, 0.8)
    layer = add_shape(layer, arrows, WHITE)
    for centres, colour in ((targets, BLUE), (handles, RED)):
        discs = disc_field(height, width, centres, radius, rim + outline + 1, image.device)
        layer = add_shape(layer, discs - rim - outline, DARK, 0.8)
        layer = add_shape(layer, discs - rim, WHITE)
        layer = add_shape(layer, discs, colour)
    return composite(picture, layer)
