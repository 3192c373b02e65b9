"""The large view, the points as text, and what the preview changes."""

import numpy as np
import pytest
from dragkit.kernels.points.drag_text import read


@pytest.fixture
def large(editor):
    """The large view of an editor, opened by its key."""
    editor.focus()
    editor.press("f")
    dialog = editor.ui.page.locator("dialog.dragkit-large")
    assert dialog.count() == 1
    editor.ui.js("() => ticks()")
    return dialog.element_handle()


def test_the_large_view_draws_into_the_same_value(editor, large):
    width = large.eval_on_selector("canvas", "(canvas) => canvas.clientWidth")
    assert width > 1000
    editor.pull((0.2, 0.2), (0.5, 0.2), root=large)
    editor.pull((0.35, 0.2), (0.4, 0.4), root=large)
    assert editor.pairs == [pytest.approx([0.25, 0.4, 0.55, 0.4], abs=0.002)]
    editor.press("b")
    editor.pull((0.8, 0.8), (0.9, 0.8), root=large)
    assert len(editor.document["strokes"]) == 1
    editor.press("Control+z", "Escape")
    editor.ui.wait("() => !document.querySelector('dialog')")
    assert "strokes" not in editor.document and editor.button("brush")[1]
    assert editor.has_focus()
    editor.press("v")
    editor.pull((0.2, 0.7), (0.6, 0.7))
    assert len(editor.received()["points.handles"]) == 2


def test_the_wheel_enlarges_around_the_pointer(editor, large):
    mouse = editor.ui.page.mouse
    handle, target = (0.25, 0.25), (0.3, 0.3)
    start, end = editor.at(handle, large), editor.at(target, large)
    mouse.move(*start)
    mouse.wheel(0, -600)
    editor.ui.js("() => ticks()")
    zoom = np.exp(600 * 0.0015)
    mouse.down()
    mouse.move(*end, steps=3)
    mouse.up()
    moved = [a + (b - a) / zoom for a, b in zip(handle, target, strict=True)]
    assert editor.pairs == [pytest.approx([*handle, *moved], abs=0.002)]
    # the middle button moves what is shown: the handle is where the pointer took it
    mouse.move(*start)
    mouse.down(button="middle")
    mouse.move(start[0] + 100, start[1] + 50, steps=3)
    mouse.up(button="middle")
    mouse.down()
    mouse.up()
    before = editor.pairs
    mouse.move(start[0] + 100, start[1] + 50)
    mouse.down()
    mouse.move(start[0] + 150, start[1] + 50, steps=3)
    mouse.up()
    assert editor.pairs[0][0] > before[0][0] and len(editor.pairs) == 1
    editor.press("0")
    editor.ui.js("() => ticks()")
    editor.pull((0.1, 0.8), (0.3, 0.8), root=large)
    assert editor.pairs[1] == pytest.approx([0.1, 0.8, 0.3, 0.8], abs=0.002)


def test_the_wheel_over_the_editor_zooms_the_graph_or_the_picture(editor):
    ui, mouse = editor.ui, editor.ui.page.mouse
    scale = "() => app.canvas.ds.scale"
    mouse.move(*editor.at((0.5, 0.5)))
    mouse.wheel(0, -120)
    assert ui.eventually(lambda: ui.js(scale), lambda found: found != 1) > 1
    ui.zoom(1, [0, 0])
    editor.focus()
    mouse.move(*editor.at((0.5, 0.5)))
    mouse.wheel(0, -400)
    ui.js("() => ticks(4)")
    assert ui.js(scale) == 1
    x, y = editor.at((0.5, 0.5))
    mouse.down()
    mouse.move(x + 50, y, steps=3)
    mouse.up()
    factor = np.exp(400 * 0.0015)
    across = (editor.at((1, 0))[0] - editor.at((0, 0))[0]) * factor
    assert editor.pairs == [pytest.approx([0.5, 0.5, 0.5 + 50 / across, 0.5], abs=0.003)]


def test_a_text_that_is_taken_for_a_track_says_so(editor):
    def use(text):
        editor.command("text")
        area = editor.root.query_selector(".dragkit-panel textarea")
        area.fill(text)
        area.evaluate("(area) => area.parentElement.querySelector('[data-command=apply]').click()")
        assert editor.root.query_selector(".dragkit-panel") is None

    use('[{"x": 64, "y": 48}, {"x": 9, "y": 9}, {"x": 128, "y": 96}]')
    assert editor.notice.startswith("The points: 3 positions in one list are one track, ")
    assert editor.pairs == [[0.25, 0.25, 0.5, 0.5]]
    use('[[{"x": 64, "y": 48}, {"x": 9, "y": 9}, {"x": 128, "y": 96}]]')
    assert editor.notice == "" and editor.pairs == [[0.25, 0.25, 0.5, 0.5]]


