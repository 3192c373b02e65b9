"""Pictures that ComfyUI's own nodes make of a file, shown without a run; and pictures that changed since their run."""

import numpy as np
import pytest

# kind, widgets; the first that a version does not have are left out there
STEPS = [
    ("ImageScale", {"width": 96, "height": 64, "crop": "center", "upscale_method": "area"}),
    ("ImageScale", {"width": 0, "height": 99, "crop": "disabled", "upscale_method": "bilinear"}),
    ("ImageScaleBy", {"scale_by": 0.37, "upscale_method": "area"}),
    ("ImageScaleToTotalPixels", {"megapixels": 0.03, "upscale_method": "area"}),
    ("ImageScaleToMaxDimension", {"largest_size": 77, "upscale_method": "area"}),
    ("ImageCrop", {"x": 31, "y": 17, "width": 100, "height": 400}),
    ("ImagePadForOutpaint", {"left": 16, "top": 8, "right": 64, "bottom": 0}),
    (
        "ResizeAndPadImage",
        {"target_width": 131, "target_height": 131, "padding_color": "white", "interpolation": "area"},
    ),
    ("ImageRotate", {"rotation": "90 degrees"}),
    ("ImageRotate", {"rotation": "270 degrees"}),
    ("ImageFlip", {"flip_method": "x-axis: vertically"}),
    ("FluxKontextImageScale", {}),
    ("ResizeImageMaskNode", {"resize_type": "scale to multiple", "resize_type.multiple": 48, "scale_method": "area"}),
    ("ResizeImageMaskNode", {"resize_type": "scale longer dimension", "resize_type.longer_size": 99}),
]
MAKE = """([kind, at, widgets]) => {
  if (!LiteGraph.registered_node_types[kind]) return null;
  const node = LiteGraph.createNode(kind);
  node.pos = at;
  app.graph.add(node);
  // a widget may bring others
  const find = (name) => node.widgets.find((widget) => widget.name === name);
  for (const [name, value] of Object.entries(widgets)) find(name).value = value;
  return String(node.id);
}"""
LOAD = "() => String(app.graph._nodes.find(({ type }) => type === 'LoadImage').id)"
SET = """([id, name, value]) => { nodeOf(id).widgets.find((widget) => widget.name === name).value = value; }"""


def insert(editor, kind, widgets):
    """Id of a node between Load Image and the editor; None where this version has none of its kind."""
    ui = editor.ui
    node = ui.js(MAKE, [kind, [-400, 500], widgets])
    if node is not None:
        ui.js("([from, to]) => nodeOf(from).connect(0, nodeOf(to), 0)", [ui.js(LOAD), node])
        ui.connect(node, 0, editor.node, "image")
    return node


def test_what_comfyui_makes_of_a_file_is_shown_without_a_run(editor):
    ui = editor.ui
    tried = set()
    for kind, widgets in STEPS:
        if insert(editor, kind, widgets) is None:
            continue
        tried.add(kind)
        ui.eventually(lambda: editor.status, lambda text: text.startswith("scene.png as connected"))
        expected = editor.received()["picture"][0].numpy() * 255
        height, width = expected.shape[:2]
        ui.eventually(lambda: editor.status, lambda text, size=f"{width} × {height}": f"as connected, {size} ·" in text)
        ui.js("() => ticks(3)")
        editor.size = (width, height)
        shown = editor.previewed()
        # the browser resamples otherwise, in the same place
        assert abs(shown.mean() - expected.mean()) < 2, kind
        difference = abs(shown - expected)
        assert np.median(difference) < 8, (kind, np.median(difference))
        moved = abs(np.roll(shown, max(3, width // 30), axis=1) - expected)
        assert difference.mean() < 0.6 * moved.mean(), kind
        assert editor.hint is None
    assert len(tried) >= 9


def test_the_size_of_another_picture_is_followed(editor):
    ui = editor.ui
    other = ui.node("LoadImage", [-800, 500], image="other.png")
    measure = ui.node("GetImageSize", [-600, 700])
    ui.connect(other, 0, measure, "image")
    scale = insert(editor, "ImageScale", {"width": 10, "height": 20, "crop": "disabled"})
    ui.connect(measure, 0, scale, "width")
    ui.eventually(lambda: editor.status, lambda text: text.startswith("scene.png as connected, 300 × 20"))
    assert editor.received()["picture"].shape == (1, 20, 300, 3)
    assert editor.status.startswith("scene.png as connected, 300 × 20")
    ui.js(SET, [scale, "height", 30])
    ui.eventually(lambda: editor.status, lambda text: text.startswith("scene.png as connected, 300 × 30"))


def test_a_picture_that_changed_is_dimmed_and_run_again_on_demand(editor):
    ui = editor.ui
    assert np.median(editor.pixels()[..., 3]) == 255
    invert = insert(editor, "ImageInvert", {})
    message = "What is connected has changed: this is an older picture."
    ui.eventually(lambda: editor.hint, message)
    # the old picture stays, dimmed
    assert editor.status.startswith("scene.png")
    assert 50 < np.median(editor.pixels()[..., 3]) < 120
    runs = []
    ui.page.on("request", lambda r: r.url.endswith("/prompt") and r.method == "POST" and runs.append(r.post_data_json))
    editor.command("run")
    editor.wait_until_shown("connected IMAGE")
    ui.eventually(lambda: editor.hint, None)
    # only what this node needs
    assert [run["partial_execution_targets"] for run in runs] == [[editor.node]]
    # something before the node changes: seen without a run
    load = ui.js(LOAD)
    ui.js(SET, [load, "image", "other.png"])
    ui.eventually(lambda: editor.hint, message)
    assert editor.status.startswith("connected IMAGE, 256 × 192")
    ui.js(SET, [load, "image", "scene.png"])
    ui.eventually(lambda: editor.hint, None)
    ui.js(SET, [load, "image", "other.png"])
    ui.run()
    ui.eventually(lambda: editor.hint, None)
    editor.wait_until_shown("connected IMAGE, 300 × 300")
    # and without the node, the file itself
    ui.js("(id) => { nodeOf(id).mode = 4; }", invert)
    editor.wait_until_shown("other.png, 300 × 300")
    assert editor.hint is None


@pytest.mark.parametrize(("mode", "text"), [(4, "bypassed"), (2, "muted")])
def test_a_node_that_gives_no_points_says_so(editor, mode, text):
    editor.ui.js("([id, mode]) => { nodeOf(id).mode = mode; }", [editor.node, mode])
    editor.ui.eventually(lambda: editor.hint, f"This node is {text}: no node behind it gets points.")
    editor.ui.js("(id) => { nodeOf(id).mode = 0; }", editor.node)
    editor.ui.eventually(lambda: editor.hint, None)


def test_a_node_with_nothing_behind_it_says_that_it_runs_all_the_same(editor):
    ui = editor.ui
    words = "nothing is connected behind this node, but it runs with every queue"
    assert words not in editor.status
    ui.js("(id) => nodeOf(id).outputs.forEach((_, i) => nodeOf(id).disconnectOutput(i))", editor.node)
    ui.eventually(lambda: editor.status, lambda text: words in text)
    ui.connect(editor.node, 2, ui.node("PreviewImage", [1000, 200]), "images")
    ui.eventually(lambda: editor.status, lambda text: words not in text)
