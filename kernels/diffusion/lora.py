"""Low-rank adaptation of a linear layer (LoRA, Hu et al. 2021, Eq. 3) in weight space: W + B A."""

import torch


class LowRank:
    """B A for a weight [rows, columns], at first 0: `up` is B [rows, rank], `down` A [rank, columns]; both float32.

    A starts as diffusers' LoRA layer does, with a spread of 1 / rank, and no factor stands before the product.
    """

    def __init__(self, rows, columns, rank, generator, device):
        down = torch.randn(rank, columns, generator=generator) / rank
        self.down = down.to(device).requires_grad_()
        self.up = torch.zeros(rows, rank, device=device, requires_grad=True)

    def __call__(self, weight):
        """weight [rows, columns] + B A, summed in float32, in the precision of weight."""
        return torch.addmm(weight.float(), self.up, self.down).to(weight)


def state_dict(adapters):
    """What LoRA files hold, on the CPU, for adapters {name of the layer: LowRank}."""
    weights = {}
    for name, adapter in adapters.items():
        for part in ("up", "down"):
            weights[f"{name}.lora_{part}.weight"] = getattr(adapter, part).detach().cpu()
    return weights


def merged(weight, up, down, alpha=None):
    """weight with alpha / rank * up down added, of a linear layer (up [rows, rank], down [rank, columns]) or a
    convolution (up [rows, rank, 1, 1], down [rank, columns, height, width]); alpha None is rank."""
    scale = 1.0 if alpha is None else alpha / down.shape[0]
    product = up.float().flatten(1) @ down.float().flatten(1)
    return (weight.float() + scale * product.view(weight.shape)).to(weight)
