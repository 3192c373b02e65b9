"""Which picture is the result, whether it is one of the points and the picture as they are, and when it is shown."""

import json

import numpy as np
import pytest

from .test_runs import shown_result


@pytest.fixture
def ends(editor):
    """Ids of an early Preview Image, of the Save Image at the end, and of a Preview Mask behind an editor."""
    ui = editor.ui
    early, last, mask = (
        ui.node("PreviewImage", [1000, 40]),
        ui.node("SaveImage", [1300, 40]),
        ui.node("MaskPreview", [1000, 500]),
    )
    ui.connect(editor.node, 2, early, "images")
    first = ui.node("ImageInvert", [1000, 300])
    ui.connect(editor.node, 2, first, "image")
    ui.connect(first, 0, last, "images")
    ui.connect(editor.node, 1, mask, "mask")
    return early, last, mask


def original(editor):
    pixels = editor.pixels()
    height, width = pixels.shape[:2]
    return pixels[height // 2 - 3 : height // 2 + 3, width // 2 - 3 : width // 2 + 3, :3].mean(axis=(0, 1))


def test_the_end_of_the_graph_is_the_result_whatever_reports_last(editor, ends):
    ui = editor.ui
    middle = original(editor)
    # without an arrow in the middle
    editor.pull((0.1, 0.1), (0.2, 0.1))
    for _ in range(2):
        # the second run comes from the cache
        ui.run()
        editor.command("result")
        ui.eventually(lambda: editor.status, lambda text: text.startswith("last result, "))
        assert shown_result(editor) == pytest.approx(255 - middle, abs=6)
    # what is in the cache reports in any order, and an intermediate picture alone is not the result
    for node in (ends[2], ends[0]):
        ui.js("([id]) => app.queuePrompt(0, 1, [id])", [node])
        ui.page.wait_for_timeout(400)
        assert shown_result(editor) == pytest.approx(255 - middle, abs=6)


def options(editor):
    return editor.root.eval_on_selector(
        '[data-command="chooser"]', "(list) => list.hidden ? null : [...list.options].map(({ text }) => text)"
    )


def choose(editor, node):
    editor.root.query_selector('[data-command="chooser"]').select_option(node)


def test_the_result_can_be_chosen_and_the_choice_is_saved(editor, ends):
    ui = editor.ui
    early, last, _ = ends
    middle = original(editor)
    names = [f"The end: Save Image #{last}", f"Save Image #{last}", f"Preview Image #{early}"]
    editor.pull((0.1, 0.1), (0.2, 0.1))
    assert options(editor) is None
    ui.eventually(lambda: editor.button("result")[0], True)
    editor.command("result")
    ui.eventually(lambda: options(editor), names)
    assert editor.hint == "There is no result yet: this is the preview."
    ui.run()
    ui.eventually(lambda: editor.hint, None)
    assert shown_result(editor) == pytest.approx(255 - middle, abs=6)
    choose(editor, early)
    ui.eventually(lambda: np.allclose(shown_result(editor), middle, atol=6), True)
    assert editor.has_focus()
    workflow = json.loads(json.dumps(ui.js("() => app.graph.serialize()")))
    ui.clear()
    ui.load(workflow)
    editor.wait_until_shown("last result")
    value = """(id) => rootOf(id).querySelector('[data-command="chooser"]').value"""
    ui.eventually(lambda: ui.js(value, editor.node), early)
    ui.run()
    ui.eventually(lambda: editor.hint, None)
    assert shown_result(editor) == pytest.approx(middle, abs=6)
    # a node that is gone is no choice
    ui.js("(id) => app.graph.remove(nodeOf(id))", early)
    ui.eventually(lambda: options(editor), None)
    ui.eventually(lambda: np.allclose(shown_result(editor), 255 - middle, atol=6), True)


def test_a_result_of_other_points_or_of_another_picture_says_so(editor, ends):
    ui = editor.ui
    editor.pull((0.1, 0.1), (0.2, 0.1))
    ui.run()
    editor.command("result")
    ui.eventually(lambda: editor.status, lambda text: text.startswith("last result, 256 × 192"))
    assert editor.hint is None
    editor.pull((0.1, 0.5), (0.2, 0.5))
    ui.eventually(lambda: editor.hint, "This result is of other points.")
    assert editor.status.startswith("last result (of other points), 256 × 192")
    editor.focus()
    editor.press("Control+z")
    ui.eventually(lambda: editor.hint, None)
    load = ui.js("() => app.graph._nodes.find(({ type }) => type === 'LoadImage').id")
    ui.js("([id, name]) => { nodeOf(id).widgets[0].value = name; }", [load, "other.png"])
    ui.eventually(lambda: editor.hint, "This result is of another picture.")
    ui.run()
    ui.eventually(lambda: editor.hint, None)
    # the answer of the run has the proportions of its picture
    ui.eventually(lambda: editor.status, lambda text: text.startswith("last result, 300 × 300"))


def test_while_every_change_is_run_the_hand_pulls_the_live_preview(editor):
    ui = editor.ui
    gate = ui.node("TestGate", [1000, 40])
    invert = ui.node("ImageInvert", [1000, 300])
    ui.connect(editor.node, 2, gate, "image")
    ui.connect(gate, 0, invert, "image")
    ui.connect(invert, 0, ui.node("PreviewImage", [1000, 200]), "images")
    opened = ui.comfy.folder / "output/gate"
    opened.touch()
    middle = original(editor)
    editor.command("release")
    assert editor.button("result")[1]
    # nothing was run yet: the live preview
    editor.pull((0.1, 0.1), (0.2, 0.1))
    ui.eventually(lambda: editor.status, lambda text: text.startswith("last result, 256 × 192"))
    assert original(editor) == pytest.approx(255 - middle, abs=6)
    opened.unlink()
    mouse = ui.page.mouse
    mouse.move(*editor.at((0.1, 0.8)))
    mouse.down()
    mouse.move(*editor.at((0.2, 0.8)), steps=3)
    assert original(editor) == pytest.approx(middle, abs=6)
    mouse.up()
    # the old result does not come back under the new arrow while the run lasts
    assert original(editor) == pytest.approx(middle, abs=6)
    ui.page.wait_for_timeout(300)
    assert original(editor) == pytest.approx(middle, abs=6) and editor.status.startswith("scene.png")
    opened.touch()
    ui.eventually(lambda: editor.status, lambda text: text.startswith("last result, 256 × 192"))
    assert original(editor) == pytest.approx(255 - middle, abs=6)
    # what the user chooses stays chosen
    editor.command("preview")
    editor.pull((0.8, 0.8), (0.9, 0.8))
    ui.page.wait_for_timeout(1000)
    assert editor.button("preview")[1] and editor.status.startswith("scene.png")
    editor.command("release")
    assert editor.button("preview")[1]
