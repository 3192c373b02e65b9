"""Results: of a run by hand, of runs on release, and of the example workflow."""

import json

import numpy as np
import pytest
import requests


def shown_result(editor):
    """Colour in the middle of the canvas with the last result on it."""
    editor.command("result")
    pixels = editor.pixels()
    height, width = pixels.shape[:2]
    return pixels[height // 2 - 3 : height // 2 + 3, width // 2 - 3 : width // 2 + 3, :3].mean(axis=(0, 1))


def test_the_last_result_is_shown(editor):
    ui = editor.ui
    assert editor.button("result") == (False, False)
    before = editor.pixels()
    editor.pull((0.1, 0.1), (0.2, 0.1))
    invert = ui.node("ImageInvert", [1000, 40])
    ui.connect(editor.node, 2, invert, "image")
    ui.connect(invert, 0, ui.node("PreviewImage", [1000, 200]), "images")
    # points drawn on the picture are not a result
    points = ui.node("DragKitDragPointsPreview", [1000, 500])
    ui.connect(editor.node, 2, points, "image")
    ui.connect(editor.node, 0, points, "drag_points")
    ui.run()
    ui.eventually(lambda: editor.button("result"), (True, False))
    height, width = before.shape[:2]
    middle = before[height // 2 - 3 : height // 2 + 3, width // 2 - 3 : width // 2 + 3, :3].mean(axis=(0, 1))
    assert shown_result(editor) == pytest.approx(255 - middle, abs=6)
    assert editor.status.startswith("last result, 256 × 192")
    # a pull shows the picture, and ComfyUI's undo keeps the result
    editor.pull((0.1, 0.5), (0.2, 0.5))
    ui.undo()
    editor.wait_until_shown("last result")
    assert len(editor.pairs) == 1 and editor.button("result") == (True, True)


@pytest.fixture
def queued(ui):
    """The prompts that the page sends, as they are sent."""
    sent = []

    def note(request):
        if request.url.endswith("/prompt") and request.method == "POST":
            sent.append(request.post_data_json["prompt"])

    ui.page.on("request", note)
    yield sent
    ui.page.remove_listener("request", note)


def finished(ui):
    queue = requests.get(f"{ui.comfy.url}/queue", timeout=60).json()
    return not queue["queue_running"] and not queue["queue_pending"]


def test_a_run_on_release_and_never_more_than_one_waiting(editor, queued):
    ui = editor.ui
    editor.pull((0.1, 0.1), (0.2, 0.1))
    assert queued == []
    gate = ui.node("TestGate", [1000, 40])
    ui.connect(editor.node, 2, gate, "image")
    ui.connect(gate, 0, ui.node("PreviewImage", [1000, 200]), "images")
    editor.command("release")
    opened = ui.comfy.folder / "output/gate"
    opened.unlink(missing_ok=True)
    for count, y in enumerate(np.linspace(0.2, 0.9, 8), 1):
        editor.pull((0.1, y), (0.3, y))
        ui.eventually(lambda count=count: len(queued), min(count, 2))
    opened.touch()
    # one was running, one waited for it, and the last one is of all that came meanwhile
    ui.eventually(lambda: len(queued) == 3 and finished(ui), True)
    assert text_of(queued[-1], editor) == editor.value
    ui.eventually(lambda: editor.button("result"), (True, True))
    # what is not an arrow is not run
    count = len(queued)
    editor.focus()
    editor.press("b")
    editor.pull((0.5, 0.5), (0.6, 0.6))
    editor.command("release")
    editor.press("v")
    editor.pull((0.6, 0.1), (0.8, 0.1))
    ui.page.wait_for_timeout(300)
    assert len(queued) == count


def text_of(prompt, editor):
    return next(node["inputs"]["points"] for key, node in prompt.items() if node["class_type"] == "DragKitDragPoints")


def test_the_example_runs_and_its_result_appears(ui, editor):
    path = ui.comfy.folder / "custom_nodes/dragkit/example_workflows/FastDrag (demo, no download).json"
    workflow = json.loads(path.read_text())
    ui.load(workflow)
    (node,) = (node for node in workflow["nodes"] if node["type"] == "DragKitDragPoints")
    example = type(editor)(ui, str(node["id"]), size=(256, 256))
    ui.zoom(1, [-150, 160])
    ui.wait("(id) => rootOf(id).isConnected && rootOf(id).querySelector('canvas').clientWidth > 0", example.node)
    assert example.value == node["widgets_values"][0] and "1 drag" in example.status
    entry = ui.run()
    (saved,) = ui.comfy.images({"outputs": {"16": entry["outputs"]["16"]}})
    example.wait_until_shown("chelsea.jpg, 256 × 256")
    ui.eventually(lambda: example.button("result"), (True, False))
    example.command("mask")
    middle = saved[126:131, 126:131].mean(dim=(0, 1)) * 255
    assert shown_result(example) == pytest.approx(middle.numpy(), abs=12)
    assert example.status.startswith("last result, 256 × 256")
