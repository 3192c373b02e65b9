"""Random networks of Stable Diffusion's sizes, and a small DiT, in every precision."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from .outcome import failed, judged, not_tried, passed
from .setting import DTYPES, GIB, MIB

CONFIGS = Path(__file__).parents[1] / "models/configs"
# root mean square of the difference, in parts of that of float32's answer
TOLERANCES = {"float16": 0.02, "bfloat16": 0.1}
AGAINST_CPU = 5e-3
# channels of the levels of a small network
SMALL = [32, 64, 128, 128]
# of a file of weights in float32, what an evaluation takes beside it
ROOM = 1.5 * GIB


@dataclass(frozen=True)
class Size:
    """A layout of networks, the latent cells a side of its picture, and whether it is as large as the published one."""

    name: str
    config: dict
    cells: int
    whole: bool

    @property
    def label(self):
        kind = "size" if self.whole else "layout, few channels"
        return f"{self.name} {kind}, {8 * self.cells} px"


def sizes(setting):
    """The Sizes that are tried: the published ones on a card; on the CPU small ones, and SD1.5's if there is time."""
    sd15, sdxl = (json.loads((CONFIGS / name / "unet/config.json").read_text()) for name in ("sd15", "sdxl"))
    if setting.is_card:
        return [Size("SD1.5", sd15, 64, True), Size("SDXL", sdxl, 128, True)]
    small = Size("SDXL", sdxl | {"block_out_channels": SMALL[:3], "cross_attention_dim": 64}, 16, False)
    if setting.quick:
        return [Size("SD1.5", sd15 | {"block_out_channels": SMALL}, 16, False), small]
    return [Size("SD1.5", sd15, 32, True), small]


def left_out(setting):
    """{check: why} of sizes that are not tried."""
    if setting.is_card:
        return {}
    why = "needs a card; a network of the same layout with few channels was taken"
    return ({"SD1.5 size": f"{why} (without --quick the CPU tries it)"} if setting.quick else {}) | {"SDXL size": why}


def dtypes(setting, size):
    """Names of the precisions to try, and why the others are not."""
    if setting.is_card or not size.whole:
        return list(DTYPES), ""
    return ["float32"], "half precision is no gain on a CPU, and a network of this size takes minutes in it"


def too_large(setting, size, dtype=torch.float32):
    """Why a network does not fit the device, None where it does."""
    free = setting.free()
    if free is None:
        return None
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        count = sum(one.numel() for one in UNet2DConditionModel.from_config(size.config).parameters())
    needed = dtype.itemsize * count + ROOM
    return None if needed <= free else f"needs {needed / GIB:.1f} GiB of memory; {free / GIB:.1f} are free"


def network(setting, size, dtype=torch.float32, channels=4):
    """A random UNet of a Size on the device."""
    from ..bench.cost import random_unet

    return random_unet(size.config | {"in_channels": channels}, setting.device, dtype)


def one_evaluation(unet, cells):
    """A function that evaluates a UNet once."""
    from ..bench.cost import denoiser_of

    denoiser = denoiser_of(unet)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, unet.config.in_channels, cells, cells, generator=generator).to(unet.device)
    return lambda: denoiser(x, 500)


def _differs(found, expected):
    return ((found.double() - expected.double()).square().mean() / expected.double().square().mean()).sqrt().item()


def _of_unet(setting, size, names):
    rows, expected, unet, run = {}, None, None, None
    for name in names:
        # two at once may be too large
        del unet, run
        unet = run = None
        if why := too_large(setting, size, DTYPES[name]):
            rows[name] = not_tried(why)
            continue
        unet = network(setting, size, DTYPES[name])
        run = one_evaluation(unet, size.cells)
        run()
        (seconds, found), peak = setting.peak(lambda run=run: setting.timed(run))
        found = found.cpu()
        if not found.isfinite().all():
            rows[name] = failed("the answer is not finite")
            continue
        rows[f"{name}: one evaluation"] = passed(seconds, "s")
        if peak is not None:
            rows[f"{name}: most memory"] = passed(peak / MIB, "MiB")
        if name == "float32":
            expected = found
        if expected is None:
            rows[f"{name} beside float32"] = not_tried("float32 does not fit")
        if name == "float32" or expected is None:
            continue
        rows[f"{name} beside float32"] = judged(
            _differs(found, expected), "of its root mean square", TOLERANCES[name], "differs from float32"
        )
    return rows


def _against_cpu(setting, size):
    if not setting.is_card:
        return not_tried("the device is the CPU itself")
    levels = len(size.config["block_out_channels"])
    small = Size(size.name, size.config | {"block_out_channels": SMALL[:levels]}, 16, False)
    unet = network(type(setting)(torch.device("cpu")), small)
    expected = one_evaluation(unet, small.cells)()
    found = one_evaluation(unet.to(setting.device), small.cells)().cpu()
    return judged(_differs(found, expected), "of its root mean square", AGAINST_CPU, "differs from the CPU's answer")


def _dit(setting):
    from diffusers import DiTTransformer2DModel

    rows, expected = {}, None
    torch.manual_seed(0)
    dit = DiTTransformer2DModel(
        num_attention_heads=4, attention_head_dim=32, in_channels=4, out_channels=4, num_layers=4, sample_size=32,
        patch_size=2, num_embeds_ada_norm=1000,
    ).eval()  # fmt: skip
    x, t, label = torch.randn(1, 4, 32, 32), torch.tensor([500]), torch.tensor([1])
    with torch.no_grad():
        expected = dit(x, t, label).sample
        for name, dtype in DTYPES.items():
            # diffusers' own `to` warns of layers that it has not
            found = torch.nn.Module.to(dit, setting.device, dtype)(
                x.to(setting.device, dtype), t.to(setting.device), label.to(setting.device)
            ).sample.cpu()
            if not found.isfinite().all():
                rows[name] = failed("the answer is not finite")
                continue
            limit = TOLERANCES.get(name, AGAINST_CPU)
            rows[name] = judged(
                _differs(found, expected), "of the root mean square of the CPU's float32", limit, "differs from it"
            )
            dit = dit.float()
    return rows


def checks(setting):
    for size in sizes(setting):
        names, why = dtypes(setting, size)
        yield size.label, lambda size=size, names=names: _of_unet(setting, size, names)
        for name in DTYPES:
            if name not in names:
                yield f"{size.label}: {name}", lambda why=why: not_tried(why)
        yield f"{size.name} layout, few channels, against the CPU", lambda size=size: _against_cpu(setting, size)
    for name, why in left_out(setting).items():
        yield name, lambda why=why: not_tried(why)
    yield "a small DiT", lambda: _dit(setting)
