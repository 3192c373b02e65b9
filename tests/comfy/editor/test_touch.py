"""Fingers on the picture, and what the editor says and offers first."""

import pytest


@pytest.fixture
def touch(editor):
    """Sends touches: kind, then where the fingers are (fractions of the picture)."""
    session = editor.ui.page.context.new_cdp_session(editor.ui.page)

    def send(kind, *points):
        places = [dict(zip("xy", editor.at(point), strict=True), id=i) for i, point in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    yield send
    session.detach()


def test_one_finger_draws_a_second_one_pinches(editor, touch):
    scale = "() => [app.canvas.ds.scale, ...app.canvas.ds.offset]"
    before = editor.ui.js(scale)
    touch("touchStart", (0.2, 0.3))
    touch("touchMove", (0.4, 0.3))
    touch("touchEnd")
    assert editor.pairs == [pytest.approx([0.2, 0.3, 0.4, 0.3], abs=0.005)]
    plain = editor.pixels()
    touch("touchStart", (0.4, 0.6))
    touch("touchMove", (0.45, 0.6))
    touch("touchStart", (0.45, 0.6), (0.6, 0.6))
    touch("touchMove", (0.3, 0.6), (0.8, 0.6))
    touch("touchEnd")
    assert len(editor.pairs) == 1 and editor.ui.js(scale) == before
    assert (editor.pixels() != plain).any()


def test_a_long_press_does_what_the_right_button_does(editor, touch):
    editor.pull((0.2, 0.3), (0.6, 0.3))
    touch("touchStart", (0.4, 0.3))
    editor.ui.page.wait_for_timeout(700)
    touch("touchEnd")
    assert editor.pairs == []


def test_starting_over_and_the_first_hint(editor):
    hint = "(hint) => hint.hidden ? '' : hint.textContent"
    assert editor.root.eval_on_selector(".dragkit-first", hint).startswith("Press on what should move")
    editor.pull((0.2, 0.3), (0.6, 0.3))
    assert editor.root.eval_on_selector(".dragkit-first", hint) == ""
    height = editor.pixels().shape
    editor.press("b")
    assert editor.pixels().shape == height
    editor.command("restart")
    assert editor.pairs == []
    editor.command("undo")
    assert len(editor.pairs) == 1
