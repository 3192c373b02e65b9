"""A ComfyUI that is held for long: many edits by all methods, edits that are stopped at every evaluation, clients that
vanish."""

import socket
import time
from urllib.parse import urlsplit

from .comfy_server import PACK, ComfyUIError, comfyui
from .comfyui_networks import SLACK
from .outcome import failed, judged, passed
from .setting import MIB
from .workflows import DEMO_METHODS, demo_edit

# parts of the edits after which memory is looked at
LOOKS = 20
HOW = ("interrupt", "memory")


def _many(server, setting, count):
    """Memory after parts of count edits by all methods in turn."""
    methods, curve = tuple(DEMO_METHODS), []
    every = max(1, count // LOOKS)
    for turn in range(count):
        said, _ = server.measured(demo_edit(methods[turn % len(methods)], turn))
        if not said["latent"]["finite"]:
            return failed(f"edit {turn + 1} is not finite")
        if (turn + 1) % every == 0:
            curve.append([turn + 1, said["memory"]["bytes"]])
    if curve[-1][1] is None:
        return passed(reason="this system does not say how much memory a process has")
    tenth = next(used for done, used in curve if done >= count / 10)
    limit = SLACK["cuda" if setting.is_cuda else "cpu"] / MIB
    grown = (curve[-1][1] - tenth) / MIB
    row = judged(grown, f"MiB from edit {count // 10} to {count}", limit, "memory grows from edit to edit")
    return row | {"curve": [[done, used // MIB] for done, used in curve]}


def _stopped(server, method, how, quick):
    """An edit stopped at each evaluation leaves the network as it was and the next edit right."""
    before, _ = server.measured(demo_edit(method, 0, file="before.pt"))
    at, stopped = 1, 0
    while True:
        try:
            server.measured(demo_edit(method, 0, at, how))
            # that many evaluations there are not
            break
        except ComfyUIError:
            stopped += 1
        after, _ = server.measured(demo_edit(method, 0, like="before.pt"))
        if not after["latent"]["equal"]:
            return failed(f"the edit after one that was stopped in evaluation {at} gives another latent")
        if after["network"] != before["network"]:
            return failed(f"the network has changed after evaluation {at}: {before['network']} {after['network']}")
        at += 5 if quick else 1
    return passed(stopped, "evaluations at which it was stopped") if stopped else failed("it was stopped nowhere")


def _vanished(server, method):
    """A client that opens a socket, queues an edit and goes: the edit ends, and the next one is right."""
    where = urlsplit(server.url)
    expected, _ = server.measured(demo_edit(method, 0, file="before.pt"))
    with socket.create_connection((where.hostname, where.port), 10) as client:
        client.sendall(
            f"GET /ws?clientId=vanishes HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        if b" 101 " not in client.recv(4096):
            return failed("the server takes no socket")
        asked = server.queue(demo_edit(method, 1), "vanishes")
        time.sleep(0.3)
    server.wait(asked)
    after, _ = server.measured(demo_edit(method, 0, like="before.pt"))
    if not after["latent"]["equal"] or after["network"] != expected["network"]:
        return failed("the edit after it gives another latent, or the network has changed")
    return passed(reason="its edit ended, and the next one is as before")


def checks(setting, path, python, count):
    """Checks of count edits in one ComfyUI."""
    if not (PACK / "nodes").is_dir():
        return
    try:
        with comfyui(path, python, () if setting.is_card else ("--cpu",)) as server:
            yield f"{count} edits by all methods", lambda: _many(server, setting, count)
            for method in DEMO_METHODS:
                for how in HOW:
                    yield (
                        f"{method}, {'interrupted' if how == 'interrupt' else 'memory used up'} at each evaluation",
                        lambda method=method, how=how: _stopped(server, method, how, setting.quick),
                    )
                yield f"{method}, a client that vanishes", lambda method=method: _vanished(server, method)
    except ComfyUIError as error:
        message = str(error)
        yield "ComfyUI", lambda: failed(message)
