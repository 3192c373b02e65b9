"""What edit models have beside the rest of the flow-matching models: guidance, and a VAE whose latents can be read."""

import torch

from . import flow_models

KINDS = [kind for kind in ("flux", "flux2", "qwen", "longcat", "zimage", "omnigen2") if kind in flow_models.KINDS]


def conditioning(kind, seed):
    """That of flow_models, with the guidance that FLUX is distilled for."""
    ((text, options),) = flow_models.conditioning(kind, seed)
    return [[text, options | ({"guidance": 2.5} if kind.startswith("flux") else {})]]


class CellVAE:
    """Has the means of cells as latents of a kind, and gives them back."""

    def __init__(self, kind):
        self.kind, self.cell = kind, 16 if kind == "flux2" else 8
        self.latent_channels = 128 if kind == "flux2" else 16

    def spacial_compression_encode(self):
        return self.cell

    def encode(self, pixels):
        means = torch.nn.functional.avg_pool2d(2 * pixels[..., :3].movedim(-1, 1) - 1, self.cell)
        latent = means.repeat(1, self.latent_channels // 3 + 1, 1, 1)[:, : self.latent_channels]
        return latent[:, :, None] if self.kind == "qwen" else latent

    def decode(self, latent):
        means = latent[:, :3, 0] if latent.ndim == 5 else latent[:, :3]
        large = means.repeat_interleave(self.cell, -1).repeat_interleave(self.cell, -2)
        return (large.movedim(1, -1) / 2 + 0.5).clamp(0, 1)
