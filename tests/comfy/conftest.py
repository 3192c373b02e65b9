"""A real ComfyUI server with the pack installed in it, and a client for it: the fixture `comfy`.

COMFYUI_PATH is the ComfyUI folder (~/comfy/ComfyUI), COMFYUI_PYTHON its Python (<folder>/.venv/bin/python).
COMFYUI_ARGS are the arguments that say what it computes on: --cpu without it; "" is the card as ComfyUI chooses,
"--lowvram", "--novram", "--fp16-unet" and "--bf16-unet" are other ways. The tiny models have the precision named there.
"""

import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import requests
import torch
from dragkit.standalone.check.comfy_server import LOG, PROBES, ComfyUIError, started
from PIL import Image
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]
# what it computes on, and in which precision
ARGS = shlex.split(os.environ.get("COMFYUI_ARGS", "--cpu"))
# a card's float32 is that of the CPU, and the same from run to run, where speed is not asked for
CARD_ARGS = ["--deterministic"]
HALF = {"--fp16-unet", "--bf16-unet"} & set(ARGS)
CARD_ENVIRONMENT = {"NVIDIA_TF32_OVERRIDE": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}


def pytest_configure(config):
    config.addinivalue_line("markers", "float32: asks for more digits than half precision has")


def pytest_collection_modifyitems(items):
    for item in items:
        if HALF and item.get_closest_marker("float32"):
            item.add_marker(pytest.mark.skip(reason=f"asks for more digits than ComfyUI has with {' '.join(HALF)}"))


class ComfyError(AssertionError):
    """A workflow that the server refused or that failed while it ran; the message is ComfyUI's."""


class Node:
    """A node of a workflow. As an input of another node it stands for its first output, `out(i)` for the i-th."""

    def __init__(self, id):
        self.id = id

    def out(self, index=0):
        return [self.id, index]


class Graph:
    """A workflow in the format that POST /prompt takes, which is what `nodes` holds."""

    def __init__(self):
        self.nodes = {}

    def node(self, class_type, **inputs):
        node = Node(str(len(self.nodes) + 1))
        inputs = {key: value.out() if isinstance(value, Node) else value for key, value in inputs.items()}
        self.nodes[node.id] = {"class_type": class_type, "inputs": inputs}
        return node

    def dump(self, value, name, after=None):
        """Sends `value` to Comfy.tensors under `name`; `after` is a link that has to be made first."""
        return self.node("TestDump", any=value, name=name, **({} if after is None else {"after": after}))


