"""LightningDrag's point embedding (Shi et al. 2024): where each pair of points starts and ends, as features of the
grids of a UNet. Parameter names are those of the published weights."""

import torch
import torch.nn.functional as F
from torch import nn

from ..diffusion.state_dicts import misfit

# pixels per latent cell
STRIDE = 8
# the largest number up to which bfloat16 tells whole numbers apart; pairs are told apart by their number
MAX_POINTS = 256
# strided blocks down to the latent grid, and those that halve it again for the levels of SD1.5
TO_LATENT, BELOW = 3, 3
FIRST, HALVING = "conv_in.weight", "downsample_blocks_unet.{}.conv1.weight"


class PointEmbeddingError(ValueError):
    """Points or weights that the point embedding cannot take; the message says why."""


def _marked(points, height, width):
    pixels = points.floor().long().clamp(min=0).minimum(torch.tensor([width - 1, height - 1]))
    found = torch.zeros(height, width, dtype=torch.long)
    for number, (x, y) in enumerate(pixels.tolist(), 1):
        found[y, x] = number
    return found


def point_maps(handles, targets, height, width):
    """[1, 2, height, width] int64, handle map | target map: k at the one pixel of point k (from 1), else 0; where
    several points share a pixel the last one's number stands.

    Points [N, 2] are (x, y) in pixels, 0.5 = centre of the first one. PointEmbeddingError for N > 256.
    """
    if len(handles) > MAX_POINTS:
        raise PointEmbeddingError(
            f"there are {len(handles)} points; the maps of LightningDrag can number {MAX_POINTS} at most"
        )
    return torch.stack([_marked(points.cpu(), height, width) for points in (handles, targets)])[None]


def hidden_points(maps, count):
    """Numbers (from 1) of those of `count` points that are missing in a map, since a later one has their pixel."""
    shown = [set(one.unique().tolist()) for one in maps[0]]
    return [number for number in range(1, count + 1) if not all(number in one for one in shown)]


class _Block(nn.Module):
    """Halves the grid, rounding up as the UNet does."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)

    def forward(self, x):
        return F.silu(self.conv2(F.silu(self.conv1(x))))


class PointEmbedding(nn.Module):
    """[B, 2, H, W] of point_maps -> [(handle, target), ...] for the latent grid (1/8) and its `below` halves; level i
    has 8 * embed_dim * 2**i channels in each, and ceil(H / 2**(3 + i)) rows. embed_dim 16 is the published size (75.5
    million parameters). Without points everything is 0."""

    def __init__(self, embed_dim=16, below=BELOW):
        super().__init__()
        widths = [2 * embed_dim << i for i in range(TO_LATENT + below + 1)]
        self.conv_in = nn.Conv2d(2, widths[0], 3, 1, 1, bias=False)
        blocks = [_Block(*pair) for pair in zip(widths, widths[1:], strict=False)]
        self.downsample_blocks_vae = nn.ModuleList(blocks[:TO_LATENT])
        self.downsample_blocks_unet = nn.ModuleList(blocks[TO_LATENT:])

    def forward(self, maps):
        x = self.conv_in(maps.to(self.conv_in.weight))
        for block in self.downsample_blocks_vae:
            x = block(x)
        levels = [x]
        for block in self.downsample_blocks_unet:
            levels.append(block(levels[-1]))
        return [level.chunk(2, 1) for level in levels]


def build(weights, name):
    """The PointEmbedding, float32 and in evaluation mode, of a state dict of any embed_dim with 1 to 4 levels;
    PointEmbeddingError names the file."""
    if FIRST not in weights:
        found = f"it begins with {next(iter(weights))}" if weights else "it is empty"
        raise PointEmbeddingError(f"{name} is no point embedding of LightningDrag: it has no {FIRST}, {found}")
    channels = weights[FIRST].shape[0]
    if not 0 < channels <= 256 or channels % 2:
        raise PointEmbeddingError(
            f"{name} is no point embedding of LightningDrag: its first layer has {channels} channels; the published "
            "one has 32"
        )
    below = next(i for i in range(BELOW + 1) if i == BELOW or HALVING.format(i) not in weights)
    # nothing is allocated before the tensors are seen to fit
    with torch.device("meta"):
        network = PointEmbedding(channels // 2, below)
    if problem := misfit(weights, network):
        raise PointEmbeddingError(f"{name} is no point embedding of LightningDrag: {problem}")
    network.load_state_dict({key: value.float() for key, value in weights.items()}, assign=True)
    return network.eval().requires_grad_(False)
