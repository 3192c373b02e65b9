"""Cases of masks, regions and what is drawn on pictures."""

from ...kernels.diffusion import kv_cache, recorded_features
from ...kernels.drawing import flow_colors, overlay
from ...kernels.points import (
    attention_region,
    connected_parts,
    latent_cells,
    masks,
    picture_region,
    region_pairs,
    tracks,
    walk_region,
)  # fmt: skip
from ...kernels.points.drag_points import DragPoints
from .cases import Case


def _masks(given):
    mask = given.ellipse()[None].float() * 0.8
    masks.check_painted(given.ellipse()[None])
    return (
        masks.read_mask(mask), masks.resize_mask(mask, given.height // 2, given.width // 2),
        masks.read_region(mask, given.height // 8, given.width // 8),
    )  # fmt: skip


def _parts(given):
    region = given.ellipse(0.2, 0.3, 0.15) | given.ellipse(0.7, 0.7, 0.15)
    labels, boxes = connected_parts.label_parts(region)
    box = connected_parts.bounding_box(region)
    return labels, [[side.start, side.stop] for one in (*boxes, box) for side in one]


def _pairs(given):
    handles, targets = ((given.ellipse(x, 0.3, 0.1) | given.ellipse(x, 0.7, 0.1))[None] for x in (0.3, 0.6))
    return [list(pair) for pair in region_pairs.pair_masks(handles, targets)]


def _region_of_picture(given):
    return picture_region.picture_region(given.picture()[0], DragPoints(*given.fractions()))


def _region_of_attention(given):
    height, width = given.height // 8, given.width // 8
    cache = kv_cache.KVCache(range(given.steps), "gpu")
    for step in range(given.steps):
        cache.put(step, "block", given.normal(1, height * width, 32, seed=30 + step))
    grid = walk_region.grid_of(*recorded_features.finest_grid(cache, height, width))
    features = recorded_features.recorded_features(cache, 0, height, width, *grid)
    return attention_region.attention_region(features, grid, DragPoints(*given.fractions()), width, height)


def _tracks(given):
    path = given.random(4, given.points, 2) * min(given.height, given.width)
    points = tracks.points_from_tracks(path, path[..., 0] >= 0, given.width, given.height)
    return [points.handles, points.targets]


def _drawn(given):
    points = DragPoints(*given.fractions())
    return overlay.draw_points(given.picture().movedim(1, -1), points, given.ellipse()[None].float())


def _colours(given):
    motion = given.flow()
    return flow_colors.flow_to_image(motion), flow_colors.draw_arrows(given.picture().movedim(1, -1), motion, 16)


CASES = [
    Case("masks", ("points.masks", "points.latent_cells"), _masks),
    Case(
        "whole latent cells", ("points.latent_cells",),
        lambda given: latent_cells.whole_cells(given.picture(), 24, (2, 3)),
    ),
    Case("connected parts", ("points.connected_parts",), _parts),
    Case("pairs of regions", ("points.region_pairs",), _pairs),
    # a region ends where few cells differ
    Case(
        "region from the picture", ("points.picture_region", "points.walk_region"), _region_of_picture, share=0.02,
    ),
    Case(
        "region from attention", ("points.attention_region", "points.walk_region", "diffusion.recorded_features"),
        _region_of_attention, share=0.02,
    ),
    Case("tracks as drags", ("points.tracks",), _tracks),
    Case("points drawn on a picture", ("drawing.overlay", "drawing.shapes"), _drawn, 1e-3),
    Case("motion as colours and arrows", ("drawing.flow_colors", "drawing.shapes"), _colours, 1e-3),
]  # fmt: skip
