"""Drags and the tracks of ComfyUI's video nodes: where a track begins is the handle, where it ends the target."""

import torch

from .drag_points import DragPoints
from .json_values import DragPointsError


def points_from_tracks(path, visibility, width, height):
    """DragPoints of tracks: path [T, N, 2] (x, y) in pixels of a width x height picture, visibility [T, N] (bool). One
    that is not seen, or not in the picture, at its begin or its end makes no drag; DragPointsError where none does."""
    if path.ndim != 3 or path.shape[-1] != 2 or not len(path):
        raise DragPointsError(f"the tracks have shape {list(path.shape)}; they must be [frames, tracks, 2]")
    ends, seen = path[[0, -1]].double().cpu(), visibility.expand(path.shape[:2])[[0, -1]].bool().cpu()
    size = torch.tensor([width, height])
    usable = (seen & ends.isfinite().all(-1) & (ends >= 0).all(-1) & (ends <= size).all(-1)).all(0)
    if path.shape[1] and not usable.any():
        raise DragPointsError(
            f"none of the {path.shape[1]} tracks is seen inside the {width} x {height} picture in the first and in the "
            "last frame"
        )
    return DragPoints.from_pixels(*ends[:, usable], width, height)


def tracks_from_points(points, width, height, length):
    """path [length, N, 2] float32 (pixels of a width x height picture) and visibility [length, N] of straight tracks
    from handles to targets, in steps of one length."""
    handles, targets = points.to_pixels(width, height)
    path = torch.lerp(handles, targets, torch.linspace(0, 1, length, dtype=torch.float64).view(-1, 1, 1)).float()
    return path, torch.ones(path.shape[:2], dtype=torch.bool)
