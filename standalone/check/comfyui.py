"""The nodes in a real ComfyUI on the device: FastDrag by every policy of the cache, DynaDrag with and without
checkpointing, on the bundled demo model; with little memory and in half precision."""

from pathlib import Path

from ..user_input import UserError
from .comfy_server import PACK, comfyui
from .outcome import failed, judged, not_tried
from .workflows import dynadrag, fastdrag

# what ComfyUI is started with; on the CPU, the first alone
WAYS = ((), ("--lowvram",), ("--novram",), ("--fp16-unet",), ("--bf16-unet",))
POLICIES = ("gpu", "cpu", "auto")
# levels of 255 by which a picture may differ, on average, where gradients are summed in another order
MEAN_LEVELS = 1.0


def _picture(server, nodes):
    import numpy as np
    import torch
    from PIL import Image

    (path,) = server.run(nodes)["saved"]
    return torch.from_numpy(np.array(Image.open(path))).float()


def _tried(path, python, arguments):
    """Rows of a ComfyUI with these arguments."""
    rows = {}
    with comfyui(path, python, arguments) as server:
        pictures = {policy: _picture(server, fastdrag(policy)) for policy in POLICIES}
        first = pictures["gpu"]
        if first.std() < 5:
            rows["FastDrag"] = failed("its picture shows nothing", first.std().item(), "levels of contrast")
        for policy in POLICIES[1:]:
            largest = (pictures[policy] - first).abs().max().item()
            rows[f"FastDrag, cache in {policy}"] = judged(
                largest, "levels from the policy gpu", 0, "differs from the policy gpu"
            )
        kept, again = (_picture(server, dynadrag(way)) for way in ("off", "on"))
        rows["DynaDrag with checkpointing"] = judged(
            (again - kept).abs().mean().item(), "levels from that without", MEAN_LEVELS, "differs from that without"
        )
    return rows


def interpreter(path, python=None):
    """(folder, Python) of a ComfyUI; UserError where there is none."""
    path = Path(path).expanduser().resolve()
    if not (path / "main.py").is_file():
        raise UserError(f"--comfyui is {str(path)!r}, which is no folder of ComfyUI: it has no main.py")
    candidates = [Path(python).expanduser()] if python else [
        path / name for name in (".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe",
                                 "venv/Scripts/python.exe", "../python_embeded/python.exe")
    ]  # fmt: skip
    if found := next((one for one in candidates if one.is_file()), None):
        return path, found
    raise UserError(f"no Python was found beside {str(path)!r}; name the one that runs it with --comfyui-python")


def checks(setting, path, python):
    if not (PACK / "nodes").is_dir():
        yield "nodes", lambda: not_tried("the pack was installed without its nodes; run the command in a checkout")
        return
    for way in WAYS if setting.is_card else WAYS[:1]:
        arguments = way if setting.is_card else ("--cpu", *way)
        name = " ".join(arguments) or "as it chooses"
        yield name, lambda arguments=arguments: _tried(path, python, arguments)
    if not setting.is_card:
        for way in WAYS[1:]:
            yield " ".join(way), lambda: not_tried("needs a card")
