"""The memory that gradients take: blocks of a UNet that keep only their input and compute the rest again when it is
needed, and what is said when it is used up."""

from contextlib import contextmanager

import comfy.model_management
from comfy.ldm.modules.attention import BasicTransformerBlock
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from torch.utils.checkpoint import checkpoint

from ...kernels.diffusion.kv_cache import RESERVE

MODES = ("auto", "on", "off")


def _wanted(mode, device):
    """Whether the block that runs now is to be computed again; "auto" asks what the blocks before it have left free."""
    if mode == "auto":
        return lambda: comfy.model_management.get_free_memory(device) < RESERVE
    return lambda: mode == "on"


def _recomputed(forward, wanted):
    def call(*args, transformer_options=None, **kwargs):
        if transformer_options is not None:
            kwargs["transformer_options"] = transformer_options
        if not wanted():
            return forward(*args, **kwargs)
        if transformer_options is not None:
            # attention patches read from it where they are, and in the backward pass it has moved on
            kwargs["transformer_options"] = transformer_options.copy()
        return checkpoint(forward, *args, use_reentrant=False, **kwargs)

    return call


@contextmanager
def checkpointing(network, mode, device):
    """Within this context residual and transformer blocks of the network are checkpointed. What runs afterwards, the
    backward pass among it, needs it no more."""
    blocks = [module for module in network.modules() if isinstance(module, ResBlock | BasicTransformerBlock)]
    before = [vars(block).get("forward") for block in blocks]
    wanted = _wanted(mode, device)
    try:
        for block in blocks:
            block.forward = _recomputed(block.forward, wanted)
        yield
    finally:
        for block, forward in zip(blocks, before, strict=True):
            if forward is None:
                vars(block).pop("forward", None)
            else:
                block.forward = forward


@contextmanager
def memory_named(node):
    """Says what to lower when the device's memory is used up; ComfyUI then unloads its models, as it always does."""
    try:
        yield
    except comfy.model_management.OOM_EXCEPTION as error:
        # the frames hold what filled the memory
        error.with_traceback(None)
        raise comfy.model_management.OOM_EXCEPTION(
            f"{node}: the device's memory is used up; set checkpointing to on, use a smaller picture, or close other "
            "programs that use it"
        ) from None
