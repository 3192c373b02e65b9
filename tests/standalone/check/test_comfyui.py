"""The nodes' part of `dragkit check`, with a ComfyUI that is one in its answers alone."""

import os
import sys

import pytest
import torch
from dragkit.standalone.check import comfy_server, comfyui
from dragkit.standalone.check.setting import Setting
from dragkit.standalone.cli import main

CPU = Setting(torch.device("cpu"))
# saves a picture of noise for each workflow, another one for a cache in `differs`
FAKE = """
import json, os, random, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from PIL import Image

port, folder = (sys.argv[sys.argv.index(name) + 1] for name in ("--port", "--base-directory"))
assert Path(folder, "custom_nodes/dragkit/nodes/__init__.py").is_file() and "--cpu" in sys.argv
done = {}

class Answer(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, data, status=200):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(data).encode())

    def do_GET(self):
        self.answer(done if self.path.startswith("/history") else {"system": 1})

    def do_POST(self):
        nodes = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        policy = nodes.get("inverted", {"inputs": {"cache_device": ""}})["inputs"]["cache_device"]
        if policy and policy == os.environ.get("REFUSES"):
            return self.answer({"error": "invalid prompt"}, 400)
        if policy and policy == os.environ.get("LEAVES_OUT"):
            about = {"class_type": "DragKitBNNI", "errors": [{"message": "not in list", "details": "mode: 'sideways'"}]}
            return self.answer({"prompt_id": "0", "node_errors": {"filled": about}})
        random.seed(policy == os.environ.get("DIFFERS"))
        name = f"{len(done)}.png"
        Image.frombytes("RGB", (8, 8), random.randbytes(192)).save(Path(folder, "output", name))
        status = {"status_str": "success"}
        if policy and policy == os.environ.get("FAILS"):
            about = {"node_type": "DragKitBNNI", "exception_message": "the device is broken"}
            status = {"status_str": "error", "messages": [["execution_error", about]]}
        images = [{"filename": name, "subfolder": "", "type": "output"}]
        done[str(len(done))] = {"status": status, "outputs": {"saved": {"images": images}}}
        self.answer({"prompt_id": str(len(done) - 1)})

HTTPServer(("127.0.0.1", int(port)), Answer).serve_forever()
"""


@pytest.fixture
def fake(tmp_path):
    """Folder and Python of a ComfyUI."""
    (tmp_path / "comfy").mkdir()
    (tmp_path / "comfy/cli_args.py").write_text("")
    (tmp_path / "main.py").write_text(FAKE)
    return comfyui.interpreter(tmp_path, sys.executable)


def rows(fake):
    found = dict(comfyui.checks(CPU, *fake))
    assert [run()["outcome"] for name, run in found.items() if name != "--cpu"] == ["not tried"] * 4
    return found["--cpu"]()


def test_pictures_that_are_alike_pass(fake):
    found = rows(fake)
    assert len(found) == 3 and {row["outcome"] for row in found.values()} == {"pass"}


def test_a_policy_whose_picture_differs_fails(fake, monkeypatch):
    monkeypatch.setenv("DIFFERS", "cpu")
    found = rows(fake)
    assert [row["outcome"] for row in found.values()] == ["fail", "pass", "pass"]
    assert found["FastDrag, cache in cpu"]["value"] > 0


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("FAILS", "DragKitBNNI: the device is broken"),
        ("REFUSES", "invalid"),
        ("LEAVES_OUT", "DragKitBNNI: not in list: mode: 'sideways'"),
    ],
)
def test_a_workflow_that_fails_says_what_comfyui_says(fake, monkeypatch, how, message):
    monkeypatch.setenv(how, "auto")
    with pytest.raises(comfy_server.ComfyUIError, match=message):
        rows(fake)


def test_a_comfyui_that_does_not_start_says_its_last_line(fake):
    (fake[0] / "main.py").write_text("print('loading')\nraise SystemExit('no module named torch')")
    with pytest.raises(comfy_server.ComfyUIError, match="did not start: no module named torch"):
        rows(fake)


def test_a_folder_that_is_no_comfyui_is_said(tmp_path, fake):
    empty = tmp_path / "empty"
    empty.mkdir()
    for words, message in (
        (["--comfyui", str(empty)], "no folder of ComfyUI: it has no main.py"),
        (["--comfyui", str(fake[0])], "no Python was found beside"),
        (["--comfyui-python", sys.executable], "name its folder with --comfyui"),
        (["--comfyui", os.path.join(str(empty), "none")], "there is no folder"),
    ):
        with pytest.raises(SystemExit, match=message):
            main(["check", "--device", "cpu", *words])


def test_a_pack_without_nodes_says_so(monkeypatch, tmp_path, fake):
    monkeypatch.setattr(comfyui, "PACK", tmp_path)
    ((_, run),) = comfyui.checks(CPU, *fake)
    assert run()["outcome"] == "not tried" and "without its nodes" in run()["reason"]
