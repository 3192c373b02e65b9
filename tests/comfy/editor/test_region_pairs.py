"""Region pairs: drawn, pulled to their places, turned, taken back; and what Python receives."""

import pytest

# of an end that is not selected, and of one that is
COLOURS = [(0xFF, 0x3B, 0x30), (0xFF, 0xD6, 0x0A)]
# a workflow as it was saved when there were three outputs
SAVED = """(id) => {
  const data = app.graph.serialize();
  const node = data.nodes.find((node) => String(node.id) === id);
  const [{ links }] = node.outputs.splice(3);
  data.links = data.links.filter(([link]) => !links.includes(link));
  const taken = data.nodes.flatMap(({ inputs }) => inputs ?? []).filter(({ link }) => links.includes(link));
  for (const input of taken) input.link = null;
  return data;
}"""


def square(x, y, side=0.2):
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]


def connect(editor):
    """Has the output of the region pairs received as regions.0.handle.0 and so on."""
    editor.ui.connect(editor.node, 3, editor.ui.node("TestDump", [700, 520], name="regions"), "any")


def near(corners):
    return [pytest.approx(corner, abs=0.003) for corner in corners]


def test_an_outline_is_pulled_to_its_place_and_python_receives_it(editor):
    connect(editor)
    editor.pull((0.2, 0.9), (0.5, 0.9))
    plain = editor.value
    editor.focus()
    editor.press("d")
    assert editor.button("region") == (True, True)
    editor.pull((0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3), (0.1, 0.12))
    (region,) = editor.document["regions"]
    assert region["handle"] == region["target"] and "strokes" not in editor.document
    editor.pull((0.2, 0.2), (0.4, 0.3), (0.7, 0.4))
    (region,) = editor.document["regions"]
    moved = [[x + 0.5, y + 0.2] for x, y in region["handle"]]
    assert region["target"] == near(moved) and region["handle"][:4] == near(square(0.1, 0.1)[:4])
    assert "1 region pair" in editor.status and "region 1 (target)" in editor.status
    found = editor.received()
    for end in ("handle", "target"):
        corners = [found[f"regions.0.{end}.{i}"].tolist() for i in range(len(region[end]))]
        assert corners == [pytest.approx(corner, abs=1e-6) for corner in region[end]]
    assert found["region"].all() and len(found["points.handles"]) == 1
    # both outlines, one of them selected
    shown = editor.pixels()[..., :3].astype(int)
    assert all((abs(shown - colour) < 12).all(-1).sum() > 40 for colour in COLOURS)
    editor.press("Escape")
    editor.click((0.45, 0.3))
    assert "region 1 (handle and target)" in editor.status
    editor.press("ArrowRight", "Delete")
    assert "regions" not in editor.document
    editor.press("Control+z", "Control+z", "Control+z", "Control+z")
    assert editor.value == plain


def test_a_target_is_changed_by_a_corner_and_turned_by_a_knob(editor):
    connect(editor)
    editor.focus()
    editor.press("d")
    for corner in square(0.3, 0.3):
        editor.click(corner)
    editor.press("Enter")
    editor.pull((0.5, 0.5), (0.6, 0.6))
    (region,) = editor.document["regions"]
    assert region["handle"] == near(square(0.3, 0.3))
    assert region["target"] == near([[0.3, 0.3], [0.5, 0.3], [0.6, 0.6], [0.3, 0.5]])
    editor.press("Control+z")
    # half a turn at half the size: the upper left knob, 14 pixels from its corner, goes as far to the other side
    x, y = editor.at((0.3, 0.3))
    (middle_x, middle_y), mouse = editor.at((0.4, 0.4)), editor.ui.page.mouse
    mouse.move(x - 14, y - 14)
    mouse.down()
    mouse.move(middle_x + (middle_x - x + 14) / 2, middle_y + (middle_y - y + 14) / 2, steps=6)
    mouse.up()
    (region,) = editor.document["regions"]
    assert region["target"] == near([[0.45, 0.45], [0.35, 0.45], [0.35, 0.35], [0.45, 0.35]])
    assert region["handle"] == near(square(0.3, 0.3))
    value, ui = editor.value, editor.ui
    ui.load(ui.js(SAVED, editor.node))
    editor.wait_until_shown()
    assert editor.value == value and "1 region pair" in editor.status
    outputs = ui.js("(id) => nodeOf(id).outputs.map(({ type }) => type)", editor.node)
    assert outputs == ["DRAG_POINTS", "MASK", "IMAGE", "DRAG_REGIONS", "STRING", "STRING"]
