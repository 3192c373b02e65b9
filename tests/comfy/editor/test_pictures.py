"""Where the picture comes from: loaded files along the links, runs, and files given to the node."""

import base64

import pytest
from PIL import Image

# a press on a point of the 300 x 300 picture is right only if the editor knows that it is square
OTHER, OTHER_SIZE = "other.png", (300, 300)


@pytest.fixture
def alone(ui, editor):
    """An editor without a picture."""
    ui.js("(id) => nodeOf(id).disconnectInput(nodeOf(id).findInputSlot('image'))", editor.node)
    ui.eventually(lambda: editor.status, lambda text: text.startswith("no picture"))
    return editor


def loader(ui, name=OTHER):
    return ui.node("LoadImage", [-400, 500], image=name)


def shows_other(editor):
    """Until the editor shows the other picture, at its place: draws a pair and compares."""
    editor.wait_until_shown(OTHER)
    assert editor.status.startswith(f"{OTHER}, 300 × 300")
    editor.size = OTHER_SIZE
    editor.pull((0.1, 0.1), (0.4, 0.9))
    assert editor.pairs[-1] == pytest.approx([0.1, 0.1, 0.4, 0.9], abs=0.003)
    assert editor.document["image"] == [300, 300]


def test_another_file_is_chosen_in_load_image(editor):
    editor.pull((0.25, 0.25), (0.5, 0.5))
    before = editor.pairs
    editor.load(OTHER)
    shows_other(editor)
    # fractions keep their place
    assert editor.pairs[0] == before[0]


def test_through_a_reroute_and_a_bypassed_node(alone):
    ui = alone.ui
    source, reroute, scale = loader(ui), ui.node("Reroute", [-200, 700]), ui.node("ImageInvert", [0, 700])
    ui.connect(source, 0, reroute, None)
    ui.connect(reroute, 0, scale, "image")
    ui.connect(scale, 0, alone.node, "image")
    ui.eventually(lambda: alone.hint, "The connected picture is known after a run.")
    ui.js("(id) => { nodeOf(id).mode = 4; }", scale)
    shows_other(alone)
    found = alone.received()
    assert found["picture"].shape == (1, 300, 300, 3)


def test_from_outside_of_a_subgraph(alone):
    ui = alone.ui
    ui.connect(loader(ui), 0, alone.node, "image")
    alone.wait_until_shown(OTHER)
    inner = open_in_subgraph(ui, alone.node)
    opened = type(alone)(ui, inner)
    shows_other(opened)


def open_in_subgraph(ui, node):
    """Puts a node into a subgraph and opens that; its id there."""
    inner = ui.js(
        """async (id) => {
          app.canvas.deselectAll();
          app.canvas.selectNode(nodeOf(id));
          const { node } = app.canvas.graph.convertToSubgraph(app.canvas.selectedItems);
          await ticks();
          app.canvas.openSubgraph(node.subgraph, node);
          await ticks();
          const inner = node.subgraph._nodes.find(({ type }) => type === "DragKitDragPoints");
          inner.pos = [260, 40];
          Object.assign(app.canvas.ds, { scale: 1, offset: [0, 0] });
          app.canvas.setDirty(true, true);
          await ticks();
          return inner.id;
        }""",
        node,
    )
    return str(inner)


def test_out_of_a_subgraph(alone):
    ui = alone.ui
    source = loader(ui)
    ui.connect(source, 0, alone.node, "image")
    ui.js(
        """(id) => {
          app.canvas.deselectAll();
          app.canvas.selectNode(nodeOf(id));
          app.canvas.graph.convertToSubgraph(app.canvas.selectedItems);
        }""",
        source,
    )
    shows_other(alone)


def test_what_is_computed_is_known_after_a_run(alone):
    ui = alone.ui
    scale, invert = (
        ui.node("ImageScale", [0, 700], width=150, height=300, crop="disabled"),
        ui.node("ImageInvert", [0, 900]),
    )
    ui.connect(loader(ui), 0, scale, "image")
    ui.connect(scale, 0, invert, "image")
    ui.connect(invert, 0, alone.node, "image")
    ui.eventually(lambda: alone.hint, "The connected picture is known after a run.")
    alone.command("run")
    alone.wait_until_shown("connected IMAGE")
    assert alone.status.startswith("connected IMAGE, 150 × 300")
    alone.size = (150, 300)
    alone.pull((0.1, 0.1), (0.9, 0.9))
    assert alone.pairs[-1] == pytest.approx([0.1, 0.1, 0.9, 0.9], abs=0.006)
    assert alone.received()["points.targets"].tolist() == [alone.pairs[-1][2:]]
    # another source: what was seen is not what will be used
    ui.connect(loader(ui, "scene.png"), 0, alone.node, "image")
    alone.wait_until_shown("scene.png")


