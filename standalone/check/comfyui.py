"""The nodes in a real ComfyUI on the device: FastDrag by every policy of the cache, DynaDrag with and without
checkpointing, on the bundled demo model; with little memory and in half precision."""

from pathlib import Path

from ..user_input import UserError
from .comfy_server import PACK, comfyui
from .outcome import failed, judged, not_tried

# what ComfyUI is started with; on the CPU, the first alone
WAYS = ((), ("--lowvram",), ("--novram",), ("--fp16-unet",), ("--bf16-unet",))
POLICIES = ("gpu", "cpu", "auto")
DRAG = "150,178 -> 118,178\n60,90 -> 70,80"
# levels of 255 by which a picture may differ, on average, where gradients are summed in another order
MEAN_LEVELS = 1.0


def _demo(drag):
    return {
        "demo": {"class_type": "DragKitDemoModel", "inputs": {"photograph": "chelsea"}},
        "points": {"class_type": "DragKitDragPoints", "inputs": {"points": drag, "image": ["demo", 3]}},
    }


def fastdrag(policy):
    """The workflow of FastDrag, whose picture the node "saved" writes."""
    steps = {"steps": 10, "strength": 0.7, "refinement": 0, "blocks": "decoder"}
    return _demo(DRAG) | {
        "latent": {"class_type": "VAEEncode", "inputs": {"pixels": ["demo", 3], "vae": ["demo", 1]}},
        "inverted": {
            "class_type": "DragKitKVCacheInversion",
            "inputs": {"model": ["demo", 0], "positive": ["demo", 2], "samples": ["latent", 0], "cache_device": policy}
            | steps,
        },
        "warped": {
            "class_type": "DragKitLatentWarpage",
            "inputs": {"samples": ["inverted", 0], "drag_points": ["points", 0], "mode": "inverse"},
        },
        "filled": {
            "class_type": "DragKitBNNI",
            "inputs": {"samples": ["warped", 0], "holes": ["warped", 1], "mode": "simultaneous"},
        },
        "cached": {
            "class_type": "DragKitApplyKVCache",
            "inputs": {"model": ["demo", 0], "kv_cache": ["inverted", 1], "start": 0.0, "end": 1.0, "strength": 1.0},
        },
        "euler": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "sampled": {
            "class_type": "SamplerCustom",
            "inputs": {
                "model": ["cached", 0], "add_noise": False, "noise_seed": 0, "cfg": 1.0, "positive": ["demo", 2],
                "negative": ["demo", 2], "sampler": ["euler", 0], "sigmas": ["inverted", 2],
                "latent_image": ["filled", 0],
            },
        },
        "decoded": {"class_type": "VAEDecode", "inputs": {"samples": ["sampled", 0], "vae": ["demo", 1]}},
        "saved": {"class_type": "SaveImage", "inputs": {"images": ["decoded", 0], "filename_prefix": "check"}},
    }  # fmt: skip


def dynadrag(checkpointing):
    """The workflow of two rounds of DynaDrag by tracking, whose picture the node "saved" writes."""
    return _demo(DRAG) | {
        "dragged": {
            "class_type": "DragKitDynaDrag",
            "inputs": {
                "model": ["demo", 0], "vae": ["demo", 1], "positive": ["demo", 2], "image": ["demo", 3],
                "drag_points": ["points", 0], "rounds": 2, "steps": 5, "strength": 0.6, "adam_steps": 2,
                "learning_rate": 0.2, "radius": 4, "mask_weight": 0.1, "selection": "every", "tolerance": 2.0,
                "preview_steps": 1, "block": "last", "checkpointing": checkpointing,
            },
        },
        "saved": {"class_type": "SaveImage", "inputs": {"images": ["dragged", 1], "filename_prefix": "check"}},
    }  # fmt: skip


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
