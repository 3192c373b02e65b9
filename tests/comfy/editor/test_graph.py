"""What ComfyUI does with the node: save and load, copy, subgraphs, collapse, other modes, damaged values."""

import json

import pytest
import torch

TWO = [[0.2, 0.2, 0.5, 0.2], [0.2, 0.6, 0.5, 0.7]]


def draw(editor, pairs=TWO):
    for pair in pairs:
        editor.pull(pair[:2], pair[2:])
    return editor.value


def works(editor):
    """Whether the editor is there, shows its pairs and takes more of them."""
    editor.wait_until_shown()
    before = len(editor.pairs)
    assert f"{before} drag" in editor.status
    editor.pull((0.7, 0.3 + 0.05 * before), (0.9, 0.3 + 0.05 * before))
    return len(editor.pairs) == before + 1


def set_saved(workflow, node, change):
    """Changes what a saved workflow holds of a node."""
    (saved,) = (saved for saved in workflow["nodes"] if str(saved["id"]) == node)
    change(saved)
    return workflow


def test_saved_and_loaded(editor):
    value = draw(editor)
    editor.ui.js("(id) => nodeOf(id).setSize([420, 540])", editor.node)
    workflow = json.loads(json.dumps(editor.ui.js("() => app.graph.serialize()")))
    editor.ui.clear()
    editor.ui.load(workflow)
    assert editor.value == value
    assert works(editor)
    assert editor.ui.js("(id) => [...nodeOf(id).size]", editor.node)[0] == pytest.approx(420, abs=1)
    assert editor.received()["points.handles"].tolist() == [pair[:2] for pair in editor.pairs]


def test_an_old_workflow_keeps_what_its_nodes_did_and_a_new_node_holds_the_border(ui):
    kinds = {
        "DragKitDragWarp": {"border": "free"},
        "DragKitLatentWarpage": {"displacement": "stretch", "border": "free"},
    }
    made = {kind: ui.node(kind, [200, 40]) for kind in kinds}
    script = "([id, name]) => nodeOf(id).widgets.find((widget) => widget.name === name).value"

    def values():
        return {kind: {name: ui.js(script, [made[kind], name]) for name in names} for kind, names in kinds.items()}

    new = {"DragKitDragWarp": {"border": "held"}, "DragKitLatentWarpage": {"displacement": "rigid", "border": "held"}}
    assert values() == new
    workflow = json.loads(json.dumps(ui.js("() => app.graph.serialize()")))
    ui.clear()
    ui.load(workflow)
    assert values() == new
    for kind, lacking in kinds.items():
        (saved,) = (saved for saved in workflow["nodes"] if saved["type"] == kind)
        saved["widgets_values"] = saved["widgets_values"][: -len(lacking)]
        saved.pop("widgets_values_named", None)
    ui.clear()
    ui.load(workflow)
    assert values() == kinds


def test_the_page_is_loaded_again(editor):
    value = draw(editor)
    # ComfyUI keeps its draft of the workflow a moment after each change
    editor.ui.page.wait_for_timeout(1500)
    editor.ui.page.reload()
    editor.ui.wait_until_ready()
    editor.ui.wait("(id) => nodeOf(id) && nodeOf(id).type === 'DragKitDragPoints'", editor.node)
    assert editor.value == value
    assert works(editor)


def test_copied_and_pasted(editor):
    ui = editor.ui
    value = draw(editor)
    editor.press("Escape", "Escape")
    ui.js(
        "(id) => { app.canvas.deselectAll(); app.canvas.selectNode(nodeOf(id)); app.canvas.canvas.focus(); }",
        editor.node,
    )
    editor.press("Control+c")
    ui.page.mouse.move(300, 740)
    editor.press("Control+v")
    kind = "() => app.graph._nodes.filter(({ type }) => type === 'DragKitDragPoints').map(({ id }) => String(id))"
    ids = ui.eventually(lambda: ui.js(kind), lambda ids: len(ids) == 2)
    copy = type(editor)(ui, *set(ids) - {editor.node})
    assert copy.value == value
    ui.js(
        "(id) => { nodeOf(id).pos = [260, 600]; app.canvas.ds.offset = [0, -540]; app.canvas.setDirty(true, true); }",
        copy.node,
    )
    ui.wait("(id) => rootOf(id).isConnected && rootOf(id).querySelector('canvas').clientWidth > 0", copy.node)
    ui.js("() => ticks(3)")
    copy.focus()
    copy.press("Control+a", "Delete")
    assert copy.pairs == [] and editor.value == value


