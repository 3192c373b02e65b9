"""Memory that runs out on purpose, and memory that must not grow from edit to edit."""

import gc

import torch

from ..bench.cost import SMALL_CONFIG, denoiser_of, random_unet, used_bytes
from ..out_of_memory import memory_named
from ..user_input import UserError
from .outcome import failed, judged, not_tried, passed
from .setting import GIB, MIB

EDITS, QUICK = 1000, 50
# a few hundred edits of the smallest network take as long as one of a real one
TINY = SMALL_CONFIG | {"block_out_channels": [32, 32], "layers_per_block": 1, "down_block_types": [
    "CrossAttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "cross_attention_dim": 32}  # fmt: skip
CELLS = 16
# bytes that an allocator may keep: a card's own count is exact, resident memory is not
SLACK = {"cuda": 1 * MIB, "cpu": 32 * MIB}


def _model(setting):
    from ...kernels.diffusion.ddim import alphas_cumprod
    from ..models.drag_model import DragModel

    latent = torch.randn(1, 4, CELLS, CELLS, generator=torch.Generator().manual_seed(0)).to(setting.device)
    denoiser = denoiser_of(random_unet(TINY, setting.device))
    return DragModel(lambda image: latent, lambda z: z, denoiser, alphas_cumprod())


def _edit(model, callback=None):
    from ...kernels.points.drag_points import DragPoints
    from ..methods.fastdrag import fastdrag

    return fastdrag(model, None, DragPoints([[0.3, 0.4]], [[0.55, 0.5]]), steps=3, callback=callback)


def _state(model):
    """A network's weights, and how many hooks hang on it."""
    unet = model.denoiser.unet
    hooks = sum(len(one._forward_hooks) + len(one._forward_pre_hooks) for one in unet.modules())
    return {key: value.clone() for key, value in unet.state_dict().items()}, hooks


def _run_out(setting):
    """Uses up the device's memory in the middle of an edit, or, on the CPU, says so as torch does."""

    def callback(done, total):
        if done == total - 1:
            if not setting.is_cuda:
                raise torch.OutOfMemoryError("a stand-in: there is no card whose memory could be used up")
            # more than there is, whichever card it is
            torch.empty(4096 * GIB, dtype=torch.uint8, device=setting.device)

    return callback


def _out_of_memory(setting):
    model = _model(setting)
    expected, (weights, hooks) = _edit(model), _state(model)
    said = None
    try:
        with memory_named():
            _edit(model, _run_out(setting))
    except UserError as error:
        said = str(error)
    if said is None:
        return failed("an edit that ran out of memory said nothing")
    if "\n" in said or "memory" not in said:
        return failed(f"what was said is not one sentence about memory: {said.splitlines()[0]}")
    after, left = _state(model)
    if any(not torch.equal(after[key], value) for key, value in weights.items()):
        return failed("the model's weights have changed")
    if left != hooks:
        return failed("hooks are left on the model", left - hooks, "hooks", 0)
    if not torch.equal(_edit(model), expected):
        return failed("the edit after it gives another latent")
    stand_in = "" if setting.is_cuda else " (raised by a stand-in: the CPU's memory is not used up)"
    return passed(reason=f'said: "{said}"; the model and the next edit are as before{stand_in}')


def _growth(setting):
    kind = "cuda" if setting.is_cuda else "cpu"
    count = QUICK if setting.quick else EDITS
    model = _model(setting)

    def used():
        gc.collect()
        setting.wait()
        return used_bytes(setting.device)

    for _ in range(count // 10):
        _edit(model)
    before = used()
    if before is None:
        return not_tried("this system does not say how much memory a process has")
    for _ in range(count):
        _edit(model)
    return judged(
        (used() - before) / MIB, f"MiB after {count} edits", SLACK[kind] / MIB, "memory grows from edit to edit"
    )


def checks(setting):
    yield "memory used up in an edit", lambda: _out_of_memory(setting)
    yield f"memory over {QUICK if setting.quick else EDITS} edits", lambda: _growth(setting)
