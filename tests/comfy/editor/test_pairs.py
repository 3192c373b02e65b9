"""Arrows: made, moved, copied, selected, switched off; and what Python receives."""

import pytest
import torch


def near(expected):
    """A list of pairs, to half a pixel of the window."""
    return [pytest.approx(pair, abs=0.003) for pair in expected]


def test_a_pull_makes_a_pair_whose_numbers_python_receives(editor):
    editor.pull((0.25, 0.5), (0.6, 0.3))
    editor.pull((0.123, 0.456), (0.789, 0.987))
    assert editor.pairs == near([[0.25, 0.5, 0.6, 0.3], [0.123, 0.456, 0.789, 0.987]])
    assert editor.document["image"] == list(editor.size)
    found = editor.received()
    exact = torch.tensor(editor.pairs, dtype=torch.float64)
    assert torch.equal(found["points.handles"], exact[:, :2])
    assert torch.equal(found["points.targets"], exact[:, 2:])
    assert torch.equal(found["region"], torch.ones(1, editor.size[1], editor.size[0]))
    assert found["picture"].shape == (1, editor.size[1], editor.size[0], 3)
    assert "2 drags" in editor.status and "everything may change" in editor.status


def test_ends_middle_copy_and_deletion(editor):
    editor.pull((0.2, 0.2), (0.5, 0.2))
    editor.pull((0.5, 0.2), (0.6, 0.4))
    assert editor.pairs == near([[0.2, 0.2, 0.6, 0.4]])
    editor.pull((0.2, 0.2), (0.2, 0.4))
    assert editor.pairs == near([[0.2, 0.4, 0.6, 0.4]])
    editor.pull((0.4, 0.4), (0.5, 0.5))
    assert editor.pairs == near([[0.3, 0.5, 0.7, 0.5]])
    editor.pull((0.3, 0.5), (0.3, 0.8), hold="Alt")
    assert editor.pairs == near([[0.3, 0.5, 0.7, 0.5], [0.3, 0.8, 0.7, 0.8]])
    editor.pull((0.3, 0.5), hold="Alt")
    assert len(editor.pairs) == 2
    editor.click((0.5, 0.5))
    editor.press("Delete")
    assert editor.pairs == near([[0.3, 0.8, 0.7, 0.8]])
    editor.click((0.7, 0.8), button="right")
    assert editor.pairs == []
    assert not editor.ui.js("() => document.querySelector('.litecontextmenu')")
    assert editor.ui.js("(id) => !!nodeOf(id)", editor.node)


def test_selected_parts_move_together_by_one_or_ten_pixels(editor):
    width, height = editor.size
    editor.pull((0.2, 0.2), (0.5, 0.2))
    editor.pull((0.2, 0.6), (0.5, 0.6))
    before = editor.pairs
    editor.click((0.2, 0.2))
    editor.click((0.2, 0.6), hold="Shift")
    assert "1 (handle)" in editor.status and "2 (handle)" in editor.status
    editor.press("ArrowRight", "Shift+ArrowDown")
    moved = [[x + 1 / width, y + 10 / height, *target] for x, y, *target in before]
    assert editor.pairs == [pytest.approx(pair, abs=2e-6) for pair in moved]
    # a box around both targets adds these, and the selection keeps to the picture as a whole
    editor.pull((0.45, 0.1), (0.55, 0.7), hold="Shift")
    assert "2 (whole arrow)" in editor.status or "2 (target)" in editor.status
    editor.press("Control+a")
    editor.pull((0.35, 0.6 + 5 / height), (0.35, 1.5))
    lowest = max(y for pair in editor.pairs for y in pair[1::2])
    shape = [pair[1] - editor.pairs[0][1] for pair in editor.pairs]
    assert lowest == 1 and shape == [pytest.approx(0), pytest.approx(0.4, abs=0.003)]


