"""What an edit costs on a network of SD1.5's size: time over its bare evaluations, cache bytes, memory from step to
step; and what LightningDrag and InstantDrag add to a plain evaluation."""

import json
import time
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from tqdm import tqdm

from ...kernels.diffusion.ddim import alphas_cumprod, published_timesteps
from ...kernels.instantdrag.conditioning import branches, flow_channels
from ...kernels.instantdrag.flowgen import FlowGen
from ...kernels.instantdrag.flowgen_maps import generate_flow
from ...kernels.lightningdrag.embedding import PointEmbedding
from ...kernels.lightningdrag.files import LightningDragWeights
from ...kernels.lightningdrag.image_tokens import ImageProjection
from ...kernels.motion.prediction import predict_flow
from ...kernels.motion.total_flow import predict_total_flow
from ...kernels.points.drag_points import DragPoints
from ..methods.fastdrag import fastdrag
from ..methods.lightningdrag import PUBLISHED, lightningdrag, projected, record_reference
from ..models.drag_model import DragModel
from ..models.flowdiffusion import CHANNELS as FLOWDIFFUSION_CHANNELS
from ..models.lightningdrag import CHANNELS as INPAINTING_CHANNELS
from ..models.lightningdrag import network_of
from ..models.predictors import load_motion_predictor
from ..models.unet import Denoiser, self_attention

UNET_CONFIG = json.loads((Path(__file__).parents[1] / "models/configs/sd15/unet/config.json").read_text())
# to try the bench itself
SMALL_CONFIG = UNET_CONFIG | {"block_out_channels": [32, 64, 128, 128]}
CELL = 8  # pixels of a latent cell
# cells of a picture of 256 x 256; and of 512 x 512, which LightningDrag and InstantDrag are published for
SIDE, LARGE = 32, 64
TARGET = 1.05
MIB = 1 << 20
CLIP_CHANNELS = 1024  # of the embedding of IP-Adapter's image encoder


def random_unet(config, device="cpu", dtype=torch.float32, seed=0):
    """A UNet whose weights are random and of a size that keeps activations finite; without the slow initialisation."""
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config)
    # diffusers' own `to` warns of layers that no network of this kind has
    unet = torch.nn.Module.to(unet, dtype).to_empty(device=device).eval().requires_grad_(False)
    # drawn where it is fast, and in float32 whatever the precision, so that there the same numbers are rounded
    generator = torch.Generator(device if torch.device(device).type == "cuda" else "cpu").manual_seed(seed)
    for parameter in unet.parameters():
        if parameter.ndim == 1:
            parameter.fill_(0.5)
        else:
            bound = (3 / parameter[0].numel()) ** 0.5
            drawn = torch.empty(parameter.shape, device=generator.device)
            parameter.copy_(drawn.uniform_(-bound, bound, generator=generator))
    return unet


def denoiser_of(unet, kind=Denoiser):
    """A Denoiser (or of another kind) of a UNet with the empty conditioning of its size."""
    context = torch.zeros(1, 77, unet.config.cross_attention_dim, device=unet.device)
    if unet.config.addition_embed_type != "text_time":
        return kind(unet, context)
    pooled = unet.config.projection_class_embeddings_input_dim - 6 * unet.config.addition_time_embed_dim
    seen = {"text_embeds": (1, pooled), "time_ids": (1, 6)}
    added = {key: torch.zeros(shape, device=unet.device, dtype=unet.dtype) for key, shape in seen.items()}
    return kind(unet, context, added_cond_kwargs=added)


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


def used_bytes(device):
    """Memory of this process now: allocated on the GPU, or resident (Linux), None where the system does not say."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    try:
        return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) * 1024
    except OSError:
        return None


def _timed(device, function, *arguments, **options):
    """Seconds, and what the function gives."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    found = function(*arguments, **options)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, found


