"""Drag Points on the real server: what it gives, and what the queue refuses."""

import json

import pytest
import torch

from ..graphs import drag_points


def test_drag_points_gives_points_region_and_picture(comfy):
    graph = comfy.graph()
    picture = graph.node("TestImage", width=120, height=80, batch=1, seed=0)
    points = drag_points(graph, "60,20 -> 90,40", image=picture, mask=picture.out(1))
    alone = drag_points(graph, json.dumps({"format": "dragkit.points", "version": 1, "image": [96, 64], "points": []}))
    for i, name in enumerate(("points", "region", "picture")):
        graph.dump(points.out(i), name)
        graph.dump(alone.out(i), f"alone_{name}")
    graph.dump(picture, "image")
    graph.dump(picture.out(1), "mask")
    found = comfy.tensors(comfy.run(graph))
    assert torch.equal(found["points.handles"], torch.tensor([[0.5, 0.25]], dtype=torch.float64))
    assert torch.equal(found["points.targets"], torch.tensor([[0.75, 0.5]], dtype=torch.float64))
    assert torch.equal(found["picture"], found["image"]) and torch.equal(found["region"], found["mask"])
    assert found["alone_points.handles"].shape == (0, 2)
    assert torch.equal(found["alone_region"], torch.ones(1, 64, 96))
    assert found["alone_picture"].shape == (1, 64, 96, 3)


def test_an_empty_or_smaller_mask_on_drag_points(comfy):
    graph = comfy.graph()
    picture = graph.node("TestImage", width=120, height=80, batch=1, seed=0)
    empty = graph.node("SolidMask", value=0.0, width=64, height=64)
    half = graph.node("TestImage", width=60, height=40, batch=1, seed=0)
    graph.dump(drag_points(graph, image=picture, mask=empty).out(1), "empty")
    graph.dump(drag_points(graph, image=picture, mask=half.out(1)).out(1), "half")
    found = comfy.tensors(comfy.run(graph))
    assert torch.equal(found["empty"], torch.ones(1, 80, 120))
    assert found["half"].shape == (1, 80, 120) and 0.2 < found["half"].mean() < 0.3


def test_strokes_are_united_with_the_mask(comfy):
    box = [{"tool": "box", "points": [[0.0, 0.0], [0.5, 0.1]]}]
    text = json.dumps({"format": "dragkit.points", "version": 1, "image": [120, 80], "points": [], "strokes": box})
    graph = comfy.graph()
    picture = graph.node("TestImage", width=120, height=80, batch=1, seed=0)
    graph.dump(drag_points(graph, text).out(1), "alone")
    graph.dump(drag_points(graph, text, image=picture, mask=picture.out(1)).out(1), "united")
    graph.dump(picture.out(1), "mask")
    found = comfy.tensors(comfy.run(graph))
    painted = torch.zeros(1, 80, 120)
    painted[:, :8, :60] = 1
    assert torch.equal(found["alone"], painted)
    assert torch.equal(found["united"], painted.maximum(found["mask"]))


BAD_TEXT = {
    "{": "the text is no valid JSON at line 1, column 2",
    '{"format": "dragkit.points", "version": 9, "points": []}': "version",
    '{"format": "dragkit.points", "version": 1, "points": [], "strokes": [{"tool": "spray"}]}': "stroke 1",
    "0.1,0.2 -> NaN,0.3": "line 1 is no drag",
    "5,5 -> -5,20": "positions in pixels are not negative",
    "[[0.1, 0.2], [1.7, NaN]]": "NaN",
    "\n".join(["0.1,0.2 -> 0.3,0.4"] * 10_000): "at most 512",
    '{"format": "dragkit.points", "version": 1, "points": [{"handle": [0.1, 0.2], "target": [1.7, 0.1]}]}': "x = 1.7",
}


@pytest.mark.parametrize("text", BAD_TEXT, ids=lambda text: text[:20])
def test_the_queue_refuses_points_that_cannot_be_read(comfy, text):
    graph = comfy.graph()
    graph.dump(drag_points(graph, text), "points")
    message = comfy.submit_error(graph)
    assert "Drag Points: " in message and "\n" not in message.split("Drag Points: ")[1].strip()
    assert BAD_TEXT[text] in message


POINTS = '{"format": "dragkit.points", "version": 1, "points": [{"handle": [0.25, 0.5], "target": [0.5, 0.5]}]'
REGIONS = [
    {"handle": [[0.25, 0.25], [0.5, 0.25], [0.25, 0.5]], "target": [[0.5, 0.5], [0.75, 0.5], [0.5, 0.75]]},
    {"handle": [[0, 0], [1, 0], [1, 1], [0, 1]], "target": [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]},
]


def test_regions_change_nothing_else_and_later_outputs_come_behind(comfy):
    kinds = comfy.object_info()["DragKitDragPoints"]
    assert kinds["output"] == ["DRAG_POINTS", "MASK", "IMAGE", "DRAG_REGIONS", "STRING", "STRING"]
    assert kinds["output_name"][3:] == ["regions", "moving", "pinned"]
    graph = comfy.graph()
    for name, text in {"with": f'{POINTS}, "regions": {json.dumps(REGIONS)}}}', "without": POINTS + "}"}.items():
        node = graph.node("DragKitDragPoints", points=text)
        for i, part in enumerate(("points", "region", "picture", "regions")):
            graph.dump(node.out(i), f"{name}.{part}")
    found = comfy.tensors(comfy.run(graph))
    assert torch.equal(found["with.points.handles"], found["without.points.handles"])
    assert torch.equal(found["with.region"], found["without.region"]) and found["with.region"].all()
    assert not [name for name in found if name.startswith("without.regions")]
    for i, region in enumerate(REGIONS):
        for end in ("handle", "target"):
            corners = [found[f"with.regions.{i}.{end}.{k}"].tolist() for k in range(len(region[end]))]
            assert corners == region[end]


def test_the_queue_refuses_a_region_that_cannot_be(comfy):
    graph = comfy.graph()
    graph.dump(graph.node("DragKitDragPoints", points=f'{POINTS}, "regions": [{{"handle": [[0, 0]]}}]}}'), "points")
    assert "region 1 has a handle with 1 corners; it must have 3 or more" in comfy.submit_error(graph)
