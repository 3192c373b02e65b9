"""The editor on the face of a subgraph, which keeps the points."""

import json
import uuid

import pytest

from .conftest import PICTURE, Editor

PAIR = [0.2, 0.2, 0.5, 0.2]
OTHER = [0.2, 0.6, 0.5, 0.7]
POINTS = {"name": "points", "type": "STRING", "widget": {"name": "points"}}
IMAGE = {"name": "image", "type": "IMAGE"}


def node(number, kind, inputs=(), outputs=(), at=(0, 0), size=(380, 520), **rest):
    """A node of a saved workflow; inputs and outputs as (slot, link or links)."""
    return {
        "id": number,
        "type": kind,
        "pos": list(at),
        "size": list(size),
        "flags": {},
        "order": 0,
        "mode": 0,
        "properties": {},
        "inputs": [slot | {"link": link} for slot, link in inputs],
        "outputs": [slot | {"links": list(links)} for slot, links in outputs],
    } | rest


def wire(number, source, output, target, slot, kind):
    """A link of a subgraph."""
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return dict(zip(names, (number, source, output, target, slot, kind), strict=True))


def definition(nodes, links, inputs, outputs, name="Drag"):
    """A subgraph: inputs and outputs as (name, type, links)."""
    ends = {
        side: [
            {"id": str(uuid.uuid4()), "name": name, "type": kind, "linkIds": links, "pos": [0, 0]}
            for name, kind, links in slots
        ]
        for side, slots in (("inputs", inputs), ("outputs", outputs))
    }
    return {
        "id": str(uuid.uuid4()),
        "version": 1,
        "state": {"lastGroupId": 0, "lastNodeId": 20, "lastLinkId": 20, "lastRerouteId": 0},
        "revision": 0,
        "config": {},
        "name": name,
        "inputNode": {"id": -10, "bounding": [0, 0, 120, 60]},
        "outputNode": {"id": -20, "bounding": [900, 0, 120, 60]},
        "widgets": [],
        "nodes": nodes,
        "groups": [],
        "links": links,
        "extra": {},
    } | ends


POINTS_OUT = [({"name": name, "type": kind}, links) for name, kind, links in (
    ("drag_points", "DRAG_POINTS", [3]), ("region", "MASK", []), ("picture", "IMAGE", []),
)]  # fmt: skip


def drag(inside=False):
    """A subgraph with a Drag Points whose points are promoted as ComfyUI saves it now. Its Load Image is outside, or
    inside."""
    points = node(5, "DragKitDragPoints", [(IMAGE, 1), (POINTS, 2)], POINTS_OUT, widgets_values=[""])
    links = [wire(2, -10, 0, 5, 1, "STRING"), wire(3, 5, 0, -20, 0, "DRAG_POINTS")]
    ends = [("points", "STRING", [2])]
    if inside:
        load = node(6, "LoadImage", (), [(IMAGE, [1])], widgets_values=[PICTURE, "image"])
        return definition([points, load], [wire(1, 6, 0, 5, 0, "IMAGE"), *links], ends, [("drag", "DRAG_POINTS", [3])])
    links.append(wire(1, -10, 1, 5, 0, "IMAGE"))
    return definition([points], links, [*ends, ("image", "IMAGE", [1])], [("drag", "DRAG_POINTS", [3])])


def nested():
    """A subgraph around that of drag()."""
    inner = drag()
    host = node(7, inner["id"], [(POINTS, 2), (IMAGE, 1)], [({"name": "drag", "type": "DRAG_POINTS"}, [3])])
    links = [wire(1, -10, 1, 7, 1, "IMAGE"), wire(2, -10, 0, 7, 0, "STRING"), wire(3, 7, 0, -20, 0, "DRAG_POINTS")]
    ends = [("points", "STRING", [2]), ("image", "IMAGE", [1])]
    return [definition([host], links, ends, [("drag", "DRAG_POINTS", [3])], "Around"), inner]


def workflow(definitions, hosts=(2,), values=("",), **properties):
    """A workflow with nodes of the first of the subgraphs, their picture from a Load Image where they take one."""
    first = definitions[0]
    nodes, links, takes = [], [], any(end["name"] == "image" for end in first["inputs"])
    for i, (number, value) in enumerate(zip(hosts, values, strict=True)):
        inputs = [(POINTS, None)] + ([(IMAGE, 10 + i)] if takes else [])
        links += [[10 + i, 1, 0, number, 1, "IMAGE"]] if takes else []
        links.append([20 + i, number, 0, 30 + i, 0, "DRAG_POINTS"])
        out = [({"name": "drag", "type": "DRAG_POINTS"}, [20 + i])]
        nodes.append(
            node(number, first["id"], inputs, out, (260 + 400 * i, 60), widgets_values=[value], properties=properties)
        )
        received = [({"name": "any", "type": "*"}, 20 + i)]
        nodes.append(
            node(30 + i, "TestDump", received, (), (260 + 400 * i, 640), (200, 80), widgets_values=[f"host {i}"])
        )
    if takes:
        out = [(IMAGE, [link[0] for link in links if link[1] == 1])]
        nodes.append(node(1, "LoadImage", (), out, (-80, 60), (300, 300), widgets_values=[PICTURE, "image"]))
    return {
        "id": str(uuid.uuid4()), "version": 0.4, "last_node_id": 40, "last_link_id": 40, "groups": [], "config": {},
        "extra": {}, "nodes": nodes, "links": links, "definitions": {"subgraphs": definitions},
    }  # fmt: skip


