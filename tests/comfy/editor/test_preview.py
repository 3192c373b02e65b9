"""The preview shows what the node that gets the points makes of them."""

import json

import numpy as np
import pytest
from dragkit.kernels.motion.displacements import DISPLACEMENTS

from .composed import WATCH

# of the picture: the content of the first part is pulled over the second
PARTS = (((0.1, 0.15), (0.5, 0.85)), ((0.56, 0.2), (0.95, 0.9)))
# for one of the tests
BOX = ((0.2, 0.15), (0.8, 0.85))
PULLS = [((0.3, 0.4), (0.44, 0.34)), ((0.38, 0.7), (0.46, 0.76)), ((0.75, 0.55), (0.7, 0.6))]
FRONTS = ("longest", "shortest", "first", "last")
# displacement, border, front
PAINTED = [
    *((one, border, "longest") for one in DISPLACEMENTS for border in ("held", "free")),
    *(("rigid", "free", front) for front in FRONTS[1:]),
]
FOUND = [("similarity", "held", "longest"), ("rigid", "free", "longest")]
# a quadrilateral and a hexagon that lies over it in part
PAIRS = [
    {
        "handle": [[0.1, 0.2], [0.4, 0.15], [0.45, 0.6], [0.15, 0.7]],
        "target": [[0.4, 0.3], [0.8, 0.2], [0.85, 0.7], [0.35, 0.6]],
    },
    {
        "handle": [[0.6, 0.5], [0.7, 0.45], [0.8, 0.5], [0.8, 0.7], [0.7, 0.75], [0.6, 0.7]],
        "target": [[0.5, 0.3], [0.6, 0.2], [0.7, 0.3], [0.75, 0.5], [0.6, 0.6], [0.5, 0.5]],
    },
]
HATCHING = (40, 235)


def add_warp(editor, at, sources, **widgets):
    """Id of a Drag Warp with inputs from [(node, output, name)] that masks what opened up, and nothing else."""
    ui = editor.ui
    node = ui.node("DragKitDragWarp", at, seam=0, grow=0, feather=0, **widgets)
    for source in ((editor.node, 2, "image"), *sources):
        ui.connect(source[0], source[1], node, source[2])
    return node


@pytest.fixture
def warp(editor):
    """Id of the first Drag Warp that gets what the editor gives."""
    return add_warp(editor, [700, 520], [(editor.node, 0, "drag_points"), (editor.node, 1, "mask")])


def choose(editor, node, **widgets):
    editor.ui.js(
        """([id, widgets]) => {
          for (const widget of nodeOf(id).widgets) if (widget.name in widgets) widget.value = widgets[widget.name];
        }""",
        [node, widgets],
    )


def compare(editor, first, kinds, sources, says):
    """What the editor shows for each of the kinds (displacement, border, front) beside what a Drag Warp makes of it."""
    made = []
    for number, (displacement, border, front) in enumerate(kinds):
        node = add_warp(
            editor, [1100 + 300 * number, 520], sources, displacement=displacement, border=border, front=front
        )
        for output, name in enumerate(("warped", "opened", "moved")):
            dump = editor.ui.node("TestDump", [1100 + 300 * number, 900 + 120 * output], name=f"{number} {name}")
            editor.ui.connect(node, output, dump, "any")
            made.append(dump)
        made.append(node)
    original = original_of(editor)
    found = editor.received()
    # a page with that many nodes is slow
    editor.ui.js("(ids) => { for (const id of ids) app.graph.remove(nodeOf(id)); }", made)
    pictures = []
    for number, kind in enumerate(kinds):
        displacement, border, front = kind
        choose(editor, first, displacement=displacement, border=border, front=front)
        words = f"{says(displacement, border)}{'' if front == 'longest' else f', {front} in front'} ·"
        editor.ui.eventually(lambda: editor.status, lambda text, words=words: words in text)
        shown = editor.previewed()
        moved, opened = (found[f"{number} {name}"][0].numpy() > 0.5 for name in ("moved", "opened"))
        expected = found[f"{number} warped"][0].numpy() * 255
        assert moved.sum() > 1000
        difference = abs(shown - expected).max(axis=2)[moved & ~opened]
        assert np.median(abs(original - expected).max(axis=2)[moved]) > 10
        assert np.median(difference) < 1, (kind, np.median(difference))
        assert (difference < 4).mean() > 0.95, (kind, (difference < 4).mean())
        hatched = np.isin(shown, HATCHING).all(axis=2)
        assert (hatched != opened).mean() < 0.01, (kind, hatched.sum(), opened.sum())
        pictures.append(shown)
    return pictures