def _median(values):
    return sorted(values)[len(values) // 2]


def _spread(values):
    return (max(values) - min(values)) / _median(values)


def _about(method, unet, cells):
    return {
        "method": method, "side": CELL * cells, "parameters": sum(one.numel() for one in unet.parameters()),
        "device": str(unet.device), "threads": torch.get_num_threads(),
    }  # fmt: skip


def fastdrag_cost(
    config=UNET_CONFIG, cells=SIDE, steps=10, strength=0.7, device="cpu", dtype=torch.float32
):  # fmt: skip
    """One row: seconds of an edit over those of 2K bare evaluations, cache bytes measured and predicted, growth of
    memory between the second and the last step of each phase (inversion: beside the cache)."""
    device = torch.device(device)
    unet = random_unet(config, device, dtype)
    denoiser = denoiser_of(unet, WatchedDenoiser)
    latent = torch.randn(1, 4, cells, cells, generator=torch.Generator().manual_seed(0)).to(device)
    # the autoencoder costs the same with any method
    model = DragModel(lambda image: latent, lambda z: z, denoiser, alphas_cumprod())
    timesteps = published_timesteps(steps, strength)
    count = len(timesteps)
    bar = tqdm(desc="FastDrag, evaluations", total=4 * count)

    def bare():
        bar.update(count)
        return [_timed(device, denoiser, latent, t)[0] for t in timesteps]

    used = []

    def watch(done, total):
        cached = sum(entry.nbytes for entry in denoiser.cache.entries.values() if entry.device.type == device.type)
        used.append((used_bytes(device), cached))
        bar.update()

    points = DragPoints([[0.3, 0.4]], [[0.55, 0.5]])
    denoiser(latent, timesteps[0])
    # half of the bare evaluations before and half after, as the machine may change its pace
    times = bare()
    edit, after = _timed(device, fastdrag, model, None, points, steps=steps, strength=strength, callback=watch)
    times += bare()
    bar.close()
    one = _median(times)

    def growth(first, last):
        if used[0][0] is None:
            return None
        (memory, cached), (later, later_cached) = used[first], used[last]
        return (later - memory - (later_cached - cached)) / MIB

    predicted = predicted_bytes(unet, cells, count)
    return _about("fastdrag", unet, cells) | {
        "finite": bool(after.isfinite().all()), "evaluations": 2 * count,
        "evaluation_seconds": one, "evaluation_spread": _spread(times),
        "edit_seconds": edit, "floor_seconds": 2 * count * one,
        "ratio": edit / (2 * count * one), "target": TARGET, "ratio_met": edit / (2 * count * one) <= TARGET,
        "cache_bytes": denoiser.cache.nbytes, "predicted_bytes": predicted,
        "cache_met": denoiser.cache.nbytes == predicted,
        "inversion_growth_mib": growth(1, count - 1), "sampling_growth_mib": growth(count + 1, 2 * count - 1),
    }  # fmt: skip


def random_lightningdrag(model, config):
    """LightningDrag of the published size beside a DragModel for inpainting, with random weights."""
    unet, embedding = model.denoiser.unet, PointEmbedding()
    widths, context = unet.config.block_out_channels, unet.config.cross_attention_dim
    first = embedding.downsample_blocks_vae[-1].conv2.out_channels // 2
    points, image_tokens = {}, {}
    for name, module in self_attention(unet, "all").items():
        block, width = name.removesuffix(".attn1"), module.to_q.in_features
        level = len(widths) - 1 if block.startswith("mid") else widths.index(width)
        channels = first << level
        points[block] = {
            "norm.weight": torch.ones(channels), "norm.bias": torch.zeros(channels),
            "proj.weight": torch.randn(width, channels) / channels**0.5,
        }  # fmt: skip
        image_tokens[block] = {
            f"to_{part}_ip.weight": torch.randn(width, context) / context**0.5 for part in ("k", "v")
        }
    weights = LightningDragWeights(
        embedding.state_dict(), points, image_tokens, ImageProjection(CLIP_CHANNELS, context).state_dict(),
        random_unet(config, unet.device).state_dict(),
    )  # fmt: skip
    return network_of(weights, model, "random weights")


@torch.no_grad()
def lightningdrag_cost(config=UNET_CONFIG, cells=LARGE, runs=3, device="cpu", dtype=torch.float32):
    """One row: seconds of an edit of 8 steps over those of 8 plain inpainting batches of two, which cfg costs; of its
    steps, and of what it does once. The hooks are the command line's, which project the reference in every step."""
    torch.manual_seed(0)
    device, side = torch.device(device), CELL * cells
    unet = random_unet(config | {"in_channels": INPAINTING_CHANNELS}, device, dtype)
    context = torch.zeros(1, 77, unet.config.cross_attention_dim, device=device)
    latent = torch.randn(1, 4, cells, cells).to(device)
    model = DragModel(lambda image: latent, lambda z: z, Denoiser(unet, context), alphas_cumprod(), unprompted=context)
    drag = random_lightningdrag(model, config)
    image, mask = torch.rand(1, 3, side, side), torch.zeros(1, side, side)
    mask[:, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] = 1
    points = DragPoints([[0.35, 0.4], [0.6, 0.5]], [[0.5, 0.45], [0.7, 0.55]])
    steps, scale = PUBLISHED["lcm"]
    both = torch.randn(2, INPAINTING_CHANNELS, cells, cells).to(device)
    bar = tqdm(desc="LightningDrag, batches", total=2 * runs + steps)

    def plain():
        bar.update()
        return _timed(device, model.denoiser, both, 500)[0]

    ends = []

    def watch(done, total):
        ends.append(time.perf_counter())
        bar.update()

    model.denoiser(both, 500)
    # half of the plain batches before and half after, as the machine may change its pace
    batches = [plain() for _ in range(runs)]
    edit, after = _timed(
        device, lightningdrag, model, drag, image, points, mask, torch.randn(1, CLIP_CHANNELS), steps, scale,
        candidates=1, callback=watch,
    )  # fmt: skip
    batches += [plain() for _ in range(runs)]
    bar.close()
    each = [after - before for before, after in zip(ends, ends[1:], strict=False)]
    floor = steps * _median(batches)
    return _about("lightningdrag", unet, cells) | {
        "finite": bool(after.isfinite().all()), "steps": steps, "scale": scale,
        "batch_seconds": _median(batches), "batch_spread": _spread(batches),
        "edit_seconds": edit, "floor_seconds": floor, "ratio": edit / floor,
        "guided_seconds": _median(each[:-1]), "last_seconds": each[-1],
        "look_seconds": _timed(device, record_reference, drag, latent)[0],
        "points_seconds": _timed(device, projected, drag, points, side, side, dtype, device)[0],
    }  # fmt: skip


@torch.no_grad()
def instantdrag_cost(config=UNET_CONFIG, cells=LARGE, runs=5):
    """One row: seconds of one evaluation of FlowDiffusion (not the batch of three of a step), of FlowGen, of the
    conditioning, and of the bundled motion predictor for a short drag and one across the picture."""
    torch.manual_seed(0)
    cpu, side = torch.device("cpu"), CELL * cells
    unet = random_unet(config | {"in_channels": FLOWDIFFUSION_CHANNELS})
    denoiser = Denoiser(unet, torch.zeros(1, 77, unet.config.cross_attention_dim))
    image, latent = torch.rand(1, 3, side, side), torch.randn(1, 4, cells, cells)
    noisy = torch.randn(1, FLOWDIFFUSION_CHANNELS, cells, cells)
    flowgen, predictor = FlowGen().eval(), load_motion_predictor()
    handle = torch.tensor([[0.1, 0.3]], dtype=torch.float64)
    short, long = (handle + torch.tensor([[way, 0.1]]) for way in (0.05, 0.8))
    flow = generate_flow(flowgen, image, handle, short)

    def predicted(target):
        return predict_total_flow(lambda *seen: predict_flow(predictor, *seen), image, handle, target)

    measured = {
        "evaluation": lambda: denoiser(noisy, 500),
        "flowgen": lambda: generate_flow(flowgen, image, handle, short),
        "conditioning": lambda: branches(latent, flow_channels(flow, cells, cells)),
        "short_drag": lambda: predicted(short),
        "long_drag": lambda: predicted(long),
    }
    times = {}
    for name, function in tqdm(measured.items(), desc="InstantDrag"):
        function()
        times[name] = [_timed(cpu, function)[0] for _ in range(runs)]
    return (
        _about("instantdrag", unet, cells)
        | {"evaluation_spread": _spread(times["evaluation"])}
        | {f"{name}_seconds": _median(of) for name, of in times.items()}
    )


METHODS = {"fastdrag": fastdrag_cost, "lightningdrag": lightningdrag_cost, "instantdrag": instantdrag_cost}


def bench_cost(quick=False, methods=tuple(METHODS)):
    """A row of each method, on a network of SD1.5's size with random weights (quick: a small one and picture)."""
    return [METHODS[method](*((SMALL_CONFIG, SIDE) if quick else ())) for method in methods]