def test_in_a_subgraph(editor):
    ui = editor.ui
    ui.connect(editor.node, 2, ui.node("PreviewImage", [1000, 40]), "images")
    value = draw(editor)
    ui.js(
        """(id) => {
          app.canvas.deselectAll();
          app.canvas.selectNode(nodeOf(id));
          const { node } = app.canvas.graph.convertToSubgraph(app.canvas.selectedItems);
          window.host = node;
        }""",
        editor.node,
    )
    ui.js("() => ticks()")
    found = editor.received()
    assert found["points.handles"].tolist() == [pair["handle"] for pair in json.loads(value)["points"]]
    ui.js("() => { app.canvas.openSubgraph(window.host.subgraph, window.host); }")
    inner = str(ui.js("() => window.host.subgraph._nodes.find(({ type }) => type === 'DragKitDragPoints').id"))
    opened = type(editor)(ui, inner)
    ui.js(
        """async (id) => {
          await ticks();
          nodeOf(id).pos = [260, 40];
          Object.assign(app.canvas.ds, { scale: 1, offset: [0, 0] });
          app.canvas.setDirty(true, true);
          await ticks();
        }""",
        inner,
    )
    assert opened.value == value
    assert works(opened)
    drawn = opened.pairs
    ui.js("async () => { app.canvas.setGraph(app.rootGraph ?? app.graph.rootGraph ?? app.graph); await ticks(); }")
    assert ui.comfy.tensors(ui.run())["points.targets"].tolist() == [pair[2:] for pair in drawn]


def test_collapsed_and_expanded(editor):
    value = draw(editor)
    collapse = "async (id) => { nodeOf(id).collapse(); app.canvas.setDirty(true, true); await ticks(3); }"
    editor.ui.js(collapse, editor.node)
    assert editor.ui.js("(id) => rootOf(id).getBoundingClientRect().width", editor.node) == 0
    assert editor.value == value
    editor.ui.js(collapse, editor.node)
    assert works(editor)


def test_the_other_mode_of_nodes(editor):
    ui = editor.ui
    value = draw(editor)
    switch = "async (on) => { await app.extensionManager.setting.set('Comfy.VueNodes.Enabled', on); await ticks(5); }"
    try:
        ui.js(switch, not ui.nodes_2)
        assert editor.value == value
        if ui.shows_nodes_2:
            assert works(editor)
        else:
            absence = "() => document.body.textContent.includes('cannot show the point editor in Nodes 2.0')"
            ui.eventually(lambda: ui.js(absence), True)
    finally:
        ui.js(switch, ui.nodes_2)
    assert works(editor)


def test_a_cleared_graph_starts_anew(editor):
    ui = editor.ui
    for _ in range(2):
        ui.js(
            "() => { window.confirm = () => true; return app.extensionManager.command.execute('Comfy.ClearWorkflow'); }"
        )
        ui.js("() => ticks()")
        new = type(editor)(ui, ui.node("DragKitDragPoints", [260, 40]))
        ui.wait("(id) => rootOf(id).isConnected", new.node)
        ui.page.wait_for_timeout(600)
        assert new.button("drag")[1]
        new.command("erase")


def test_values_in_a_wrong_order_are_put_right(editor):
    value = draw(editor)
    workflow = editor.ui.js("() => app.graph.serialize()")

    def shift(saved):
        saved["widgets_values"] = [0.25, value, "fixed"]
        saved.pop("widgets_values_named", None)

    editor.ui.load(set_saved(workflow, editor.node, shift))
    editor.ui.eventually(lambda: editor.value, value)
    assert editor.notice == "" and works(editor)


