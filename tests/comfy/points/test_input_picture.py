"""Drag Points with a picture that the text names, and what it sends to the editor."""

import json
import os

import numpy as np
import pytest
import requests
import torch
from PIL import Image


def text(picture, points=(), **more):
    return json.dumps({"format": "dragkit.points", "version": 1, "picture": picture, "points": points} | more)


def drag_points(graph, text, **links):
    return graph.node("DragKitDragPoints", points=text, **links)


@pytest.fixture
def put(comfy):
    """Writes a random picture to a path inside the input folder, and returns that path."""

    def write(name, width=60, height=40, mode="RGB", seed=0, **options):
        values = np.random.default_rng(seed).integers(0, 256, (height, width, len(mode)), dtype=np.uint8)
        path = comfy.folder / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values, mode).save(path, **options)
        return path

    return write


def cached(entry):
    (nodes,) = [data["nodes"] for event, data in entry["status"]["messages"] if event == "execution_cached"]
    return nodes


def view(comfy, entry, node, key):
    """Pixels and entry of the one file that node sent to the editor as key."""
    (file,) = entry["outputs"][node.id][key]
    assert file["type"] == "temp"
    return np.array(Image.open(comfy.folder / "temp" / file["subfolder"] / file["filename"])), file


def temporary_files(comfy):
    return set((comfy.folder / "temp").rglob("*.png"))


def test_the_picture_is_the_one_that_load_image_gives(comfy, put):
    turned = Image.Exif()
    turned[0x0112] = 6
    put("plain.png")
    put("dragkit/turned here.jpg", exif=turned, quality=95)
    put("see-through.PNG", mode="RGBA")
    for name in ("plain.png", "dragkit/turned here.jpg", "see-through.PNG"):
        graph = comfy.graph()
        points = drag_points(graph, text(name, [{"handle": [0.5, 0.25], "target": [0.75, 0.5]}]))
        graph.dump(points.out(2), "picture")
        graph.dump(points, "points")
        graph.dump(points.out(1), "region")
        graph.dump(graph.node("LoadImage", image=name), "loaded")
        found = comfy.tensors(comfy.run(graph))
        height, width = (60, 40) if "turned" in name else (40, 60)
        assert found["picture"].shape == (1, height, width, 3) and found["picture"].std() > 0.1
        assert torch.equal(found["picture"], found["loaded"])
        assert torch.equal(found["region"], torch.ones(1, height, width))
        assert found["points.targets"].tolist() == [[0.75, 0.5]]


def test_a_connected_image_goes_before_the_picture(comfy):
    graph = comfy.graph()
    image = graph.node("TestImage", width=120, height=80, batch=1, seed=0)
    graph.dump(drag_points(graph, text("missing.png"), image=image).out(2), "picture")
    graph.dump(image, "image")
    found = comfy.tensors(comfy.run(graph))
    assert torch.equal(found["picture"], found["image"])


def test_a_changed_file_runs_again_and_the_same_one_does_not(comfy, put):
    def run(**links):
        graph = comfy.graph()
        points = drag_points(graph, text("changing.png"), **links)
        graph.dump(points.out(2), "picture")
        entry = comfy.run(graph)
        return entry, points, comfy.tensors(entry)["picture"]

    put("changing.png", seed=1)
    since = len(comfy.log())
    first, _, before = run()
    again, points, same = run()
    assert points.id in cached(again) and torch.equal(before, same)
    # the editor is told again
    assert again["outputs"][points.id] == first["outputs"][points.id]
    put("changing.png", seed=2)
    third, points, after = run()
    assert points.id not in cached(third) and not torch.equal(before, after)
    assert comfy.complaints(since) == [] and "WARNING" not in comfy.log(since)


def test_a_connected_image_or_text_needs_no_file_to_know_whether_to_run(comfy, put):
    path = put("unused.png")
    graph = comfy.graph()
    image = graph.node("TestImage", width=64, height=48, batch=1, seed=0)
    wired = drag_points(graph, text("unused.png"), image=image)
    linked = drag_points(graph, graph.node("PrimitiveString", value="0.1,0.2 -> 0.3,0.4"))
    for i, points in enumerate((wired, linked)):
        graph.dump(points, f"points{i}")
    since = len(comfy.log())
    comfy.run(graph)
    path.unlink()
    assert {wired.id, linked.id} <= set(cached(comfy.run(graph)))
    assert "WARNING" not in comfy.log(since)


@pytest.mark.parametrize(
    "picture",
    [
        "../outside.png",
        "a/../../outside.png",
        "/etc/passwd",
        "C:/pictures/a.png",
        "c:a.png",
        "..\\outside.png",
        "a\\b.png",
        "a\0.png",
        "a\n.png",
        "\ud800.png",
        "a" * 301,
        "",
        5,
        True,
        ["a.png"],
        {"a": "b"},
    ],
    ids=repr,
)
def test_the_queue_refuses_points_with_a_picture_outside_the_input_folder(comfy, picture):
    graph = comfy.graph()
    graph.dump(drag_points(graph, text(picture)), "never")
    message = comfy.submit_error(graph)
    assert '"picture" must be a file in ComfyUI\'s input folder' in message


