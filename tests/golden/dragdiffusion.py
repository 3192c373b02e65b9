"""The authors' numbers of DragDiffusion."""

from pathlib import Path

from safetensors.torch import load_file

GOLDEN = load_file(Path(__file__).parent / "dragdiffusion.safetensors")


def golden(case):
    return {name.removeprefix(f"{case}/"): value for name, value in GOLDEN.items() if name.startswith(f"{case}/")}
