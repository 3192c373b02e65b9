"""What edits by each method take beside the bare evaluations of their network, and DynaDrag's gradients."""

import torch

from .networks import dtypes, network, sizes, too_large
from .outcome import failed, judged, not_tried, passed
from .setting import DTYPES, MIB

# seconds of an edit over those of its evaluations, on an H100 or its like
GOALS = {"FastDrag": 1.05, "LightningDrag": 1.15}
# gradients computed again block by block, beside those that were kept, in parts of their root mean square
RECOMPUTED = {"float32": 1e-3, "float16": 0.02, "bfloat16": 0.1}
# of the loss, so that float16 gradients do not vanish
SCALE = 1024.0


def _ratio(row, method):
    if not row["finite"]:
        return failed("the picture is not finite")
    return passed(row["ratio"], "times its evaluations", goal=GOALS.get(method))


def _fastdrag(setting, size, dtype):
    from ..bench.cost import fastdrag_cost

    row = fastdrag_cost(size.config, size.cells, device=setting.device, dtype=dtype)
    if not row["cache_met"]:
        return failed("the KV cache holds other than its blocks and steps", row["cache_bytes"] / MIB, "MiB")
    return _ratio(row, "FastDrag")


def _lightningdrag(setting, size, dtype):
    from ..bench.cost import lightningdrag_cost

    return _ratio(lightningdrag_cost(size.config, size.cells, 3, setting.device, dtype), "LightningDrag")


@torch.no_grad()
def _instantdrag(setting, size, dtype):
    from ...kernels.diffusion.ddim import alphas_cumprod
    from ..bench.cost import denoiser_of
    from ..methods.instantdrag import instantdrag
    from ..models.drag_model import DragModel
    from ..models.flowdiffusion import CHANNELS

    denoiser = denoiser_of(network(setting, size, dtype, CHANNELS))
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(1, 4, size.cells, size.cells, generator=generator).to(setting.device)
    model = DragModel(lambda image: latent, lambda z: z, denoiser, alphas_cumprod())
    flow = torch.randn(1, 2, 256, 256, generator=generator)
    # a step is a batch of three
    seen = torch.randn(3, CHANNELS, size.cells, size.cells, generator=generator).to(setting.device)
    steps = 4 if setting.quick and not setting.is_card else 20
    one = setting.median(lambda: denoiser(seen, 500), runs=3)
    seconds, after = setting.timed(lambda: instantdrag(model, None, flow, steps))
    return _ratio({"finite": bool(after.isfinite().all()), "ratio": seconds / (steps * one)}, "InstantDrag")


def _gradient(denoiser, z, dtype):
    """A function that gives the gradient of Eq. 2's first term at z."""
    from ...kernels.diffusion.feature_patches import patch_positions
    from ...kernels.dynadrag.motion_supervision import motion_loss

    side = z.shape[-1]
    scale = SCALE if dtype == torch.float16 else 1.0
    handles = torch.tensor([[0.4, 0.45], [0.6, 0.5]], device=z.device) * side
    sources, ends = (patch_positions(handles + way, 2) for way in (0, side / 20))

    def run():
        latent = z.clone().requires_grad_()
        features, _ = denoiser.tapped(latent, 500, -1, False)
        (scale * motion_loss(features, features, sources, ends)).backward()
        return latent.grad / scale

    return run


def _dynadrag(setting, size, name):
    from ..bench.cost import denoiser_of

    unet = network(setting, size, DTYPES[name])
    denoiser = denoiser_of(unet)
    z = torch.randn(1, 4, size.cells, size.cells, generator=torch.Generator().manual_seed(0)).to(setting.device)
    one = setting.median(lambda: denoiser(z, 500), runs=3, warm_up=1)
    run, rows, found = _gradient(denoiser, z, DTYPES[name]), {}, {}
    for way in ("kept", "computed again"):
        if way == "computed again":
            unet.enable_gradient_checkpointing()
        label = "with checkpointing" if way == "computed again" else "without checkpointing"
        try:
            run()
            (seconds, found[way]), peak = setting.peak(lambda: setting.timed(run))
        except torch.OutOfMemoryError:
            rows[label] = not_tried("the device has too little memory for it")
            continue
        if not found[way].isfinite().all() or not found[way].any():
            return rows | {label: failed("the gradient is zero or not finite")}
        rows[label] = passed(seconds / one, "times an evaluation")
        if peak is not None:
            rows[f"{label}: most memory"] = passed(peak / MIB, "MiB")
    if len(found) < 2:
        return rows
    again, kept = found["computed again"].double(), found["kept"].double()
    difference = ((again - kept).square().mean() / kept.square().mean()).sqrt().item()
    rows["the same gradient with checkpointing"] = judged(
        difference, "of its root mean square", RECOMPUTED[name], "differs from the gradient without"
    )
    return rows


METHODS = {"FastDrag": _fastdrag, "InstantDrag": _instantdrag, "LightningDrag": _lightningdrag}
# methods that there are for SD1.5 alone
SD15_ONLY = ("InstantDrag", "LightningDrag")


def _tried(setting, size, name, run):
    return not_tried(why) if (why := too_large(setting, size, DTYPES[name])) else run()


def checks(setting):
    for size in sizes(setting):
        names, _ = dtypes(setting, size)
        for name in names:
            for method, edit in METHODS.items():
                if size.name == "SD1.5" or method not in SD15_ONLY:
                    yield (
                        f"{method}, {size.label}, {name}",
                        lambda edit=edit, size=size, name=name: _tried(
                            setting, size, name, lambda: edit(setting, size, DTYPES[name])
                        ),
                    )
            yield (
                f"DynaDrag's gradient step, {size.label}, {name}",
                lambda size=size, name=name: _tried(setting, size, name, lambda: _dynadrag(setting, size, name)),
            )
