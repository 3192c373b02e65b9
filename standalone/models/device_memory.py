"""How much memory a device has left."""

import math

import torch


def free_memory(device):
    """Free bytes of a CUDA device; infinite for others, which have the computer's memory."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else math.inf
