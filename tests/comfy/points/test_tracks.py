"""TRACKS and clicks on the real server, between DragKit's nodes and ComfyUI's own."""

import json

import pytest
import torch

DRAGS = "10,20 -> 40,30\n64,5 -> 64,5\n33,48 -> 0,0"


def test_drags_go_through_the_tracks_of_video_nodes_and_back(comfy):
    graph = comfy.graph()
    image = graph.node("TestImage", width=96, height=64, batch=1, seed=0)
    drawn = graph.node("DragKitDragPoints", points=DRAGS, image=image)
    tracks = graph.node("DragKitTracksFromDragPoints", drag_points=drawn, width=96, height=64, length=9)
    graph.dump(tracks, "tracks")
    graph.dump(drawn, "before")
    if "WanMoveConcatTrack" in comfy.object_info():
        tracks = graph.node("WanMoveConcatTrack", tracks_1=tracks, tracks_2=tracks)
    graph.dump(graph.node("DragKitDragPointsFromTracks", tracks=tracks, image=image), "after")
    found = comfy.tensors(comfy.run(graph))
    assert found["tracks.track_path"].shape == (9, 3, 2) and found["tracks.track_visibility"].shape == (9, 3)
    for end in ("handles", "targets"):
        before, after = found[f"before.{end}"], found[f"after.{end}"]
        torch.testing.assert_close(after, before.repeat(len(after) // len(before), 1), atol=1e-6, rtol=0)


def test_tracks_outside_the_picture_are_counted_and_refused_where_none_is_left(comfy):
    graph = comfy.graph()
    drawn = graph.node("DragKitDragPoints", points="40,40 -> 50,60\n10,10 -> 20,20", image=graph.node(
        "TestImage", width=64, height=64, batch=1, seed=0
    ))  # fmt: skip
    tracks = graph.node("DragKitTracksFromDragPoints", drag_points=drawn, width=64, height=64, length=2)
    small = graph.node("TestImage", width=32, height=24, batch=1, seed=0)
    tiny = graph.node("TestImage", width=8, height=8, batch=1, seed=0)
    graph.dump(graph.node("DragKitDragPointsFromTracks", tracks=tracks, image=small), "one")
    since = len(comfy.log())
    assert len(comfy.tensors(comfy.run(graph))["one.handles"]) == 1
    assert "1 of 2 tracks left out, they begin or end unseen or outside the picture" in comfy.log(since)
    graph.dump(graph.node("DragKitDragPointsFromTracks", tracks=tracks, image=tiny), "none")
    assert "none of the 2 tracks is seen inside the 8 x 8 picture" in comfy.run_error(graph)


def test_handles_are_clicks_and_pins_those_of_what_must_stay(comfy):
    graph = comfy.graph()
    image = graph.node("TestImage", width=96, height=64, batch=1, seed=0)
    drawn = graph.node("DragKitDragPoints", points=DRAGS, image=image)
    empty = graph.node("DragKitDragPoints", points="", image=image)
    for name, node in {"drawn": drawn, "empty": empty}.items():
        graph.dump(node.out(4), f"{name}_moving")
        graph.dump(node.out(5), f"{name}_pinned")
    found = comfy.tensors(comfy.run(graph))
    assert json.loads(found["drawn_moving"]) == [{"x": 10, "y": 20}, {"x": 33, "y": 48}]
    assert json.loads(found["drawn_pinned"]) == [{"x": 64, "y": 5}]
    assert found["empty_moving"] == found["empty_pinned"] == "[]"


def test_sam3_detect_takes_the_clicks(comfy):
    if "SAM3_Detect" not in comfy.object_info():
        pytest.skip("clicks not tested with SAM3 Detect: this ComfyUI has none")
    graph = comfy.graph()
    image = graph.node("TestImage", width=96, height=64, batch=1, seed=0)
    drawn = graph.node("DragKitDragPoints", points=DRAGS, image=image)
    # any model stands in for the one that is not there: the node reads the clicks before it asks it
    found = graph.node(
        "SAM3_Detect", model=graph.node("TestTinyModel", kind="sd15", seed=0), image=image, threshold=0.5,
        refine_iterations=2, individual_masks=False, positive_coords=drawn.out(4), negative_coords=drawn.out(5),
    )  # fmt: skip
    graph.dump(found, "mask")
    assert "forward_segment" in comfy.run_error(graph)
