"""Training of the demo LightningDrag: the demo model's UNet learns to paint a region anew from the picture, which the
frozen demo UNet shows it as appearance encoder, with what is at the handles brought to the targets."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from tqdm import tqdm

from ...kernels.diffusion.ddim import alphas_cumprod
from ...kernels.diffusion.kv_cache import KVCache
from ...kernels.diffusion.weight_deltas import pack_deltas
from ...kernels.lightningdrag.attention import REFERENCE_LEVELS, project_points
from ...kernels.lightningdrag.embedding import STRIDE, PointEmbedding, point_maps
from ...kernels.lightningdrag.files import FORMAT, LightningDragWeights, pack
from ...weights import TRAINED
from ..methods.lightningdrag import inpainting_channels
from ..models.drag_model import load_demo
from ..models.lightningdrag import CHANNELS
from ..models.point_hooks import PointHooks
from ..models.unet import self_attention
from ..models.widened import widened
from ..scenes.photographs import photograph
from .latent_windows import SIDE, Windows
from .loop import choices_of, run
from .noise_emphasis import noised, weighted_error
from .random_drags import MOVING, choices_of_drag, moved_pair

# how often the points are hidden, as the guidance asks
HIDDEN = 0.1
# pairs that a drag offers, and how many of them are shown at most
OFFERED, SHOWN = 16, 8
# pixels that content moves at least to be a handle
LEAST = 2.0
# published size 16: the demo has little to tell apart
EMBED_DIM = 2
# every so many steps sees whole pictures, whose borders tell where things are
WHOLE = 4


def pairs_of(flow, region, generator):
    """OFFERED (handle, target) [OFFERED, 4] in pixels, random among what moves in region [H, W] by FLOW [2, H, W] and
    stays in the picture; None if there is none."""
    height, width = region.shape
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    from_to = torch.stack((x, y, x + flow[0], y + flow[1]))
    inside = (from_to[2] > 0) & (from_to[2] < width) & (from_to[3] > 0) & (from_to[3] < height)
    found = from_to[:, (region > 0) & inside & (flow.norm(dim=0) > LEAST)].T
    return found[torch.randint(len(found), (OFFERED,), generator=generator)] if len(found) else None


class Bank:
    """Random drags: source and target latents [N, 4, 32, 32], what an inpainting UNet sees of the source
    [N, 5, 32, 32], and the pairs offered [N, OFFERED, 4]."""

    def __init__(self, model, photographs, count, seed):
        parts = []
        for i in tqdm(range(count), mininterval=10, desc="drags"):
            generator = choices_of_drag(seed, i)
            pairs = None
            while pairs is None:
                source, target, mask, flow = moved_pair(photographs, generator)
                pairs = pairs_of(flow, mask, generator)
            with torch.no_grad():
                seen = inpainting_channels(model.encode, source[None], mask[None].float())
                parts.append((*model.encode(torch.stack((source, target))).split(1), seen, pairs[None]))
        self.source, self.target, self.seen, self.pairs = (torch.cat(part) for part in zip(*parts, strict=True))
        self.windows = Windows(self.seen[:, :1])

    def batch(self, size, generator, side=SIDE):
        """Windows of random sources and targets, of what is seen beside them, point maps [size, 2, 8 * side, 8 * side],
        and which rows show their points [size, 1, 1]."""
        parts = self.source, self.target, self.seen
        index, corner, (source, target, seen) = self.windows.draw(parts, size, generator, side)
        maps, some = [], []
        for i, (y, x) in zip(index.tolist(), corner.tolist(), strict=True):
            pairs = self.pairs[i][torch.randperm(OFFERED, generator=generator)] - STRIDE * torch.tensor([x, y, x, y])
            pairs = pairs[((pairs > 0) & (pairs < STRIDE * side)).all(1)]
            chosen = pairs[: int(torch.randint(1, SHOWN + 1, (1,), generator=generator))]
            maps.append(point_maps(chosen[:, :2], chosen[:, 2:], STRIDE * side, STRIDE * side))
            some.append(len(chosen) > 0)
        shows = (torch.rand(size, generator=generator) >= HIDDEN) & torch.tensor(some)
        return source, target, seen, torch.cat(maps), shows.view(-1, 1, 1)


class Learner(nn.Module):
    """What is trained: a widened UNet, the point embedding and the projections of every transformer block."""

    def __init__(self, unet, embed_dim=EMBED_DIM):
        super().__init__()
        self.unet = unet.requires_grad_(True)
        depth = len(unet.config.block_out_channels) - 1
        self.embedding = PointEmbedding(embed_dim, depth)
        for weight in self.embedding.parameters():
            # without biases and with few pixels set, smaller ones would drown in the normalisation's epsilon
            nn.init.normal_(weight, std=2 / weight[0].numel() ** 0.5)
        # channels of the levels, as the UNet's blocks have their grids
        blocks = {name.removesuffix(".attn1"): module for name, module in self_attention(unet, "all").items()}
        self.blocks, projections = list(blocks), []
        for block, module in blocks.items():
            level = depth if block.startswith("mid") else int(block.split(".")[1])
            channels = 8 * embed_dim << (depth - level if block.startswith("up") else level)
            layers = {"norm": nn.LayerNorm(channels), "proj": nn.Linear(channels, module.to_q.in_features, bias=False)}
            projections.append(nn.ModuleDict(layers))
        self.projections = nn.ModuleList(projections)

    def points(self):
        """{block: weights} as kernels take them."""
        return {
            block: dict(projection.named_parameters())
            for block, projection in zip(self.blocks, self.projections, strict=True)
        }


def train_lightningdrag(folder, out, steps=12000, batch=12, count=4000, seed=0):
    """Trains and exports; checkpoints in `folder` make an interrupted run go on where it stopped."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = load_demo()
    learner = Learner(widened(model.denoiser.unet, CHANNELS)).to(memory_format=torch.channels_last)
    bank = Bank(model, [photograph(name) for name in TRAINED], count, seed)
    alphas = alphas_cumprod()

    def loss_of(step):
        generator = choices_of(seed, step)
        # as many cells in fewer pictures
        size, side = (max(1, batch // 4), 2 * SIDE) if step % WHOLE == 0 else (batch, SIDE)
        source, target, seen, maps, shows = bank.batch(size, generator, side)
        t, noise, noisy, emphasis = noised(target, alphas, generator)
        inputs = torch.cat((noisy, seen), 1)
        reference = KVCache(REFERENCE_LEVELS)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad(), model.denoiser.recording(reference, "all"):
                model.denoiser(source, 0)
            # numbers of points and small peaks are not for half precision
            with torch.autocast("cpu", enabled=False):
                points = project_points(learner.embedding(maps), learner.points())
            points = {block: tuple(one * shows for one in pair) for block, pair in points.items()}
            with PointHooks(learner.unet, reference, points, {}).entered():
                context = model.unprompted.expand(size, -1, -1)
                eps = learner.unet(inputs.contiguous(memory_format=torch.channels_last), t, context).sample
        return weighted_error(eps.float(), noise, 1 + MOVING * seen[:, :1], emphasis)

    export(run(learner, loss_of, steps, 1e-3, folder / "lightningdrag.pt", decay=0.998), out)


def export(learner, path):
    """What the training changed: of the demo model's UNet as differences, the rest as float16."""
    points = {
        block: {key: value.detach().half() for key, value in weights.items()}
        for block, weights in learner.points().items()
    }
    weights = LightningDragWeights(
        {key: value.half() for key, value in learner.embedding.state_dict().items()}, points,
        unet=pack_deltas(learner.unet.state_dict(), load_demo().denoiser.unet.state_dict()),
    )  # fmt: skip
    save_file({key: value.contiguous() for key, value in pack(weights).items()}, path, {"format": FORMAT})