@pytest.mark.parametrize(
    "value",
    [
        text("a.png" * 250_000),
        text({"a": [[[[[]]]]]}),
        '{"picture": ' + "[" * 200_000,
        '{"format": "dragkit.points", "version": 1, "points": [], "picture": NaN}',
        "<script>alert(1)</script>",
        5,
        -0.5,
        True,
        {"format": "dragkit.points"},
        {"__value__": [1, [2]]},
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_queue_refuses_points_of_any_kind_that_cannot_be_read(comfy, value):
    graph = comfy.graph()
    graph.dump(drag_points(graph, value), "never")
    message = comfy.submit_error(graph)
    assert "Drag Points: " in message and len(message) < 1000


def test_pictures_that_only_the_run_can_refuse(comfy, put, tmp_path):
    folder = comfy.folder / "input"
    put("inside.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "outside.png")
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "dangling.png").symlink_to(tmp_path / "nothing.png")
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "folder.png").mkdir()
    (folder / "text.txt").write_text("0.1,0.2")
    (folder / "text.png").write_text("no picture")
    (folder / "empty.png").write_bytes(b"")
    (folder / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
    (folder / "half.jpg").write_bytes(put("whole.jpg").read_bytes()[:200])
    os.mkfifo(folder / "pipe.png")
    outside, missing = "leads out of ComfyUI's input folder", "there is no picture"
    undecodable, no_image = "cannot be decoded", "is no image file"
    cases = {
        "link.png": outside,
        "dangling.png": outside,
        "linked/outside.png": outside,
        "loop.png": missing,
        "folder.png": missing,
        "pipe.png": missing,
        "missing.png": missing,
        "x" * 300: missing,
        "<script>alert(1)</script>.png": missing,
        "missing.png [output]": missing,
        "text.txt": no_image,
        "text.png": undecodable,
        "empty.png": undecodable,
        "drawing.svg": undecodable,
        "half.jpg": undecodable,
    }
    for name, part in cases.items():
        graph = comfy.graph()
        graph.dump(drag_points(graph, text(name)), "never")
        message = comfy.run_error(graph)
        assert message.startswith("Drag Points: ") and part in message and name in message and "\n" not in message
    for name in ("link.png", "dangling.png", "loop.png"):
        (folder / name).unlink()
    (folder / "linked").unlink()
    (folder / "pipe.png").unlink()


def test_a_link_inside_the_input_folder_is_a_picture(comfy, put):
    put("deep/original.png")
    (comfy.folder / "input/shortcut.png").symlink_to(comfy.folder / "input/deep/original.png")
    graph = comfy.graph()
    graph.dump(drag_points(graph, text("shortcut.png")).out(2), "picture")
    assert comfy.tensors(comfy.run(graph))["picture"].shape == (1, 40, 60, 3)


def test_the_editor_sees_the_first_picture_and_the_mask_of_points(comfy):
    graph = comfy.graph()
    image = graph.node("TestImage", width=1500, height=600, batch=2, seed=0)
    small = graph.node("TestImage", width=75, height=30, batch=1, seed=1)
    empty = graph.node("SolidMask", value=0.0, width=1500, height=600)
    both = drag_points(graph, "", image=image, mask=small.out(1))
    without = drag_points(graph, "", image=image, mask=empty)
    for i, points in enumerate((both, without)):
        graph.dump(points, f"points{i}")
    graph.dump(image, "image")
    entry = comfy.run(graph)
    pixels, file = view(comfy, entry, both, "dragkit_picture")
    assert (file["width"], file["height"]) == (1500, 600) and pixels.shape == (410, 1024, 3)
    whole = comfy.tensors(entry)["image"][:1].movedim(-1, 1)
    expected = torch.nn.functional.interpolate(whole, (410, 1024), mode="area")[0].movedim(0, -1)
    assert np.abs(pixels / 255 - expected.numpy()).max() < 0.01
    pixels, file = view(comfy, entry, both, "dragkit_mask")
    assert (file["width"], file["height"]) == (1500, 600) and pixels.shape == (30, 75, 3)
    expected = np.zeros((30, 75))
    expected[7:-7, 18:-18] = 255
    assert (pixels == expected[..., None]).all()
    assert list(entry["outputs"][without.id]) == ["dragkit_picture"]


def test_points_without_a_picture_write_no_files(comfy):
    graph = comfy.graph()
    mask = graph.node("SolidMask", value=1.0, width=512, height=512)
    points = drag_points(graph, "", mask=mask)
    before = temporary_files(comfy)
    entry = comfy.run(graph)
    assert points.id not in entry["outputs"] and temporary_files(comfy) == before


def test_the_graph_can_run_up_to_the_points_alone(comfy):
    graph = comfy.graph()
    image = graph.node("TestImage", width=64, height=48, batch=1, seed=5)
    points = drag_points(graph, image=image, text="")
    graph.dump(points, "never")
    request = {"prompt": graph.nodes, "partial_execution_targets": [points.id]}
    answer = requests.post(f"{comfy.url}/prompt", json=request, timeout=60).json()
    assert list(comfy.wait(answer["prompt_id"])["outputs"]) == [points.id]


def test_the_points_stay_a_text_for_the_api(comfy):
    kind, options = comfy.object_info()["DragKitDragPoints"]["input"]["required"]["points"]
    # a widget type of its own in here would leave browsers without the editor's script no widget at all
    assert kind == "STRING" and "widgetType" not in options and options["multiline"] and options["default"] == ""