def drop(editor, selector, path):
    """Drops a file from outside on an element of the editor."""
    data = base64.b64encode(path.read_bytes()).decode()
    editor.root.eval_on_selector(
        selector,
        """(target, [data, name]) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const files = new DataTransfer();
          files.items.add(new File([bytes], name, { type: "image/png" }));
          for (const type of ["dragover", "drop"])
            target.dispatchEvent(new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        [data, path.name],
    )


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo of mine.png"
    Image.new("RGB", (96, 128), (200, 30, 60)).save(path)
    return path


def test_a_dropped_file_is_the_picture_of_the_node(alone, photo):
    ui = alone.ui
    drop(alone, ".dragkit-stage canvas", photo)
    alone.wait_until_shown("photo of mine")
    assert "96 × 128" in alone.status
    name = alone.document["picture"]
    assert name.startswith("dragkit/photo of mine") and (ui.comfy.folder / "input" / name).is_file()
    alone.size = (96, 128)
    alone.pull((0.1, 0.1), (0.9, 0.9))
    found = alone.received()
    assert found["picture"].shape == (1, 128, 96, 3) and found["points.handles"].shape == (1, 2)
    assert found["picture"][0, 5, 5].tolist() == pytest.approx([200 / 255, 30 / 255, 60 / 255], abs=1e-6)
    # a connected picture goes first, and a file is refused then
    ui.connect(loader(ui), 0, alone.node, "image")
    alone.wait_until_shown(OTHER)
    drop(alone, ".dragkit-stage canvas", photo)
    ui.eventually(lambda: alone.notice, lambda notice: "disconnect it to use another picture" in notice)
    assert alone.received()["picture"].shape == (1, 300, 300, 3)


def test_a_chosen_file_and_the_nodes_own_way_of_pasting(alone, photo):
    ui = alone.ui
    alone.root.query_selector('input[type="file"]').set_input_files(photo)
    alone.wait_until_shown("photo of mine")
    other = photo.with_name("second.png")
    Image.new("RGB", (64, 64)).save(other)
    ui.js(
        """([id, data]) => nodeOf(id).pasteFile(
          new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], "second.png", { type: "image/png" }))""",
        [alone.node, base64.b64encode(other.read_bytes()).decode()],
    )
    alone.wait_until_shown("second")
    assert "64 × 64" in alone.status


def test_a_node_without_a_picture_runs_again(alone):
    """What comes from ComfyUI's cache of results says then that nothing is shown."""
    ui = alone.ui
    ui.js(
        """(id) => {
          const { onExecuted } = nodeOf(id);
          window.told = [];
          nodeOf(id).onExecuted = function (message) {
            // ComfyUI's page keeps errors of nodes to itself
            try {
              onExecuted.call(this, message);
              told.push(message);
            } catch (error) {
              told.push(String(error));
            }
          };
        }""",
        alone.node,
    )
    for _ in range(2):
        assert ui.comfy.tensors(ui.run())["points.handles"].shape == (0, 2)
    ui.wait("() => told.length")
    assert ui.js("() => told.filter((message) => message !== null)") == []


def test_a_file_that_is_gone(alone):
    ui = alone.ui
    ui.js(
        """(id) => { widgetOf(id).value =
          '{"format":"dragkit.points","version":1,"image":[80,60],"picture":"dragkit/gone.png","points":[]}' }""",
        alone.node,
    )
    ui.eventually(lambda: alone.notice, "The picture gone.png cannot be shown.")
    assert alone.status.startswith("no picture, points placed on 80 × 60")
    alone.size = (80, 60)
    alone.pull((0.2, 0.2), (0.5, 0.5))
    assert alone.pairs == [pytest.approx([0.2, 0.2, 0.5, 0.5], abs=0.003)]
