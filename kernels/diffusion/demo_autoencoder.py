"""The demo model's autoencoder: 8x, 4 channels, every convolution at half resolution or less."""

import torch
from torch import nn


def _conv(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)


class _Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(nn.SiLU(), _conv(channels, channels), nn.SiLU(), _conv(channels, channels))
        nn.init.zeros_(self.body[-1].weight)

    def forward(self, x):
        return x + self.body(x)


def _stage(channels, blocks):
    return [_Block(channels) for _ in range(blocks)]


class DemoAutoencoder(nn.Module):
    """Images [B, 3, H, W] in -1..1 <-> latents [B, 4, H/8, W/8] in the units of SD1.5's autoencoder, that is with
    unit variance after multiplication by 0.18215. H and W are multiples of 8."""

    scaling_factor = 0.18215

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4), _conv(48, 96), *_stage(96, 2), _conv(96, 128, 2), *_stage(128, 2), nn.SiLU(),
            _conv(128, 4),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            _conv(4, 144), *_stage(144, 4), _conv(144, 96 * 4), nn.PixelShuffle(2), *_stage(96, 3),
            _conv(96, 40 * 4), nn.PixelShuffle(2), *_stage(40, 2), nn.SiLU(), _conv(40, 12), nn.PixelShuffle(2),
        )  # fmt: skip
        self.register_buffer("mean", torch.zeros(1, 4, 1, 1))
        self.register_buffer("std", torch.ones(1, 4, 1, 1))

    def encode(self, images):
        return (self.encoder(images) - self.mean) / (self.std * self.scaling_factor)

    def decode(self, latents):
        return self.decoder(latents * (self.std * self.scaling_factor) + self.mean)
