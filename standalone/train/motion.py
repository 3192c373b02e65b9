"""Training of the motion predictor (DynaDrag, Sec. 3.2.1): one network, one step ahead."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from ...kernels.motion.prediction import corrected
from ...kernels.motion.simvp import SimVP, metadata_of
from ..models.predictors import load_motion_predictor
from .checkpoints import read_checkpoint, restore, save_checkpoint
from .ema import Ema
from .learning_rate import cosine
from .motion_data import VALIDATION, bundled, open_data

# 1.6 MB as float16
SHIPPED = {"hid_S": 32, "hid_T": 128, "N_S": 4, "N_T": 2}
# how much more an error counts around handles, whose flow is what Eq. 4 reads, and how little one where nothing moves
AT_HANDLES, AT_REST = 4, 0.05
# how much more it counts to spoil a guess than to leave it as bad as it is, without a region and in one, where less was
# worse on real pictures; with 2 a training comes to correct nothing
HARM, HARM_INSIDE = 0.5, 1
# how much an error counts inside a region, whether anything moves there or not
INSIDE = 1
# pixels
STILL = 0.05


class TrainingError(ValueError):
    """A training that cannot be started; the message says why."""


def _accelerator(precision):
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise TrainingError('training needs more packages: pip install "dragkit[train]"') from error
    if precision == "auto":
        if torch.cuda.is_available():
            precision = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
        else:
            precision = "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else "no"
    return Accelerator(mixed_precision=precision)


def loss_of(predicted, guess, flow, weight, heatmap, inside):
    """Mean length of the error of the flow, in pixels, where content moves; errors around handles count more, and what
    is beyond the guess's own error most (HARM). What is still holds to the first guess: the network says where things
    go, not which ones; that is what the region says. Inside a painted one (inside is 1) it says what moves, too.

    Not its square (Eq. 1): where one picture leaves several motions open, the square's best answer is between them and
    spoils the many steps that the first guess has right.
    """
    moving = flow.norm(dim=1, keepdim=True) > STILL
    weight = weight * torch.where(moving, 1 + AT_HANDLES * heatmap, AT_REST + (INSIDE - AT_REST) * inside)
    aim = torch.where(moving | (inside > 0), flow, guess)

    def length(error):
        # smooth at zero
        return (error.square().sum(1, keepdim=True) + 1e-4).sqrt()

    error = length(predicted - aim)
    harm = torch.where(inside.amax((2, 3), keepdim=True) > 0, HARM_INSIDE, HARM)
    error = error + harm * (error - length(guess - aim)).clamp(min=0)
    return (error * weight).sum() / weight.sum().clamp(min=1)


def end_point_error(predicted, flow, weight, inside):
    """Mean length of the error, in pixels, where the content moves or, with a region, inside that."""
    moving = torch.where(inside.amax((2, 3), keepdim=True) > 0, inside, flow.norm(dim=1, keepdim=True) > STILL) * weight
    return ((predicted - flow).norm(dim=1, keepdim=True) * moving).sum() / moving.sum().clamp(min=1)


def draw_curves(curves, path):
    """PNG of the loss and the end-point error over the steps; curves: {name: [(step, value)]}."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise TrainingError('training needs more packages: pip install "dragkit[train]"') from error
    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, wanted in zip(figure.subplots(1, 2), ("loss", "end-point error"), strict=True):
        for name, values in curves.items():
            if wanted in name and values:
                axes.plot(*zip(*values, strict=True), label=name)
        axes.set(xlabel="step", ylabel="px", yscale="log")
        axes.legend()
    figure.savefig(path, dpi=110)


def export(network, path):
    """The weights as float16, the configuration in the metadata."""
    weights = {key: value.half().contiguous().cpu() for key, value in network.state_dict().items()}
    save_file(weights, path, metadata_of(network))


