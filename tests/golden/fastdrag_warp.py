"""The cases of fastdrag_warp.safetensors: FastDrag's latent warpage by the authors' code."""

from pathlib import Path

from safetensors.torch import load_file

WARP = load_file(Path(__file__).parent / "fastdrag_warp.safetensors")
CASES = sorted({name.split("/")[0] for name in WARP})


def case(name):
    g = {key.split("/")[1]: value for key, value in WARP.items() if key.split("/")[0] == name}
    handles, targets = g["handle_yx_half"].flip(-1) / 4, g["target_yx_half"].flip(-1) / 4
    return g, handles.double(), targets.double(), g["mask"][0, 0] > 0