@pytest.mark.parametrize("text", ['{"format": "dragkit.points", "version": 1, "points": [{"hand', "hello", "0.25"])
def test_text_that_cannot_be_read_is_kept_until_something_is_drawn(editor, text):
    ui = editor.ui

    def damage(saved):
        saved["widgets_values"] = [text]
        saved.pop("widgets_values_named", None)

    ui.load(set_saved(ui.js("() => app.graph.serialize()"), editor.node, damage))
    editor.wait_until_shown()
    assert editor.notice.startswith("The points cannot be read: ") and "0 drags" in editor.status
    # saved again, and shown as text, as it was
    ui.load(ui.js("() => app.graph.serialize()"))
    editor.wait_until_shown()
    assert editor.value == text
    editor.command("text")
    assert editor.root.eval_on_selector(".dragkit-panel textarea", "(area) => area.value") == text
    editor.press("Escape")
    editor.pull((0.2, 0.2), (0.5, 0.2))
    assert editor.pairs == [pytest.approx([0.2, 0.2, 0.5, 0.2], abs=0.003)] and editor.notice == ""


def test_a_value_of_another_type_does_no_harm(editor):
    ui = editor.ui

    def damage(saved):
        saved["widgets_values"] = [0.25]
        saved.pop("widgets_values_named", None)

    ui.load(set_saved(ui.js("() => app.graph.serialize()"), editor.node, damage))
    editor.wait_until_shown()
    assert "cannot be read" in editor.notice and editor.value == 0.25
    assert works_from_nothing(editor)


def works_from_nothing(editor):
    editor.pull((0.2, 0.2), (0.5, 0.2))
    return len(editor.received()["points.handles"]) == 1


def test_points_from_a_connected_text(editor):
    ui = editor.ui
    draw(editor)
    text = ui.node("PrimitiveStringMultiline", [-400, 500], value="0.1,0.2 -> 0.3,0.4")
    ui.connect(text, 0, editor.node, "points")
    ui.eventually(lambda: editor.notice, lambda notice: "come from the connected text" in notice)
    found = editor.received()
    expected = torch.tensor([[0.1, 0.2], [0.3, 0.4]], dtype=torch.float64)
    assert torch.equal(torch.cat((found["points.handles"], found["points.targets"])), expected)


def test_one_list_of_positions_says_that_it_is_taken_for_a_track(editor):
    """As KJNodes' points editor writes it, from another node and as the node's own text."""
    ui = editor.ui
    corners = json.dumps([{"x": x, "y": y} for y in (50, 150) for x in (50, 100)])
    text = ui.node("PrimitiveStringMultiline", [-400, 500], value=corners)
    ui.connect(text, 0, editor.node, "points")
    start = len(ui.comfy.log())
    found = editor.received()
    assert found["points.handles"].tolist() == [[50 / 256, 50 / 192]]
    assert found["points.targets"].tolist() == [[100 / 256, 150 / 192]]
    said = "4 positions in one list are one track, a drag from the first to the last; "
    assert f"Drag Points: {said}" in ui.comfy.log(start)
    ui.eventually(lambda: editor.notice, lambda notice: "come from the connected text" in notice and said in notice)
    # what comes from the cache says so again
    editor.received()
    assert said in editor.notice
    ui.js("(id) => nodeOf(id).disconnectInput(nodeOf(id).findInputSlot('points'))", editor.node)
    ui.js("([id, text]) => { widgetOf(id).value = text }", [editor.node, corners])
    ui.eventually(lambda: editor.notice, lambda notice: notice.startswith(f"The points: {said}"))
    editor.pull((0.7, 0.2), (0.8, 0.2))
    assert editor.notice == "" and len(editor.pairs) == 2


def test_without_the_script_the_points_are_a_text_field(ui):
    page = ui.page.context.new_page()
    page.route("**/extensions/dragkit/dragkit.js", lambda route: route.abort())
    page.goto(ui.comfy.url)
    page.wait_for_function(
        "() => Boolean(window.app?.graph && LiteGraph.registered_node_types.DragKitDragPoints)", timeout=60_000
    )
    inputs = page.evaluate(
        """async () => {
          const node = LiteGraph.createNode("DragKitDragPoints");
          app.graph.add(node);
          node.widgets.find(({ name }) => name === "points").value = "0.1,0.2 -> 0.3,0.4";
          const { output } = await app.graphToPrompt();
          return output[node.id].inputs;
        }"""
    )
    page.close()
    assert inputs == {"points": "0.1,0.2 -> 0.3,0.4"}