@torch.no_grad()
def validate(network, data, count, device):
    """{of what: end-point error} on `count` bundled samples of seeds that no training sees."""
    batches = [data[VALIDATION + i] for i in range(count)]
    inputs, guess, flow, weight, inside = (torch.stack(parts).to(device) for parts in zip(*batches, strict=True))
    predicted = corrected(guess, torch.cat([network(part).float() for part in inputs.split(16)]))
    painted = inside.amax((1, 2, 3)) > 0
    return {
        f"end-point error, held-out seeds{what}": end_point_error(
            *(part[chosen] for part in (predicted, flow, weight, inside))
        ).item()
        for what, chosen in (("", ~painted), (" in a region", painted))
    }


class _Log:
    """Means over the steps since the last entry."""

    def __init__(self):
        self.sums, self.count = {}, 0

    def add(self, **values):
        self.count += 1
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0) + value.detach()

    def take(self):
        means = {name: (total / self.count).item() for name, total in self.sums.items()}
        self.sums, self.count = {}, 0
        return means


def train_motion(
    folder, out, steps=20_000, batch=8, learning_rate=2e-3, seed=0, config=None, every=250, workers=0,
    precision="auto", validation=64, flow="dis", begin=None,
):  # fmt: skip
    """Trains and exports a predictor, from the weights in the file begin, if there is one; checkpoints beside `out`
    make an interrupted run go on where it stopped.

    Returns {"step": steps done, "curves": {name: [(step, value)]}, "skipped": files left out}.
    """
    accelerator = _accelerator(precision)
    torch.manual_seed(seed)
    out = Path(out)
    data = open_data(folder, seed, flow)
    if begin:
        network = load_motion_predictor(begin).train().requires_grad_(True)
    else:
        network = SimVP(**(config or SHIPPED))
        # it begins with the first guess
        torch.nn.init.zeros_(network.dec.readout.weight)
        torch.nn.init.zeros_(network.dec.readout.bias)
    network = network.to(memory_format=torch.channels_last)
    network.knows_regions = True
    ema = Ema(network, 0.997)
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, betas=(0.9, 0.99), weight_decay=1e-3)
    parts = {"network": network, "ema": ema.module, "optimizer": optimizer}
    checkpoint, start, curves = out.with_suffix(".checkpoint"), 0, {}
    if state := read_checkpoint(checkpoint):
        if state["config"] != network.config:
            raise TrainingError(f"{checkpoint} belongs to a network of other sizes; delete it or choose another --out")
        start, curves = state["step"], state["curves"]
        restore(parts, state)
    ema.module.to(accelerator.device)
    share = accelerator.num_processes * batch
    loader = DataLoader(Subset(data, range(start * share, steps * share)), batch, num_workers=workers)
    module, optimizer, loader = accelerator.prepare(network, optimizer, loader)
    held_out = bundled(seed) if folder else data
    log = _Log()
    bar = tqdm(
        loader, initial=start, total=steps, desc=out.stem, mininterval=5, disable=not accelerator.is_main_process
    )
    step = start
    for inputs, guess, flow, weight, inside in bar:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * cosine(step, steps, 0.03 * steps)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        predicted = corrected(guess, module(inputs).float())
        loss = loss_of(predicted, guess, flow, weight, inputs[:, 5:], inside)
        if not loss.isfinite():
            raise TrainingError(f"the loss became infinite at step {step}; a lower --learning-rate may help")
        optimizer.zero_grad(set_to_none=True)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        ema.update(network, step)
        log.add(**{"loss": loss, "end-point error": end_point_error(predicted.detach(), flow, weight, inside)})
        step += 1
        if step % every == 0 or step == steps:
            means = log.take()
            means |= validate(ema.module, held_out, validation, accelerator.device)
            for name, value in means.items():
                curves.setdefault(name, []).append((step, value))
            bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()})
            if accelerator.is_main_process:
                save_checkpoint(checkpoint, parts, step=step, curves=curves, config=network.config)
                draw_curves(curves, out.with_suffix(".png"))
                export(ema.module, out)
    accelerator.end_training()
    return {"step": step, "curves": curves, "skipped": data.skipped}
