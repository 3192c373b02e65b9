"""Weights learned on top of known ones, in a fifth of the room of float32: 6 bit differences, one scale per output."""

import torch
import torch.nn.functional as F

DELTA, SCALE = ".delta", ".scale"
# differences are -LARGEST to LARGEST times their scale
LARGEST = 31
# the first and the last layer stay float16: they are small, and their errors go straight to the noise predicted
WHOLE = ("conv_in.weight", "conv_out.weight")


def _pack(codes):
    """uint8 of numbers 0..63 [n], four in three bytes."""
    a, b, c, d = F.pad(codes, (0, -len(codes) % 4)).view(-1, 4).unbind(1)
    return torch.stack((a << 2 | b >> 4, (b & 15) << 4 | c >> 2, (c & 3) << 6 | d), 1).flatten().to(torch.uint8)


def _unpack(packed, count):
    x, y, z = packed.int().view(-1, 3).unbind(1)
    return torch.stack((x >> 2, (x & 3) << 4 | y >> 4, (y & 15) << 2 | z >> 6, z & 63), 1).flatten()[:count]


def pack_deltas(learned, base):
    """Tensors of a file from two state dicts of a UNet: of matrices and kernels the differences and their float16
    scales, of vectors and of WHOLE, which base may lack or have narrower, the float16 values."""
    packed = {}
    for name, value in learned.items():
        if value.ndim == 1 or name in WHOLE:
            packed[name] = value.half()
            continue
        delta = (value.float() - base[name].float()).flatten(1)
        scale = (delta.abs().amax(1, keepdim=True) / LARGEST).clamp(min=1e-7).half()
        codes = (delta / scale.float()).round().clamp(-LARGEST, LARGEST).int() + LARGEST
        packed[name + DELTA], packed[name + SCALE] = _pack(codes.flatten()), scale.flatten()
    return packed


def packed_shapes(learned):
    """{name: shape} of what pack_deltas makes of such a state dict."""
    shapes = {}
    for name, value in learned.items():
        if value.ndim == 1 or name in WHOLE:
            shapes[name] = list(value.shape)
        else:
            shapes |= {name + DELTA: [-(-value.numel() // 4) * 3], name + SCALE: [len(value)]}
    return shapes


def unpack_deltas(packed, base):
    """The learned float32 state dict of pack_deltas' tensors and the same base."""
    learned = {}
    for name, value in packed.items():
        if name.endswith(DELTA):
            name = name.removesuffix(DELTA)
            known, scale = base[name].float(), packed[name + SCALE].float()
            codes = _unpack(value, known.numel()).view(len(known), -1) - LARGEST
            learned[name] = known + (codes * scale[:, None]).view(known.shape)
        elif not name.endswith(SCALE):
            learned[name] = value.float()
    return learned
