"""Drag points and the TRACKS of ComfyUI's video nodes."""

import logging

from comfy_api.latest import io

from ...kernels.points.tracks import points_from_tracks, tracks_from_points
from ..types import DragPointsType, TracksType, schema


class DragPointsFromTracks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitDragPointsFromTracks",
            display_name="Drag Points from Tracks",
            description="A drag from where each track begins to where it ends.",
            search_aliases=["tracks", "WanMove", "point tracking", "trajectory"],
            inputs=[
                TracksType.Input("tracks", tooltip="Points that move through the frames of a video, in its pixels."),
                io.Image.Input("image", tooltip="The picture to drag, as large as the video: its first frame, say."),
            ],
            outputs=[DragPointsType.Output("drag_points", display_name="drag_points", tooltip="The drags.")],
        )

    @classmethod
    def execute(cls, tracks, image):
        path = tracks["track_path"]
        points = points_from_tracks(path, tracks["track_visibility"], image.shape[2], image.shape[1])
        if len(points) < path.shape[1]:
            left_out = path.shape[1] - len(points)
            logging.warning(
                "Drag Points from Tracks: %s of %s tracks left out, they begin or end unseen or outside the picture",
                left_out, path.shape[1],
            )  # fmt: skip
        return io.NodeOutput(points)


class TracksFromDragPoints(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitTracksFromDragPoints",
            display_name="Tracks from Drag Points",
            description="A straight track through the frames of a video from each handle to its target.",
            search_aliases=["tracks", "WanMove", "trajectory", "motion", "video"],
            inputs=[
                DragPointsType.Input("drag_points", tooltip="What goes where."),
                io.Int.Input("width", default=832, min=1, max=16384, tooltip="Of the video, in pixels."),
                io.Int.Input("height", default=480, min=1, max=16384, tooltip="Of the video, in pixels."),
                io.Int.Input("length", default=81, min=1, max=10000, tooltip="Frames of the video."),
            ],
            outputs=[TracksType.Output("tracks", display_name="tracks", tooltip="For WanMove's nodes.")],
        )

    @classmethod
    def execute(cls, drag_points, width, height, length):
        path, visibility = tracks_from_points(drag_points, width, height, length)
        return io.NodeOutput({"track_path": path, "track_visibility": visibility})
