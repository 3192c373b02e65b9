"""Tracks of video nodes."""

import json

import pytest
import torch
from dragkit.kernels.points.click_text import click_text
from dragkit.kernels.points.drag_points import DragPoints, DragPointsError
from dragkit.kernels.points.tracks import points_from_tracks, tracks_from_points

POINTS = DragPoints.from_pixels([[10, 20], [64, 5], [33, 48]], [[40, 30], [64, 5], [0, 0]], 64, 48)


def test_there_and_back():
    path, visibility = tracks_from_points(POINTS, 64, 48, 5)
    assert path.shape == (5, 3, 2) and path.dtype == torch.float32 and visibility.shape == (5, 3) and visibility.all()
    torch.testing.assert_close(path[1, 0], torch.tensor([17.5, 22.5]))
    assert points_from_tracks(path, visibility, 64, 48) == POINTS
    alone, _ = tracks_from_points(POINTS, 64, 48, 1)
    assert torch.equal(alone[0], POINTS.to_pixels(64, 48)[0].float())
    # a video of another size
    double, seen = tracks_from_points(POINTS, 128, 96, 3)
    assert torch.equal(double[0], 2 * path[0]) and points_from_tracks(double, seen, 128, 96) != POINTS


def test_tracks_that_begin_or_end_unseen_or_outside_make_no_drag():
    path, visibility = tracks_from_points(POINTS, 64, 48, 4)
    visibility[0, 0], path[-1, 2, 0] = False, torch.nan
    visibility[2] = False
    assert points_from_tracks(path, visibility, 64, 48).handles.tolist() == [[1, 5 / 48]]
    path[0, 1, 0] = 65
    with pytest.raises(DragPointsError, match="none of the 3 tracks is seen inside the 64 x 48 picture in the first"):
        points_from_tracks(path, visibility, 64, 48)
    assert len(points_from_tracks(path[:, :0], visibility[:, :0], 64, 48)) == 0
    with pytest.raises(DragPointsError, match=r"the tracks have shape \[0, 3, 2\]; they must be \[frames, tracks, 2\]"):
        points_from_tracks(path[:0], visibility[:0], 64, 48)


def test_clicks_are_whole_pixels_inside_the_picture():
    assert json.loads(click_text(POINTS.handles, 64, 48)) == [{"x": 10, "y": 20}, {"x": 63, "y": 5}, {"x": 33, "y": 47}]
    assert click_text(POINTS.handles[:0], 64, 48) == "[]"
    assert POINTS.pinned.tolist() == [False, True, False]