def original_of(editor):
    """The picture, while the editor shows nothing else."""
    editor.command("original")
    try:
        return editor.previewed()
    finally:
        editor.command("preview")


def of_drags(displacement, border):
    return f"preview: {displacement}" if displacement == "stretch" else f"preview: {displacement}, {border}"


@pytest.mark.parametrize("painted", [True, False])
def test_the_preview_is_drag_warps_picture(editor, warp, painted):
    editor.focus()
    if painted:
        editor.press("r")
        for part in PARTS:
            editor.pull(*part)
    # the dimmed outside would hide what is compared
    editor.press("h", "v")
    for pull in PULLS:
        editor.pull(*pull)
    sources = [(editor.node, 0, "drag_points"), (editor.node, 1, "mask")]
    pictures = compare(editor, warp, PAINTED if painted else FOUND, sources, of_drags)
    if painted:
        fronts = [picture for picture, (*kind, _) in zip(pictures, PAINTED, strict=True) if kind == ["rigid", "free"]]
        assert (fronts[0] != fronts[1]).mean() > 0.02 and (fronts[2] != fronts[3]).mean() > 0.02


def test_the_preview_of_region_pairs_is_drag_warps_picture(editor):
    ui = editor.ui
    pairs = ui.node("DragKitRegionDrag", [700, 300])
    ui.connect(editor.node, 2, pairs, "image")
    ui.connect(editor.node, 3, pairs, "regions")
    sources = [(pairs, 0, "flow"), (pairs, 1, "mask"), (pairs, 3, "drag_points")]
    first = add_warp(editor, [700, 520], sources)
    document = {"format": "dragkit.points", "version": 1, "image": list(editor.size), "points": [], "regions": PAIRS}
    ui.js("([id, text]) => { widgetOf(id).value = text; }", [editor.node, json.dumps(document)])
    editor.focus()
    editor.press("v")
    compare(editor, first, [("rigid", "held", front) for front in FRONTS], sources, lambda *_: "preview: region pairs")


# the layer that fills only a part of the view, and which part of the picture that is
SHARP = """([width, height]) => {
  const [x, y, across, down] = places[0];
  const i = places.findLastIndex((place) => Math.abs(place[2] - across) > 1);
  if (i < 0 || places.length < 2) return null;
  const layer = drawn[i];
  const data = layer.getContext("2d").getImageData(0, 0, layer.width, layer.height).data;
  const place = [(places[i][0] - x) / across * width, (places[i][1] - y) / down * height];
  return [place.map(Math.round), [layer.width, layer.height], [places[i][2] / across * width, layer.width], [...data]];
}"""


@pytest.mark.parametrize(("displacement", "border"), [("similarity", "held"), ("rigid", "free")])
def test_at_rest_the_preview_has_the_pictures_own_pixels(editor, warp, displacement, border):
    ui = editor.ui
    for output, name in ((0, "warped"), (2, "moved")):
        ui.connect(warp, output, ui.node("TestDump", [1100, 520 + 160 * output], name=name), "any")
    editor.load("large.png")
    editor.size = (1024, 768)
    choose(editor, warp, displacement=displacement, border=border)
    editor.focus()
    editor.press("r")
    editor.pull(*BOX)
    editor.press("h", "v")
    editor.pull((0.4, 0.4), (0.46, 0.37))
    found = editor.received()
    expected, moved = found["warped"][0].numpy() * 255, found["moved"][0].numpy() > 0.5
    editor.press("f")
    dialog = ui.page.locator("dialog.dragkit-large").element_handle()
    ui.js("() => ticks()")
    ui.page.mouse.move(*editor.at((0.5, 0.5), dialog))
    ui.page.mouse.wheel(0, -700)
    ui.page.wait_for_timeout(600)
    ui.js(WATCH)
    try:
        ui.page.mouse.move(*editor.at((0.52, 0.5), dialog))
        ui.wait("() => drawn.length > 1")
        (left, top), (width, height), across, data = ui.js(SHARP, [1024, 768])
    finally:
        ui.js("() => unwatch()")
        editor.press("Escape")
    # one pixel of the layer is one of the picture
    assert across[0] == pytest.approx(across[1], abs=0.01) and 300 < width < 1024
    layer = np.array(data).reshape(height, width, 4)
    part = np.s_[top : top + height, left : left + width]
    drawn = (layer[..., 3] == 255) & moved[part]
    assert drawn.sum() > 0.3 * moved[part].sum()
    shown, right = layer[..., :3], expected[part]

    def grain(picture):
        return abs(np.diff(picture, axis=1)).mean(axis=2)[drawn[:, 1:] & drawn[:, :-1]].mean()

    def averages(picture):
        down, across = height // 8, width // 8
        return picture[: 8 * down, : 8 * across].reshape(down, 8, across, 8, -1).mean(axis=(1, 3))

    # the grain from pixel to pixel, which a smaller picture does not have, and what lies where
    smooth = averages(right).repeat(8, 0).repeat(8, 1)
    assert (
        grain(shown)
        > 0.8 * grain(right)
        > 1.6 * grain(np.pad(smooth, ((0, height % 8), (0, width % 8), (0, 0)), "edge"))
    )
    inside = averages(drawn[..., None])[..., 0] == 1
    assert inside.sum() > 500
    assert np.percentile(abs(averages(shown) - averages(right))[inside], 90) < 5


