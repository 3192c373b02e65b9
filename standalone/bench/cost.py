"""What an edit costs on a network of SD1.5's size: time over its bare evaluations, cache bytes, memory from step to
step."""

import json
import time
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel

from ...kernels.diffusion.ddim import alphas_cumprod, published_timesteps
from ...kernels.points.drag_points import DragPoints
from ..methods.fastdrag import fastdrag
from ..models.drag_model import DragModel
from ..models.unet import Denoiser, self_attention

UNET_CONFIG = Path(__file__).parents[1] / "models" / "configs" / "sd15" / "unet" / "config.json"
SIDE = 32  # cells of a 256 x 256 picture
TARGET = 1.05
MIB = 1 << 20


def random_unet(config, device="cpu", seed=0):
    """A UNet whose weights are random and of a size that keeps activations finite; without the slow initialisation."""
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config)
    unet = unet.to_empty(device=device).eval().requires_grad_(False)
    generator = torch.Generator(device).manual_seed(seed)
    for parameter in unet.parameters():
        if parameter.ndim == 1:
            parameter.fill_(0.5)
        else:
            bound = (3 / parameter[0].numel()) ** 0.5
            parameter.uniform_(-bound, bound, generator=generator)
    return unet


class WatchedDenoiser(Denoiser):
    """A Denoiser that keeps hold of the cache recorded last."""

    def recording(self, cache, where="decoder"):
        self.cache = cache
        return super().recording(cache, where)


def predicted_bytes(unet, side, steps, batch=1):
    """Bytes of the cache: a hidden state per step and decoder block, side x side cells at the highest resolution."""
    levels = len(unet.config.block_out_channels)
    total = 0
    for name, module in self_attention(unet).items():
        # up_blocks.0 works at the lowest resolution
        cells = (side >> (levels - 1 - int(name.split(".")[1]))) ** 2
        total += batch * cells * module.to_q.in_features
    return total * steps * unet.dtype.itemsize


def _used_bytes(device):
    """Memory of this process now: allocated on the GPU, or resident (Linux), None where the system does not say."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    try:
        return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) * 1024
    except OSError:
        return None


def bench_cost(steps=10, strength=0.7, device="cpu", config=None):
    """One row: seconds of an edit over those of 2K bare evaluations, cache bytes measured and predicted, growth of
    memory between the second and the last step of each phase (inversion: beside the cache). config: another UNet's."""
    device = torch.device(device)
    unet = random_unet(config or json.loads(UNET_CONFIG.read_text()), device)
    context = torch.zeros(1, 77, unet.config.cross_attention_dim, device=device)
    denoiser = WatchedDenoiser(unet, context)
    latent = torch.randn(1, 4, SIDE, SIDE, generator=torch.Generator().manual_seed(0)).to(device)
    # the autoencoder costs the same with any method
    model = DragModel(lambda image: latent, lambda z: z, denoiser, alphas_cumprod())
    timesteps = published_timesteps(steps, strength)
    count = len(timesteps)

    def timed(function, *arguments, **options):
        if device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        function(*arguments, **options)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    used = []

    def watch(done, total):
        cached = sum(entry.nbytes for entry in denoiser.cache.entries.values() if entry.device.type == device.type)
        used.append((_used_bytes(device), cached))

    points = DragPoints([[0.3, 0.4]], [[0.55, 0.5]])
    denoiser(latent, timesteps[0])
    # half of the bare evaluations before and half after, as the machine may change its pace
    bare = [timed(denoiser, latent, t) for t in timesteps]
    edit = timed(fastdrag, model, None, points, steps=steps, strength=strength, callback=watch)
    bare += [timed(denoiser, latent, t) for t in timesteps]
    one = sorted(bare)[len(bare) // 2]

    def growth(first, last):
        if used[0][0] is None:
            return None
        (memory, cached), (later, later_cached) = used[first], used[last]
        return (later - memory - (later_cached - cached)) / MIB

    predicted = predicted_bytes(unet, SIDE, count)
    return {
        "parameters": sum(parameter.numel() for parameter in unet.parameters()),
        "device": str(device), "threads": torch.get_num_threads(), "evaluations": 2 * count,
        "evaluation_seconds": one, "evaluation_spread": (max(bare) - min(bare)) / one,
        "edit_seconds": edit, "floor_seconds": 2 * count * one,
        "ratio": edit / (2 * count * one), "ratio_met": edit / (2 * count * one) <= TARGET,
        "cache_bytes": denoiser.cache.nbytes, "predicted_bytes": predicted,
        "cache_met": denoiser.cache.nbytes == predicted,
        "inversion_growth_mib": growth(1, count - 1), "sampling_growth_mib": growth(count + 1, 2 * count - 1),
    }  # fmt: skip


def print_table(row):
    """The row of bench_cost on screen."""

    def mib(value):
        return "not measured" if value is None else f"{value:+.1f} MiB"

    said = {True: "yes", False: "NO"}
    lines = (
        ("network", f"SD1.5 shape, random weights, {row['parameters'] / 1e6:.0f} M parameters, 256 x 256 pixels"),
        ("machine", f"{row['device']}, {row['threads']} thread(s)"),
        ("one evaluation (median)", f"{row['evaluation_seconds']:.3f} s, spread {row['evaluation_spread']:.0%}"),
        (f"{row['evaluations']} bare evaluations", f"{row['floor_seconds']:.2f} s"),
        (f"edit of {row['evaluations']} evaluations", f"{row['edit_seconds']:.2f} s"),
        ("ratio, target <= 1.05", f"{row['ratio']:.3f}  {said[row['ratio_met']]}"),
        ("cache", f"{row['cache_bytes']} bytes"),
        ("predicted from the shapes", f"{row['predicted_bytes']} bytes  {said[row['cache_met']]}"),
        ("memory, 2nd to last step of inversion", f"{mib(row['inversion_growth_mib'])} beside the cache"),
        ("memory, 2nd to last step of sampling", mib(row["sampling_growth_mib"])),
    )
    for name, value in lines:
        print(f"{name:<40}{value}")
