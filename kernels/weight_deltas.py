"""Weights learned on top of known ones, in a quarter of the room of float32: int8 differences, one scale per output."""

import torch
import torch.nn.functional as F

DELTA, SCALE = ".delta", ".scale"


def _like(base, shape):
    """base with zeros for the inputs that it lacks: widened layers have more."""
    return (
        base.float()
        if list(base.shape) == list(shape)
        else F.pad(base.float(), (0, 0, 0, 0, 0, shape[1] - len(base[0])))
    )


def pack_deltas(learned, base):
    """Tensors of a file from state dicts: of matrices and kernels the int8 difference to base and its float16 scales,
    of vectors the float16 values. A kernel may have more inputs than its base, which counts as 0 there."""
    packed = {}
    for name, value in learned.items():
        if value.ndim == 1:
            packed[name] = value.half()
            continue
        delta = (value.float() - _like(base[name], value.shape)).flatten(1)
        scale = (delta.abs().amax(1, keepdim=True) / 127).clamp(min=1e-7).half()
        packed[name + DELTA] = (delta / scale.float()).round().clamp(-127, 127).to(torch.int8).view(value.shape)
        packed[name + SCALE] = scale.flatten()
    return packed


def unpack_deltas(packed, base):
    """The learned float32 state dict of pack_deltas' tensors and the same base."""
    learned = {}
    for name, value in packed.items():
        if name.endswith(DELTA):
            name = name.removesuffix(DELTA)
            scale = packed[name + SCALE].float()
            delta = (value.float().flatten(1) * scale[:, None]).view(value.shape)
            learned[name] = _like(base[name], value.shape) + delta
        elif not name.endswith(SCALE):
            learned[name] = value.float()
    return learned