def test_points_as_text(editor):
    editor.pull((0.2, 0.2), (0.5, 0.2))
    editor.press("r")
    editor.pull((0.1, 0.1), (0.6, 0.6))
    value = editor.value
    editor.command("text")
    area = editor.root.query_selector(".dragkit-panel textarea")
    assert area.input_value() == value
    area.fill("64, 48 -> 128")
    area.evaluate("(area) => area.parentElement.querySelector('[data-command=apply]').click()")
    message = editor.root.eval_on_selector(".dragkit-panel .dragkit-notice", "(notice) => notice.textContent")
    assert "line 1 is no drag" in message and editor.value == value
    area.fill("64, 48 -> 128, 96")
    area.evaluate("(area) => area.parentElement.querySelector('[data-command=apply]').click()")
    assert editor.root.query_selector(".dragkit-panel") is None
    assert editor.notice == ""
    # points only: the region is as it was
    assert editor.pairs == [[0.25, 0.25, 0.5, 0.5]] and len(editor.document["strokes"]) == 1
    found = editor.received()
    assert found["points.handles"].tolist() == [[0.25, 0.25]] and found["region"].mean() < 0.5
    editor.focus()
    editor.press("Control+z")
    assert editor.value == value


def test_keys_in_the_text_are_text(editor):
    editor.pull((0.2, 0.2), (0.5, 0.2))
    value = editor.value
    editor.command("text")
    editor.press("End", "Delete", "w", "b", "Control+a", "ArrowLeft")
    editor.press("Escape")
    assert editor.root.query_selector(".dragkit-panel") is None
    assert editor.value == value and editor.button("drag")[1] and editor.has_focus()


def test_coordinates_are_pasted_into_the_editor(editor):
    tracks = (
        '[[{"x": 64, "y": 48}, {"x": 100, "y": 60}, {"x": 128, "y": 96}], [{"x": 0, "y": 0}, {"x": 256, "y": 192}]]'
    )
    assert len(read(tracks).pairs) == 2
    editor.focus()
    paste = """(keys, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      keys.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }"""
    editor.root.eval_on_selector(".dragkit-keys", paste, tracks)
    assert editor.pairs == [[0.25, 0.25, 0.5, 0.5], [0, 0, 1, 1]]
    nodes = editor.ui.js("() => app.graph._nodes.length")
    editor.root.eval_on_selector(".dragkit-keys", paste, "what is this")
    assert editor.notice != "" and len(editor.pairs) == 2
    assert editor.ui.js("() => app.graph._nodes.length") == nodes
    assert editor.received()["points.targets"].tolist() == [[0.5, 0.5], [1, 1]]


def test_a_pull_moves_the_picture_inside_the_region_only(editor, large):
    # larger in the window than the preview is, so that what is not warped is seen to be as sharp as the picture
    editor.load("large.png")
    editor.press("r")
    editor.pull((0.5, 0.0), (1.0, 1.0), root=large)
    editor.press("v")
    page = editor.ui.page
    page.mouse.move(*editor.at((0.7, 0.4), large))
    page.mouse.down()
    page.mouse.move(*editor.at((0.8, 0.6), large), steps=3)
    pulled = editor.pixels(large)
    page.mouse.up()
    editor.command("original")
    assert editor.button("original")[1] and not editor.button("preview")[1]
    original = editor.pixels(large)
    changed = (pulled != original).any(axis=2)
    middle = changed.shape[1] // 2
    assert not changed[:, : middle - 1].any()
    picture = original[..., 3] == 255
    assert changed[:, middle + 2 :].sum() > 0.2 * picture[:, middle + 2 :].sum()
    # and during a pull it is seen, whatever is shown else
    page.mouse.move(*editor.at((0.8, 0.6), large))
    page.mouse.down()
    page.mouse.move(*editor.at((0.75, 0.5), large), steps=3)
    page.mouse.move(*editor.at((0.8, 0.6), large), steps=3)
    assert (editor.pixels(large) == pulled).all()
    page.mouse.up()
    assert (editor.pixels(large) == original).all()


def test_a_side_panel_leaves_the_editor_its_width(editor):
    """The panel of newer frontends sets the width of every widget that it lists."""
    ui = editor.ui
    width = editor.pixels().shape[1]
    ui.js("(id) => { widgetOf(id).width = 120; app.canvas.setDirty(true, true); }", editor.node)
    assert editor.pixels().shape[1] == width