def test_what_stands_downstream_is_followed(editor, warp):
    ui = editor.ui
    editor.pull(*PULLS[0])

    def says(words):
        ui.eventually(lambda: editor.status, lambda text: words in text)

    says("preview: similarity, held")
    # without a region Drag Warp finds what is around the points
    says("no region: what is around the points moves")
    choose(editor, warp, displacement="affine", border="free")
    says("preview: affine, free")
    ui.js("(id) => { nodeOf(id).mode = 4; }", warp)
    says("preview: similarity, held")
    latent = ui.node("DragKitLatentWarpage", [700, 900], displacement="nearest-4", border="held")
    reroute = ui.node("Reroute", [500, 900])
    ui.connect(editor.node, 0, reroute, None)
    ui.connect(reroute, 0, latent, "drag_points")
    says("preview: nearest-4, held, latent cells")
    says("no mask: everything may change")
    choose(editor, latent, displacement="arap")
    says("preview: arap, held, latent cells")
    choose(editor, latent, mode="fastdrag")
    says("preview: arap, held, whole latent cells")
    ui.js("(id) => nodeOf(id).disconnectInput(nodeOf(id).findInputSlot('drag_points'))", latent)
    says("preview: similarity, held")


def test_the_line_says_what_the_painted_region_is_to_the_node_that_gets_it(editor, warp):
    ui = editor.ui
    plain = editor.pixels()[..., :3].astype(int)
    editor.focus()
    editor.press("r")
    editor.pull(*BOX)
    editor.press("v")
    # what is drawn of the picture, left of what will be painted
    rows, columns = (np.flatnonzero((plain.max(axis=2) > 8).mean(axis=axis) > 0.5) for axis in (1, 0))
    left = np.s_[rows[0] + 10 : rows[-1] - 10, columns[0] + 4 : columns[0] + 24]
    assert plain[left].mean() > 40

    def says(words):
        ui.eventually(lambda: editor.status, lambda text: words in text)
        return editor.pixels()[..., :3].astype(int)[left].mean() / plain[left].mean()

    assert says("only the painted region may change") < 0.9
    choose(editor, warp, border="free")
    # what moves may go anywhere
    assert says("the painted region is what moves") == pytest.approx(1, abs=0.01)
    choose(editor, warp, border="held", displacement="stretch")
    says("the painted region is what moves")
    ui.js("(id) => nodeOf(id).disconnectOutput(1)", editor.node)
    says("the painted region is not connected")


def test_a_drag_that_starts_outside_is_named_and_moves_nothing(editor, warp):
    editor.focus()
    editor.press("r")
    editor.pull((0.05, 0.05), (0.4, 0.9))
    editor.press("h", "v")
    original = editor.previewed()
    editor.pull((0.7, 0.5), (0.8, 0.5))
    editor.ui.eventually(
        lambda: editor.status, lambda text: "drag 1 starts outside the region and moves nothing" in text
    )
    assert (editor.previewed() == original).all()
