"""Latents whose cells hold 2 x 2 finer ones in their channels (FLUX.2's autoencoder): a move by half a cell is right
only on the finer ones."""

import torch.nn.functional as F

# channels of such a latent, (c row column); a picture's latent of another autoencoder has fewer
PACKED = 128
SIDE = 2


def unpack(latent):
    """Latent [B, 4 C, h, w] as its finer cells [B, C, 2 h, 2 w]."""
    return F.pixel_shuffle(latent, SIDE)


def pack(cells):
    """The inverse of unpack; also of masks."""
    return F.pixel_unshuffle(cells, SIDE)
