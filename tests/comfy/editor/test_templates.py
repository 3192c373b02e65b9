"""Templates, apps and blueprints as they are opened in ComfyUI."""

import json
from pathlib import Path

import pytest

from ..templates import APPS, DEMOS, EXAMPLES, PHOTOGRAPH, numbers
from .conftest import Editor

BLUEPRINTS = {path.stem: path for path in sorted((Path(__file__).parents[3] / "subgraphs").glob("*.json"))}
BOXES = """() => app.graph._nodes.map((node) => {
  const element = LiteGraph.vueNodesMode && document.querySelector(`[data-node-id="${node.id}"]`);
  const shown = element?.getBoundingClientRect?.();
  const { scale } = app.canvas.ds, title = LiteGraph.NODE_TITLE_HEIGHT;
  const [x, y] = node.pos, [width, height] = node.size;
  const sides = shown ? [shown.width / scale, shown.height / scale] : [width, height + title];
  return [node.title, x, y - title, x + sides[0], y - title + sides[1]];
})"""


FORGET = """() => {
  for (const known of [app.nodeOutputs, app.nodePreviewImages]) for (const key of Object.keys(known)) delete known[key];
}"""


def overlaps(ui):
    """Pairs of titles of nodes that lie on each other as they are drawn."""
    ui.js("() => ticks(4)")
    boxes = ui.js(BOXES)
    return [
        (one[0], other[0])
        for i, one in enumerate(boxes)
        for other in boxes[i + 1 :]
        if one[1] < other[3] and other[1] < one[3] and one[2] < other[4] and other[2] < one[4]
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_template_shows_its_picture_at_once_and_no_node_on_another(ui, name):
    workflow = json.loads(EXAMPLES[name].read_text())
    kinds = {node["type"] for node in workflow["nodes"]} - {"MarkdownNote"}
    if missing := ui.js("(kinds) => kinds.filter((kind) => !LiteGraph.registered_node_types[kind])", sorted(kinds)):
        pytest.skip(f"{name} not tested: this ComfyUI has no {missing[0]}")
    # what nodes of the same ids have shown in another workflow makes these higher
    ui.js(FORGET)
    ui.load(workflow)
    (points,) = numbers(workflow, "DragKitDragPoints")
    editor, photograph = Editor(ui, points), PHOTOGRAPH
    if name in DEMOS:
        (demo,) = (node for node in workflow["nodes"] if node["type"] == "DragKitDemoModel")
        photograph = f"{demo['widgets_values'][0]}.jpg, 256 × 256"
    editor.wait_until_shown(photograph)
    assert overlaps(ui) == []


APP_ITEM = '[data-testid="app-mode-widget-item"]'


def test_an_app_is_drawn_on_and_goes_on_as_a_graph(ui):
    if not ui.shows_nodes_2:
        pytest.skip(f"not tested: frontend {ui.version} has no App mode")
    workflow = json.loads(APPS["Drag a photograph (no model).app"].read_text())
    editor = Editor(ui, numbers(workflow, "DragKitDragPoints")[0], size=(768, 768))
    toggle = "async () => { await app.extensionManager.command.execute('Comfy.ToggleLinear'); await ticks(4); }"
    try:
        ui.js("(data) => app.loadGraphData(data, true, true, null)", workflow)
        ui.page.wait_for_selector(APP_ITEM)
        editor.wait_until_shown(PHOTOGRAPH)
        assert ui.page.locator(APP_ITEM).count() == len(workflow["extra"]["linearData"]["inputs"])
        assert ui.js("([id, item]) => Boolean(rootOf(id).closest(item))", [editor.node, APP_ITEM])
        assert editor.root.eval_on_selector(".dragkit-stage canvas", "(canvas) => canvas.clientHeight") > 250
        ui.page.wait_for_timeout(500)  # the panel comes in
        editor.pull((0.3, 0.3), (0.5, 0.4))
        assert editor.pairs == [pytest.approx([0.3, 0.3, 0.5, 0.4], abs=0.02)]
        ui.run()
    finally:
        ui.js(toggle)
    ui.zoom(1, [-300, 40])
    editor.wait_until_shown(PHOTOGRAPH)
    assert not ui.js("([id, item]) => Boolean(rootOf(id).closest(item))", [editor.node, APP_ITEM])
    editor.pull((0.5, 0.7), (0.6, 0.8))
    assert len(editor.pairs) == 2


def faced(ui, host):
    """The editor on the face of a blueprint's node, with a picture, and one arrow."""
    editor = Editor(ui, host, size=(768, 768))
    loader = ui.node("LoadImage", [900, 40], image=PHOTOGRAPH)
    ui.connect(loader, 0, host, "image")
    ui.js("(id) => { nodeOf(id).pos = [60, 40]; nodeOf(id).setSize([420, 680]); }", host)
    ui.zoom(1, [100, 40])
    editor.wait_until_shown(PHOTOGRAPH)
    assert ui.page.locator(".dragkit:visible").count() == 1
    editor.pull((0.3, 0.3), (0.5, 0.4))
    assert editor.pairs == [pytest.approx([0.3, 0.3, 0.5, 0.4], abs=0.02)]
    return editor


def test_a_blueprint_is_found_added_and_runs(ui):
    if not ui.shows_nodes_2:
        pytest.skip(f"not tested: frontend {ui.version} takes no blueprints from packs")
    ui.page.mouse.dblclick(500, 300)
    ui.page.wait_for_timeout(500)
    ui.page.keyboard.type("Drag a picture (warp)")
    ui.page.wait_for_timeout(1000)
    ui.page.keyboard.press("Enter")
    # the new node follows the pointer until it is put down
    ui.page.mouse.move(420, 120)
    ui.page.wait_for_timeout(300)
    ui.page.mouse.click(420, 100)
    find = "() => app.graph._nodes.find((node) => node.subgraph)?.id"
    editor = faced(ui, str(ui.eventually(lambda: ui.js(find), bool)))
    ui.connect(editor.node, 0, ui.node("PreviewImage", [900, 400]), "images")
    assert ui.comfy.images(ui.run())


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprint_has_its_editor_and_is_whole(ui, name):
    if not ui.shows_nodes_2:
        pytest.skip(f"not tested: frontend {ui.version} takes no blueprints from packs")
    saved = json.loads(BLUEPRINTS[name].read_text())
    ui.load(saved)
    editor = faced(ui, "1")
    output = ui.js("async () => (await app.graphToPrompt()).output")
    (definition,) = saved["definitions"]["subgraphs"]
    inner = {key.rpartition(":")[2]: one for key, one in output.items() if ":" in key}
    assert {key: one["class_type"] for key, one in inner.items()} == {
        str(node["id"]): node["type"] for node in definition["nodes"]
    }
    info = ui.comfy.object_info()
    (points,) = (one["inputs"]["points"] for one in inner.values() if one["class_type"] == "DragKitDragPoints")
    assert points == editor.value
    # what is not connected here is what the face has sockets for
    lacking = {
        (key, wanted)
        for key, one in inner.items()
        for wanted in info[one["class_type"]]["input"]["required"]
        if wanted not in one["inputs"]
    }
    ends = definition["inputs"]
    sockets = {
        (str(link["target_id"]), node["inputs"][link["target_slot"]]["name"])
        for link in definition["links"]
        for node in definition["nodes"]
        if link["origin_id"] == -10 and link["target_id"] == node["id"] and ends[link["origin_slot"]]["name"] != "image"
    }
    assert lacking <= sockets