def with_proxy_widgets():
    """As blueprints and earlier frontends save it: named among the properties, without a link."""
    one = drag(inside=True)
    one["inputs"], one["links"] = [], [link for link in one["links"] if link["id"] != 2]
    one["nodes"][0]["inputs"][1]["link"] = None
    saved = workflow([one], proxyWidgets=[["5", "points"]])
    (host,) = (node for node in saved["nodes"] if node["id"] == 2)
    host["inputs"] = []
    return saved


KINDS = {
    "loader outside": lambda: workflow([drag()]),
    "loader inside": lambda: workflow([drag(inside=True)]),
    "nested": lambda: workflow(nested()),
    "proxyWidgets": with_proxy_widgets,
}


def opened(ui, saved, number="2"):
    if not ui.shows_nodes_2:
        pytest.skip(f"not tested: frontend {ui.version} does not bring widgets to the face of a subgraph")
    ui.load(saved)
    editor = Editor(ui, number)
    editor.wait_until_shown()
    return editor


def sent(ui):
    """The points of all nodes in the prompt that ComfyUI would send now, by their ids."""
    output = ui.js("async () => (await app.graphToPrompt()).output")
    return {key: one["inputs"]["points"] for key, one in output.items() if one["class_type"] == "DragKitDragPoints"}


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_on_the_face_of_a_subgraph(ui, kind):
    editor = opened(ui, KINDS[kind]())
    box = editor.root.bounding_box()
    assert box["width"] > 250 and box["height"] > 250
    editor.pull(PAIR[:2], PAIR[2:])
    assert editor.pairs == [pytest.approx(PAIR, abs=0.01)]
    value = editor.value
    assert list(sent(ui).values()) == [value]
    handles = ui.comfy.tensors(ui.run())["host 0.handles"]
    assert handles.tolist() == [editor.pairs[0][:2]]

    saved = json.loads(json.dumps(ui.js("() => app.graph.serialize()")))
    ui.clear()
    ui.load(saved)
    editor.wait_until_shown()
    ui.eventually(lambda: editor.value, value)
    ui.eventually(lambda: "1 drag" in editor.status, True)
    editor.pull(OTHER[:2], OTHER[2:])
    assert len(editor.pairs) == 2 and list(sent(ui).values()) == [editor.value]


def test_two_nodes_of_one_subgraph_keep_their_own_points(ui):
    first = opened(ui, workflow([drag()], (2, 3), ("", "")))
    second = Editor(ui, "3")
    second.wait_until_shown()
    first.pull(PAIR[:2], PAIR[2:])
    second.pull(OTHER[:2], OTHER[2:])
    assert first.pairs == [pytest.approx(PAIR, abs=0.01)] and second.pairs == [pytest.approx(OTHER, abs=0.01)]
    assert sent(ui) == {"2:5": first.value, "3:5": second.value}
    ui.page.wait_for_timeout(700)
    assert "1 drag" in first.status and "1 drag" in second.status
    found = ui.comfy.tensors(ui.run())
    assert [found[f"host {i}.handles"].tolist() for i in range(2)] == [[one.pairs[0][:2]] for one in (first, second)]


def test_undone_and_done_again(ui):
    editor = opened(ui, workflow([drag()]))
    ui.js("() => capture()")
    editor.pull(PAIR[:2], PAIR[2:])
    one = editor.value
    editor.pull(OTHER[:2], OTHER[2:])
    assert len(editor.pairs) == 2
    ui.undo()
    editor.wait_until_shown()
    ui.eventually(lambda: editor.value, one)
    ui.eventually(lambda: "1 drag" in editor.status, True)
    editor.pull((0.7, 0.3), (0.9, 0.3))
    assert len(editor.pairs) == 2 and list(sent(ui).values()) == [editor.value]


def test_a_picture_of_its_own(ui):
    saved = workflow(
        [drag()], values=(json.dumps({"format": "dragkit.points", "version": 1, "points": [], "picture": PICTURE}),)
    )
    saved["nodes"] = [one for one in saved["nodes"] if one["id"] != 1]
    saved["links"] = [link for link in saved["links"] if link[1] != 1]
    (host,) = (one for one in saved["nodes"] if one["id"] == 2)
    host["inputs"][1]["link"] = None
    editor = opened(ui, saved)
    editor.pull(PAIR[:2], PAIR[2:])
    assert editor.document["picture"] == PICTURE


def test_the_editor_inside_says_that_the_face_has_the_points(ui):
    editor = opened(ui, workflow([drag()]))
    editor.pull(PAIR[:2], PAIR[2:])
    value = editor.value
    ui.js("async () => { const host = nodeOf(2); app.canvas.openSubgraph(host.subgraph, host); await ticks(4); }")
    ui.zoom(1, [260, 60])
    if ui.nodes_2:  # classic nodes show no widget whose value is linked
        inner = Editor(ui, "5")
        inner.wait_until_shown()
        ui.eventually(lambda: "connected text" in inner.notice, True)
    ui.js("async () => { app.canvas.setGraph(app.rootGraph ?? app.graph); await ticks(4); }")
    ui.zoom(1, [0, 0])
    editor.wait_until_shown()
    assert editor.value == value
    editor.pull(OTHER[:2], OTHER[2:])
    assert len(editor.pairs) == 2
