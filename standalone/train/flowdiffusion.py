"""Training of the demo FlowDiffusion (InstantDrag): the demo model's UNet learns to see a picture and a motion."""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from tqdm import tqdm

from ...kernels.diffusion.ddim import alphas_cumprod
from ...kernels.diffusion.weight_deltas import pack_deltas
from ...kernels.instantdrag.conditioning import branches, flow_channels
from ...weights import TRAINED
from ..models.drag_model import load_demo
from ..models.flowdiffusion import CHANNELS, FORMAT
from ..models.widened import widened
from ..scenes.ground_truth import KINDS, SIZES, moved
from ..scenes.motions import random_scene
from ..scenes.photographs import photograph
from .demo import run
from .latent_windows import corners, cut, middles
from .noise_emphasis import noised

# how often nothing moves, and how often neither picture nor motion is shown, as the guidance asks
STILL, BLIND = 0.08, 0.08
# how much more errors count where something moves
MOVING = 3.0
# picture and motion are learned in units in which they are about 1 large; drags are short fractions of a picture
UNIT = 1 / 8
SEEDS = 1 << 32


def _pick(values, generator):
    return values[int(torch.randint(len(values), (1,), generator=generator))]


def moved_pair(photographs, generator):
    """Source and target picture [3, 256, 256] in 0..1, region [256, 256] and FLOW [2, 256, 256] of a random drag, on a
    photograph as it is or moved itself."""

    def picture():
        return random_scene(photographs, generator) if torch.rand(1, generator=generator) < 0.4 else pick()

    def pick():
        return _pick(photographs, generator)

    source, target, mask, _, flow = moved(
        _pick(KINDS, generator), _pick(SIZES, generator), picture(), pick(), generator
    )
    return source, target, mask, flow


class Bank:
    """Latents of random drags: source and target [N, 4, 32, 32], flow [N, 2, 32, 32] in fractions of the picture, and
    region [N, 1, 32, 32]."""

    def __init__(self, model, photographs, count, seed, group=20):
        self.scale, parts = model.scaling_factor, []
        for start in tqdm(range(0, count, group), mininterval=10, desc="drags"):
            made = [
                moved_pair(photographs, torch.Generator().manual_seed(SEEDS * (seed + 1) + i))
                for i in range(start, min(start + group, count))
            ]
            source, target, mask, flow = (torch.stack(part) for part in zip(*made, strict=True))
            with torch.no_grad():
                source, target = model.encode(source), model.encode(target)
            cells = source.shape[-2:]
            region = F.adaptive_max_pool2d(mask[:, None].float(), cells)
            parts.append((source, target, flow_channels(flow, *cells), region))
        self.source, self.target, self.flow, self.region = (torch.cat(part) for part in zip(*parts, strict=True))
        self.middles = middles(self.region)

    def batch(self, size, generator):
        """Windows of random targets [size, 4, 16, 16], the 6 channels to see beside them, and weights
        [size, 1, 16, 16]."""
        index = torch.randint(len(self.source), (size,), generator=generator)
        corner = corners(self.middles[index], *self.source.shape[-2:], generator)
        source, target, flow, region = (
            cut(part[index], corner) for part in (self.source, self.target, self.flow, self.region)
        )
        chance = torch.rand(size, 1, 1, 1, generator=generator)
        still, blind = chance < STILL, (chance >= STILL) & (chance < STILL + BLIND)
        # where nothing moves the picture stays
        target = torch.where(still, source, target)
        shown, alone, none = branches(source / self.scale, flow)
        return target, torch.where(blind, none, torch.where(still, alone, shown)), 1 + MOVING * region


def train_flowdiffusion(folder, out, steps=12000, batch=12, count=3000, seed=0):
    """Trains and exports; checkpoints in `folder` make an interrupted run go on where it stopped."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = load_demo()
    unet = widened(model.denoiser.unet, CHANNELS).requires_grad_(True).to(memory_format=torch.channels_last)
    with torch.no_grad():
        # what it makes of a noisy picture is a beginning for what to make of a clean one
        unet.conv_in.weight[:, 4:8] = unet.conv_in.weight[:, :4]
    bank = Bank(model, [photograph(name) for name in TRAINED], count, seed)
    alphas, context = alphas_cumprod(), torch.zeros(batch, 1, 32)
    unit = torch.tensor([1.0] * 4 + [model.scaling_factor] * 4 + [1 / UNIT] * 2).view(-1, 1, 1)

    def loss_of(step):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        clean, seen, weight = bank.batch(batch, generator)
        t, noise, noisy, emphasis = noised(clean, alphas, generator)
        inputs = (torch.cat((noisy, seen), 1) * unit).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            eps = unet(inputs, t, context).sample
        return ((eps.float() - noise).square() * weight * emphasis).sum() / (weight.sum() * clean.shape[1])

    learned = run(unet, loss_of, steps, 1e-3, folder / "flowdiffusion.pt", decay=0.998)
    learned.conv_in.weight.data *= unit
    export(learned, out)


def export(unet, path):
    """What the training changed of the demo model's UNet."""
    packed = pack_deltas(unet.state_dict(), load_demo().denoiser.unet.state_dict())
    save_file({name: value.contiguous() for name, value in packed.items()}, path, {"format": FORMAT})