def test_what_is_off_or_half_finished_is_left_out_and_what_is_locked_stays(editor):
    editor.pull((0.2, 0.2), (0.5, 0.2))
    editor.pull((0.2, 0.5), (0.5, 0.5))
    editor.press("o")
    assert editor.button("enabled") == (True, False)
    editor.pull((0.2, 0.8), (0.5, 0.8))
    editor.press("k")
    before = editor.pairs
    editor.pull((0.2, 0.8), (0.9, 0.9))
    editor.press("Delete")
    editor.click((0.5, 0.8), button="right")
    assert editor.pairs == before
    editor.press("Escape")
    editor.click((0.8, 0.3))
    assert editor.pairs[3] == pytest.approx([0.8, 0.3, None], abs=0.003)
    assert [pair.get("enabled", True) for pair in editor.document["points"]] == [True, False, True, True]
    assert [pair.get("locked", False) for pair in editor.document["points"]] == [False, False, True, False]
    assert "2 drags (1 without target, 1 off)" in editor.status
    found = editor.received()
    assert found["points.handles"].tolist() == [editor.pairs[0][:2], editor.pairs[2][:2]]
    assert found["points.targets"].tolist() == [editor.pairs[0][2:], editor.pairs[2][2:]]
    # the next click is the target that the handle waits for
    editor.click((0.9, 0.6))
    assert editor.pairs[3] == pytest.approx([0.8, 0.3, 0.9, 0.6], abs=0.003)
    assert len(editor.received()["points.handles"]) == 3


def test_a_pull_moves_neither_graph_nor_node_and_ends_inside_the_picture(editor):
    script = "(id) => [[...app.canvas.ds.offset], app.canvas.ds.scale, [...nodeOf(id).pos], [...nodeOf(id).size]]"
    before = editor.ui.js(script, editor.node)
    editor.pull((0.5, 0.5), (0.7, 0.6), (2.5, 0.25))
    editor.pull((0.5, 0.7), (0.3, -1.5))
    assert editor.pairs == near([[0.5, 0.5, 1, 0.25], [0.5, 0.7, 0.3, 0]])
    assert editor.pairs[0][2] == 1 and editor.pairs[1][3] == 0
    # the hand is off: moving on changes nothing
    editor.ui.page.mouse.move(*editor.at((0.2, 0.2)), steps=3)
    assert editor.pairs == near([[0.5, 0.5, 1, 0.25], [0.5, 0.7, 0.3, 0]])
    assert editor.ui.js(script, editor.node) == before


def test_escape_takes_a_pull_back(editor):
    editor.pull((0.2, 0.2), (0.5, 0.2))
    before = editor.value
    page = editor.ui.page
    page.mouse.move(*editor.at((0.5, 0.2)))
    page.mouse.down()
    page.mouse.move(*editor.at((0.8, 0.8)), steps=3)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert editor.value == before and "1 drag ·" in editor.status
    editor.press("Control+z")
    assert editor.pairs == []


@pytest.mark.parametrize("scale", [0.6, 1.6])
def test_places_are_right_in_a_zoomed_graph(editor, scale):
    marker = (0.75, 0.25)
    editor.ui.zoom(scale, [-250 + 120 / scale, 60 / scale])
    editor.pull((0.25, 0.5), marker)
    assert editor.pairs == near([[0.25, 0.5, *marker]])
    # where the target is drawn: a blue diamond in the screenshot
    x, y = editor.ui.find_colour((0x2F, 0x7B, 0xFF))
    assert (x, y) == pytest.approx(editor.at(marker), abs=1.5)
    page = editor.ui.page
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 30, y + 20, steps=3)
    page.mouse.up()
    (left, top), (right, bottom) = editor.at((0, 0)), editor.at((1, 1))
    moved = [0.25, 0.5, marker[0] - 30 / (right - left), marker[1] + 20 / (bottom - top)]
    assert editor.pairs == [pytest.approx(moved, abs=0.003)]
    assert editor.received()["points.targets"].tolist() == [editor.pairs[0][2:]]


def test_the_picture_stays_where_it_is_during_a_pull(editor):
    ui = editor.ui
    editor.focus()
    ui.js("(id) => { widgetOf(id).value = 'hello'; }", editor.node)
    assert "cannot be read" in editor.notice
    mouse = ui.page.mouse
    place = editor.at((0, 0)), editor.at((1, 1))
    mouse.move(*editor.at((0.3, 0.3)))
    mouse.down()
    for target in [(0.5, 0.5), (0.6, 0.7), (0.9, 0.9)]:
        mouse.move(*editor.at(target), steps=2)
        ui.js("() => ticks()")
        assert (editor.at((0, 0)), editor.at((1, 1))) == place
    mouse.up()
    assert (editor.at((0, 0)), editor.at((1, 1))) == place and editor.notice == ""
