"""A ComfyUI that runs with this pack alone in it, as long as it is asked something."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

PACK = Path(__file__).parents[2]
PROBES = Path(__file__).parent / "probes"
FOLDERS = ("input", "output", "temp", "models", "user", "custom_nodes")
LOG = "server.log"
# of the pack's folder, what ComfyUI has no use for
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "tests", "docs", "standalone", "*.egg-info", "build")
START_SECONDS, RUN_SECONDS = 180, 1800


class ComfyUIError(RuntimeError):
    """A ComfyUI that does not start, or a workflow that fails; the message is ComfyUI's."""


class Server:
    """Asks the ComfyUI at url, whose folder holds what it makes."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder

    def _ask(self, path, data=None):
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ComfyUIError(error.read().decode(errors="replace")[:400]) from error

    def ready(self):
        try:
            return bool(self._ask("/system_stats"))
        except (OSError, ValueError):
            return False

    def queue(self, nodes, client=None):
        """Id of a workflow {id: node} that waits its turn; ComfyUIError if any part of it is refused."""
        answer = self._ask("/prompt", {"prompt": nodes} | ({"client_id": client} if client else {}))
        # it runs what is right of a workflow, and leaves out the rest
        for node in answer.get("node_errors", {}).values():
            raise ComfyUIError(f"{node['class_type']}: {node['errors'][0]['message']}: {node['errors'][0]['details']}")
        return answer["prompt_id"]

    def wait(self, asked):
        """What ComfyUI keeps of a workflow that was queued, when it has run; ComfyUIError if it fails."""
        end = time.monotonic() + RUN_SECONDS
        while not (entry := self._ask(f"/history/{asked}").get(asked)):
            if time.monotonic() > end:
                raise ComfyUIError(f"a workflow took more than {RUN_SECONDS} s")
            time.sleep(0.05)
        if entry["status"]["status_str"] != "success":
            _, about = entry["status"]["messages"][-1]
            raise ComfyUIError(f"{about.get('node_type')}: {about.get('exception_message', '').strip()}")
        return entry

    def history(self, nodes):
        """What ComfyUI keeps of a workflow {id: node} that has run; ComfyUIError if it fails."""
        return self.wait(self.queue(nodes))

    def run(self, nodes):
        """{node: files of the pictures that it saved} of a workflow, as of `history`."""
        return {
            node: [self.folder / one["type"] / one["subfolder"] / one["filename"] for one in output["images"]]
            for node, output in self.history(nodes)["outputs"].items()
            if "images" in output
        }

    def measured(self, nodes):
        """({node: what a probe said}, seconds that it took) of a workflow, as of `history`."""
        entry = self.history(nodes)
        times = {name: about["timestamp"] for name, about in entry["status"]["messages"]}
        said = {node: output["check"][0] for node, output in entry["outputs"].items() if "check" in output}
        return said, (times["execution_success"] - times["execution_start"]) / 1000


@contextmanager
def started(path, python, arguments, folder, install, environment=None):
    """A Server of the ComfyUI in path, started with these arguments; folder, which is empty, becomes its own, with the
    packs that install(custom_nodes) puts there and its log. ComfyUIError with the log's last line if it does not start.
    """
    for one in FOLDERS:
        (folder / one).mkdir()
    install(folder / "custom_nodes")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [python, "main.py", *arguments, "--port", str(port), "--base-directory", folder]
    command += ["--disable-api-nodes", "--disable-auto-launch"]
    if "--database-url" in (path / "comfy/cli_args.py").read_text():
        command += ["--database-url", "sqlite:///:memory:"]
    log = folder / LOG
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=path, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        server, end = Server(f"http://127.0.0.1:{port}", folder), time.monotonic() + START_SECONDS
        while not server.ready():
            if process.poll() is not None or time.monotonic() > end:
                last = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise ComfyUIError(f"ComfyUI did not start: {' '.join(last)}")
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def comfyui(path, python, arguments):
    """A Server, as of `started`, with this pack and the probes of `dragkit check` alone in it."""
    with tempfile.TemporaryDirectory(prefix="dragkit-check-") as name:

        def install(packs):
            shutil.copytree(PACK, packs / "dragkit", ignore=LEFT_OUT)
            shutil.copytree(PROBES, packs / "dragkit_probes", ignore=LEFT_OUT)

        with started(path, python, arguments, Path(name), install) as server:
            yield server
