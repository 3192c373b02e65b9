"""FlowGen (InstantDrag, Shin et al. 2024): the pix2pix U-Net (Isola et al. 2017) from a picture with sparse drags to
how everything moves. Parameter names are those of the published weights."""

import torch
from torch import nn

from ..diffusion.state_dicts import misfit

INPUTS, OUTPUTS = 5, 2
# of the picture that the network sees: eight levels halve it to one cell
SIDE = 256
# channels of the levels, in multiples of ngf
MULTIPLES = (1, 2, 4, 8, 8, 8, 8, 8)
# of GroupNorm, and so what ngf is a multiple of
GROUPS = 32
FIRST = "model.model.0.weight"


class FlowGenError(ValueError):
    """Weights that are no FlowGen; the message says why."""


def _down(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 4, 2, 1)


def _up(inputs, outputs):
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)


class _Level(nn.Module):
    """Halves its input, runs the level inside, doubles the size again, and puts the input in front of the result."""

    def __init__(self, outer, inner, inside, dropout):
        super().__init__()
        middle = [nn.GroupNorm(GROUPS, inner), inside] if inside else []
        up = [nn.ReLU(), _up(2 * inner if inside else inner, outer), nn.GroupNorm(GROUPS, outer)]
        self.model = nn.Sequential(
            nn.LeakyReLU(0.2), _down(outer, inner), *middle, *up, *([nn.Dropout(0.5)] if dropout else [])
        )

    def forward(self, x):
        return torch.cat((x, self.model(x)), 1)


class _Outermost(nn.Module):
    def __init__(self, channels, inside):
        super().__init__()
        self.model = nn.Sequential(_down(INPUTS, channels), inside, nn.ReLU(), _up(2 * channels, OUTPUTS), nn.Tanh())

    def forward(self, x):
        return self.model(x)


class FlowGen(nn.Module):
    """Maps [B, 5, 256, 256] (RGB in -1..1, dx, dy) to [B, 2, 256, 256] in -1..1. ngf 64 is the published size (54.4
    million parameters); ngf is a multiple of 32. Dropout is only for training."""

    def __init__(self, ngf=64):
        super().__init__()
        channels, inside = [ngf * multiple for multiple in MULTIPLES], None
        for i in range(len(channels) - 1, 0, -1):
            same = channels[i - 1] == channels[i]
            inside = _Level(channels[i - 1], channels[i], inside, dropout=same and inside is not None)
        self.model = _Outermost(ngf, inside)

    def forward(self, x):
        return self.model(x)


def build(weights, name):
    """The FlowGen, float32 and in evaluation mode, of a state dict of any ngf; FlowGenError names the file."""
    if FIRST not in weights:
        found = f"it begins with {next(iter(weights))}" if weights else "it is empty"
        raise FlowGenError(f"{name} is no FlowGen: it has no {FIRST}, {found}")
    ngf = weights[FIRST].shape[0]
    if not 0 < ngf <= 256 or ngf % GROUPS:
        raise FlowGenError(f"{name} is no FlowGen: its first layer has {ngf} channels; FlowGen's has 64")
    # nothing is allocated before the tensors are seen to fit
    with torch.device("meta"):
        network = FlowGen(ngf)
    if problem := misfit(weights, network):
        raise FlowGenError(f"{name} is no FlowGen: {problem}")
    network.load_state_dict({key: value.float() for key, value in weights.items()}, assign=True)
    return network.eval().requires_grad_(False)
