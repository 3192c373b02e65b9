"""The painted region: what each tool paints, and that Python's mask is what the strokes in the value say."""

import numpy as np
import pytest
import torch
from dragkit.kernels.points.strokes import Stroke, rasterise
from PIL import Image


def region_of(editor):
    """[H, W] of what the strokes in the value cover, by Python's rasteriser."""
    strokes = [Stroke(s["tool"], s.get("points", ()), s.get("size")) for s in editor.document.get("strokes", [])]
    return rasterise(strokes, editor.size[1], editor.size[0])


def covers(region, point):
    return bool(region[int(point[1] * region.shape[0]), int(point[0] * region.shape[1])])


def received(editor):
    region = editor.received()["region"]
    assert region.shape == (1, editor.size[1], editor.size[0])
    return region[0]


def test_brush_eraser_and_their_size(editor):
    editor.focus()
    editor.press("b")
    assert editor.button("brush")[1] and not editor.button("drag")[1]
    editor.pull((0.3, 0.5), (0.7, 0.5))
    assert editor.value and "points" in editor.document and editor.pairs == []
    (brush,) = editor.document["strokes"]
    assert brush["tool"] == "brush" and brush["size"] == pytest.approx(0.12)
    assert brush["points"][0] == pytest.approx([0.3, 0.5], abs=0.003)
    assert brush["points"][-1] == pytest.approx([0.7, 0.5], abs=0.003)
    assert "only the painted region may change" in editor.status
    editor.press("e", "]", "]")
    editor.pull((0.5, 0.3), (0.5, 0.7))
    erase = editor.document["strokes"][1]
    assert erase["tool"] == "erase" and erase["size"] == pytest.approx(0.12 * 1.25**2)
    editor.press("[", "[", "[", "b")
    editor.click((0.9, 0.9))
    assert editor.document["strokes"][2]["size"] == pytest.approx(0.12 / 1.25)
    region = received(editor)
    assert torch.equal(region, region_of(editor).float())
    painted, free = [(0.3, 0.5), (0.4, 0.5), (0.7, 0.53), (0.9, 0.9)], [(0.5, 0.5), (0.4, 0.6), (0.1, 0.1)]
    assert [covers(region, point) for point in painted + free] == [True] * 4 + [False] * 3


def test_lasso_box_invert_and_clear(editor):
    editor.focus()
    editor.press("l")
    editor.pull((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4))
    # corner by corner, and the first one again
    for corner in [(0.6, 0.6), (0.9, 0.6), (0.9, 0.9), (0.6, 0.6)]:
        editor.click(corner)
    editor.press("r")
    editor.pull((0.9, 0.3), (0.7, 0.1))
    strokes = editor.document["strokes"]
    assert [stroke["tool"] for stroke in strokes] == ["polygon", "polygon", "box"]
    assert [len(stroke["points"]) for stroke in strokes[1:]] == [3, 2]
    region = received(editor)
    assert torch.equal(region, region_of(editor).float())
    inside, outside = [(0.2, 0.3), (0.85, 0.7), (0.8, 0.2)], [(0.5, 0.5), (0.65, 0.8), (0.5, 0.2)]
    assert [covers(region, point) for point in inside + outside] == [True] * 3 + [False] * 3
    editor.press("i")
    assert torch.equal(received(editor), 1 - region)
    editor.command("clear")
    assert "strokes" not in editor.document and "everything may change" in editor.status
    assert received(editor).all()


def test_an_outline_that_is_not_closed_leaves_nothing(editor):
    editor.focus()
    editor.press("l")
    editor.click((0.2, 0.2))
    editor.click((0.8, 0.2))
    editor.press("Escape", "v")
    editor.pull((0.2, 0.5), (0.5, 0.5))
    assert len(editor.pairs) == 1 and "strokes" not in editor.document


def test_a_region_around_all_points(editor):
    editor.pull((0.3, 0.3), (0.6, 0.3))
    editor.pull((0.3, 0.6), (0.3, 0.8))
    editor.press("g")
    region = received(editor)
    assert torch.equal(region, region_of(editor).float())
    assert all(covers(region, point) for point in [(0.3, 0.3), (0.6, 0.3), (0.3, 0.8), (0.4, 0.5)])
    assert not any(covers(region, point) for point in [(0.8, 0.3), (0.6, 0.7), (0.1, 0.1)])


def test_a_connected_mask_is_united_and_seen_after_a_run(editor):
    ui = editor.ui
    ui.connect(ui.node("TestImage", [-400, 400], width=editor.size[0], height=editor.size[1]), 1, editor.node, "mask")
    editor.focus()
    editor.press("r")
    editor.pull((0.0, 0.0), (0.2, 0.2))
    region = received(editor)
    expected = region_of(editor).float()
    expected[48:-48, 64:-64] = 1
    assert torch.equal(region, expected)
    editor.command("clear")
    ui.eventually(lambda: editor.status, lambda text: "only the painted region may change" in text)
    # not connected any more: everything may change
    ui.js("(id) => nodeOf(id).disconnectInput(nodeOf(id).findInputSlot('mask'))", editor.node)
    ui.eventually(lambda: editor.status, lambda text: "everything may change" in text)


def test_the_region_can_be_hidden_and_what_is_outside_is_dimmed(editor):
    plain = editor.pixels()
    editor.focus()
    editor.press("r")
    editor.pull((0.5, 0.0), (1.0, 1.0))
    editor.press("v")
    shown = editor.pixels()
    middle = plain.shape[1] // 2
    brightness = plain[..., :3].astype(int).sum(-1)
    dimmed = shown[..., :3].astype(int).sum(-1) < brightness
    picture = brightness > 60
    left, right = picture[:, : middle - 4], picture[:, middle + 4 :]
    assert dimmed[:, : middle - 4][left].mean() > 0.99 and not dimmed[:, middle + 4 :][right].any()
    editor.press("h")
    assert (editor.pixels() == plain).all()


def test_a_dark_picture_is_dimmed_less(editor):
    kept = {}
    for name, level in {"bright": 200, "dark": 30}.items():
        Image.new("RGB", editor.size, (level,) * 3).save(editor.ui.comfy.folder / "input" / f"{name}.png")
        editor.load(f"{name}.png")
        if not kept:
            editor.focus()
            editor.press("r")
            editor.pull((0.5, 0.0), (1.0, 1.0))
            editor.press("v")
        pixels = editor.pixels()
        height, width = pixels.shape[:2]
        kept[name] = np.median(pixels[height // 2, width // 4 : width // 2 - 8, :3]) / level
    assert kept["bright"] < 0.65 and 0.8 < kept["dark"] < 0.95