class Comfy:
    """Client of a running server. `folder` holds its input, output, temp, models and custom_nodes."""

    def __init__(self, url, folder, log_path):
        self.url, self.folder, self.log_path = url, folder, log_path
        self.started = None  # length of the log when the server had started

    def graph(self):
        return Graph()

    def object_info(self):
        return requests.get(f"{self.url}/object_info", timeout=60).json()

    def submit(self, prompt):
        """Id of the queued workflow. ComfyError if the server refuses any part of it."""
        nodes = prompt.nodes if isinstance(prompt, Graph) else prompt
        answer = requests.post(f"{self.url}/prompt", json={"prompt": nodes}, timeout=60).json()
        errors = [error for node in answer["node_errors"].values() for error in node["errors"]]
        errors = errors or ([answer["error"]] if "error" in answer else [])
        if errors:
            raise ComfyError("\n".join(f"{error['type']}: {error['message']}: {error['details']}" for error in errors))
        return answer["prompt_id"]

    def wait(self, prompt_id, timeout=60):
        """History entry of a workflow, whether it succeeded or not."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            history = requests.get(f"{self.url}/history/{prompt_id}", timeout=60).json()
            if prompt_id in history:
                return history[prompt_id]
            time.sleep(0.02)
        self.interrupt()
        raise ComfyError(f"the workflow did not finish within {timeout} s")

    def run(self, prompt, timeout=60):
        """History entry of a workflow that succeeded. ComfyError with the server's message and traceback otherwise."""
        entry = self.wait(self.submit(prompt), timeout)
        if entry["status"]["status_str"] != "success":
            event, data = entry["status"]["messages"][-1]
            trace = "".join(data.get("traceback", ()))
            raise ComfyError(f"{event} in {data['node_type']}: {data.get('exception_message', '')}\n{trace}")
        return entry

    def submit_error(self, prompt):
        """What the server says when it refuses this workflow: a line `type: message: details` for each error."""
        with pytest.raises(ComfyError) as caught:
            self.submit(prompt)
        return str(caught.value)

    def run_error(self, prompt, timeout=60):
        """Message of the exception that ends this workflow."""
        entry = self.wait(self.submit(prompt), timeout)
        errors = [data for event, data in entry["status"]["messages"] if event == "execution_error"]
        assert errors, f"the workflow did not fail: {entry['status']}"
        return errors[0]["exception_message"].strip()

    def run_interrupted(self, prompt, timeout=60):
        """Type of the node in which this workflow is interrupted."""
        entry = self.wait(self.submit(prompt), timeout)
        stops = [data for event, data in entry["status"]["messages"] if event == "execution_interrupted"]
        assert stops, f"the workflow was not interrupted: {entry['status']}"
        return stops[0]["node_type"]

    def interrupt(self):
        requests.post(f"{self.url}/interrupt", json={}, timeout=60).raise_for_status()

    def free(self):
        """Forgets all cached results and unloads all models, before the next workflow starts."""
        flags = {"unload_models": True, "free_memory": True}
        requests.post(f"{self.url}/free", json=flags, timeout=60).raise_for_status()

    def images(self, entry, node=None):
        """Pictures shown or saved by a workflow, or by one node of it: list of [H, W, channels], 0..1."""
        outputs = entry["outputs"] if node is None else {node.id: entry["outputs"][node.id]}
        files = [image for output in outputs.values() for image in output.get("images", ())]
        paths = [self.folder / file["type"] / file["subfolder"] / file["filename"] for file in files]
        return [torch.from_numpy(np.array(Image.open(path))).float() / 255 for path in paths]

    def tensors(self, entry):
        """What TestDump nodes received: {name: tensor}; what is inside a value is at `name.key` or `name.index`, only
        a LATENT's samples are at `name`. Numbers are tensors too, strings stay strings."""
        found = {}
        for output in entry["outputs"].values():
            for dump in output.get("dump", ()):
                found |= load_file(self.folder / "output" / "dumps" / dump["file"]) | dump["plain"]
        return found

    def log(self, since=0):
        """The server's output, from character `since` = len(log()) at an earlier moment."""
        return self.log_path.read_text(errors="replace")[since:]

    def complaints(self, since=0, until=None):
        """Log lines that name the pack, among them failed imports and tracebacks; the import times do not count."""
        lines = [line for line in self.log()[since:until].splitlines() if "dragkit" in line.lower()]
        return [
            line for line in lines if " seconds: " not in line and not re.search("dragkit_(test_pack|probes)", line)
        ]


def find_comfyui():
    given = os.environ.get("COMFYUI_PATH")
    path = Path(given or "~/comfy/ComfyUI").expanduser()
    if not (path / "main.py").is_file():
        message = f"nodes not tested in ComfyUI: none in {path}; set COMFYUI_PATH to a ComfyUI folder"
        pytest.fail(message, pytrace=False) if given else pytest.skip(message)
    python = Path(os.environ.get("COMFYUI_PYTHON") or path / ".venv/bin/python").expanduser()
    if not python.is_file():
        pytest.fail(f"no Python at {python}; set COMFYUI_PYTHON to the one that runs {path}", pytrace=False)
    return path, python


def install(packs):
    """Copies into custom_nodes what a user's clone of the repository has, less the tests."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".", ":!tests"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).split("\0"):
        if name and (ROOT / name).is_file():
            target = packs / "dragkit" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    ignore = shutil.ignore_patterns("__pycache__")
    for path, name in ((ROOT / "tests/comfy/pack", "dragkit_test_pack"), (PROBES, "dragkit_probes")):
        shutil.copytree(path, packs / name, ignore=ignore)


@pytest.fixture(scope="session")
def comfy(tmp_path_factory):
    """A Comfy client of a server that runs for the whole session."""
    path, python = find_comfyui()
    folder = tmp_path_factory.mktemp("comfy")
    on_card = "--cpu" not in ARGS
    # on tensors this small, threads that wait for a busy core cost a hundred times what they save
    environment = {"OMP_NUM_THREADS": "1"} | (CARD_ENVIRONMENT if on_card else {}) | os.environ
    arguments = [*ARGS, *(CARD_ARGS if on_card else ())]
    try:
        with started(path, python, arguments, folder, install, environment) as server:
            client = Comfy(server.url, folder, folder / LOG)
            client.started = len(client.log())
            yield client
    except ComfyUIError:
        pytest.fail(f"ComfyUI did not start:\n{(folder / LOG).read_text(errors='replace')[-4000:]}", pytrace=False)
    finally:
        shutil.rmtree(folder)
