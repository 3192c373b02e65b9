"""Versions, the card, and which precisions it computes in."""

import platform
from importlib import metadata

import torch

from .outcome import failed, passed
from .setting import DTYPES, GIB

PACKAGES = ("torch", "diffusers", "transformers")


def _versions(setting):
    for name in PACKAGES:
        try:
            yield name, passed(metadata.version(name))
        except metadata.PackageNotFoundError:
            yield name, passed("none", reason=f"{name} is not installed")
    yield "Python", passed(platform.python_version())


def _card(setting):
    if setting.is_cuda:
        about = torch.cuda.get_device_properties(setting.device)
        yield "card", passed(about.name)
        yield "memory of the card", passed(about.total_memory / GIB, "GiB")
        yield "CUDA of torch", passed(str(torch.version.cuda or torch.version.hip))
    else:
        yield "card", passed({"mps": "Apple's GPU"}.get(setting.device.type, "none"))


def _computes(setting, dtype):
    torch.manual_seed(0)
    x, kernel = torch.rand(1, 8, 16, 16), torch.rand(8, 8, 3, 3) / 36
    expected = torch.nn.functional.conv2d(x, kernel)
    found = torch.nn.functional.conv2d(*(one.to(setting.device, dtype) for one in (x, kernel))).float().cpu()
    difference = ((found - expected).abs().max() / expected.abs().max()).item()
    limit = 8 * torch.finfo(dtype).eps if dtype != torch.float32 else 5e-3
    if difference <= limit:
        return passed(difference, "of the largest value", limit)
    return failed("a convolution differs from the CPU's", difference, "of the largest value", limit)


def checks(setting):
    for rows in (_versions(setting), _card(setting)):
        for name, row in rows:
            yield name, lambda row=row: row
    for name, dtype in DTYPES.items():
        yield f"computes in {name}", lambda dtype=dtype: _computes(setting, dtype)
