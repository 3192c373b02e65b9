"""Undo and redo, the editor's own and ComfyUI's, and who gets which key."""

import pytest


def test_undo_and_redo_change_only_the_editor(editor):
    ui = editor.ui
    ui.js("(id) => void (window.kept = nodeOf(id))", editor.node)
    values = [editor.value]
    for y in (0.2, 0.5, 0.8):
        editor.pull((0.2, y), (0.5, y))
        values.append(editor.value)
    assert len(set(values)) == 4
    editor.press("Control+z")
    assert editor.value == values[2]
    editor.command("undo")
    assert editor.value == values[1]
    editor.press("Control+y")
    assert editor.value == values[2]
    editor.press("Control+Shift+z")
    assert editor.value == values[3]
    editor.command("undo")
    editor.command("redo")
    assert editor.value == values[3] and editor.button("redo")[0] is False
    editor.press("Control+z", "Control+z", "Control+z")
    assert editor.pairs == [] and editor.button("undo")[0] is False
    editor.press("Control+z")
    ui.js("() => ticks(5)")
    assert ui.js("(id) => window.kept === nodeOf(id)", editor.node)
    assert len(ui.js("() => app.graph._nodes")) == 5


def test_the_graphs_undo_takes_back_one_stroke(editor):
    ui = editor.ui
    steps = "() => trackerOf().undoQueue.length"
    before = ui.js(steps)
    editor.pull((0.2, 0.2), (0.5, 0.2))
    editor.pull((0.2, 0.5), (0.5, 0.5))
    editor.press("b")
    editor.pull((0.2, 0.8), (0.5, 0.8))
    ui.eventually(lambda: ui.js(steps), before + 3)
    drawn = editor.document
    ui.undo()
    assert editor.pairs == [[*p["handle"], *p["target"]] for p in drawn["points"]] and "strokes" not in editor.document
    ui.undo()
    assert editor.pairs == [[*drawn["points"][0]["handle"], *drawn["points"][0]["target"]]]
    ui.js("async () => { await trackerOf().redo(); await ticks(); }")
    assert len(editor.pairs) == 2
    # the new node's editor is there and works
    editor.wait_until_shown()
    assert "2 drags" in editor.status
    editor.command("drag")
    editor.pull((0.6, 0.2), (0.9, 0.2))
    assert len(editor.pairs) == 3


def test_the_graphs_own_undo_key_outside_the_editor(editor):
    editor.pull((0.2, 0.2), (0.5, 0.2))
    editor.pull((0.2, 0.5), (0.5, 0.5))
    editor.press("Escape", "Escape")
    assert not editor.has_focus()
    editor.press("Control+z")
    editor.ui.eventually(lambda: len(editor.pairs), 1)


def test_steps_made_by_keys_and_buttons_are_steps_of_the_graph(editor):
    ui = editor.ui
    steps = "() => trackerOf().undoQueue.length"
    editor.pull((0.2, 0.2), (0.5, 0.2))
    before = ui.js(steps)
    editor.press("ArrowRight")
    assert ui.js(steps) == before + 1
    editor.command("remove")
    assert ui.js(steps) == before + 2
    ui.undo()
    assert len(editor.pairs) == 1


def test_keys_stay_in_the_editor(editor):
    ui = editor.ui
    editor.pull((0.2, 0.2), (0.5, 0.2))
    ui.js("(id) => app.canvas.selectNode?.(nodeOf(id))", editor.node)
    editor.focus()
    before = ui.js("(id) => [nodeOf(id).mode, !!nodeOf(id).flags.collapsed, nodeOf(id).pos[0]]", editor.node)
    keys = "w q m r n b . , a c v l o k h p i g e x 1 Backspace Delete Control+a ArrowLeft"
    editor.press(*keys.split())
    ui.js("() => ticks(5)")
    assert ui.js("(id) => [nodeOf(id).mode, !!nodeOf(id).flags.collapsed, nodeOf(id).pos[0]]", editor.node) == before
    assert not ui.js("() => app.extensionManager.sidebarTab.activeSidebarTabId")
    assert not ui.page.locator(".p-dialog").count()
    assert editor.has_focus()


def test_the_graphs_keys_work_outside_the_editor(editor):
    ui = editor.ui
    other = ui.node("PreviewImage", [700, 600])
    editor.pull((0.2, 0.2), (0.5, 0.2))
    value = editor.value
    editor.press("Escape", "Escape")
    ui.js("(id) => { app.canvas.deselectAll(); app.canvas.selectNode(nodeOf(id)); app.canvas.canvas.focus(); }", other)
    editor.press("Delete")
    ui.eventually(lambda: ui.js("(id) => !!nodeOf(id)", other), False)
    assert editor.value == value
    active = "() => app.extensionManager.sidebarTab.activeSidebarTabId"
    editor.press("w")
    ui.eventually(lambda: ui.js(active), "workflows")


def test_a_press_outside_gives_the_focus_back(editor):
    editor.pull((0.2, 0.2), (0.5, 0.2))
    assert editor.has_focus()
    editor.ui.page.mouse.click(90, 420)
    assert not editor.has_focus()


def test_the_middle_button_moves_the_graph(editor):
    mouse = editor.ui.page.mouse
    before = editor.ui.js("() => [...app.canvas.ds.offset]")
    x, y = editor.at((0.5, 0.5))
    mouse.move(x, y)
    mouse.down(button="middle")
    mouse.move(x + 60, y + 30, steps=4)
    mouse.up(button="middle")
    after = editor.ui.js("() => [...app.canvas.ds.offset]")
    assert after == pytest.approx([before[0] + 60, before[1] + 30], abs=2)
    assert editor.value == "" and "0 drags" in editor.status
