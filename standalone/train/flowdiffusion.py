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
from ..scenes.photographs import photograph
from .latent_windows import Windows
from .loop import choices_of, run
from .noise_emphasis import noised, weighted_error
from .random_drags import MOVING, choices_of_drag, moved_pair

# how often nothing moves, and how often neither picture nor motion is shown, as the guidance asks
STILL, BLIND = 0.08, 0.08
# picture and motion are learned in units in which they are about 1 large; drags are short fractions of a picture
UNIT = 1 / 8


class Bank:
    """Latents of random drags: source and target [N, 4, 32, 32], flow [N, 2, 32, 32] in fractions of the picture, and
    region [N, 1, 32, 32]."""

    def __init__(self, model, photographs, count, seed, group=20):
        self.scale, parts = model.scaling_factor, []
        for start in tqdm(range(0, count, group), mininterval=10, desc="drags"):
            made = [moved_pair(photographs, choices_of_drag(seed, i)) for i in range(start, min(start + group, count))]
            source, target, mask, flow = (torch.stack(part) for part in zip(*made, strict=True))
            with torch.no_grad():
                source, target = model.encode(source), model.encode(target)
            cells = source.shape[-2:]
            region = F.adaptive_max_pool2d(mask[:, None].float(), cells)
            parts.append((source, target, flow_channels(flow, *cells), region))
        self.source, self.target, self.flow, self.region = (torch.cat(part) for part in zip(*parts, strict=True))
        self.windows = Windows(self.region)

    def batch(self, size, generator):
        """Windows of random targets [size, 4, 16, 16], the 6 channels to see beside them, and weights
        [size, 1, 16, 16]."""
        parts = self.source, self.target, self.flow, self.region
        _, _, (source, target, flow, region) = self.windows.draw(parts, size, generator)
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
        generator = choices_of(seed, step)
        clean, seen, weight = bank.batch(batch, generator)
        t, noise, noisy, emphasis = noised(clean, alphas, generator)
        inputs = (torch.cat((noisy, seen), 1) * unit).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            eps = unet(inputs, t, context).sample
        return weighted_error(eps.float(), noise, weight, emphasis)

    learned = run(unet, loss_of, steps, 1e-3, folder / "flowdiffusion.pt", decay=0.998)
    learned.conv_in.weight.data *= unit
    export(learned, out)


def export(unet, path):
    """What the training changed of the demo model's UNet."""
    packed = pack_deltas(unet.state_dict(), load_demo().denoiser.unet.state_dict())
    save_file({name: value.contiguous() for name, value in packed.items()}, path, {"format": FORMAT})
