"""Region pairs on their way through Drag Points."""

import json

import torch

POINTS = '{"format": "dragkit.points", "version": 1, "points": [{"handle": [0.25, 0.5], "target": [0.5, 0.5]}]'
REGIONS = [
    {"handle": [[0.25, 0.25], [0.5, 0.25], [0.25, 0.5]], "target": [[0.5, 0.5], [0.75, 0.5], [0.5, 0.75]]},
    {"handle": [[0, 0], [1, 0], [1, 1], [0, 1]], "target": [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]},
]


def test_regions_come_last_and_change_nothing_else(comfy):
    kinds = comfy.object_info()["DragKitDragPoints"]
    assert kinds["output"] == ["DRAG_POINTS", "MASK", "IMAGE", "DRAG_REGIONS"]
    assert kinds["output_name"][-1] == "regions"
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
