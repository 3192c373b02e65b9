"""Training of the demo model: an autoencoder, then a UNet on its latents, both on moved bundled photographs."""

import copy
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from tqdm import tqdm

from ...kernels.diffusion.ddim import alphas_cumprod
from ...kernels.diffusion.demo_autoencoder import DemoAutoencoder
from ...weights import DEMO, TRAINED
from ..scenes.motions import random_scene
from ..scenes.photographs import photograph
from .ema import Ema


def run(module, loss_of, steps, learning_rate, checkpoint, decay=0.999):
    """Trains `module` by AdamW with warm-up and cosine decay on loss_of(step); resumes from the checkpoint file if it
    is there, writes it every 500 steps, returns the averaged module."""
    optimizer = torch.optim.AdamW(
        [p for p in module.parameters() if p.requires_grad], lr=learning_rate, betas=(0.9, 0.995), weight_decay=1e-4
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min(1, (i + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, i / steps))))
    )
    ema, start = Ema(module, decay), 0
    checkpoint = Path(checkpoint)
    parts = {"module": module, "ema": ema.module, "optimizer": optimizer, "schedule": schedule}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        start = state.pop("step")
        for name, part in parts.items():
            part.load_state_dict(state[name])
    bar = tqdm(range(start, steps), initial=start, total=steps, mininterval=10, desc=checkpoint.stem)
    mean_loss = None
    for step in bar:
        loss = loss_of(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 0.5)
        optimizer.step()
        schedule.step()
        ema.update(module, step)
        mean_loss = loss.item() if mean_loss is None else 0.99 * mean_loss + 0.01 * loss.item()
        bar.set_postfix(loss=f"{mean_loss:.4f}", refresh=False)
        if (step + 1) % 500 == 0 or step + 1 == steps:
            temporary = checkpoint.with_suffix(".part")
            torch.save({name: part.state_dict() for name, part in parts.items()} | {"step": step + 1}, temporary)
            temporary.replace(checkpoint)
    return ema.module


def scenes(photographs, generator, count):
    """[count, 3, 256, 256] in -1..1."""
    return torch.stack([random_scene(photographs, generator) for _ in range(count)]) * 2 - 1


def _gradients(x):
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(output, target):
    """Mean square and mean absolute error, the latter also of the image gradients, so that edges stay sharp."""
    edges = sum(F.l1_loss(a, b) for a, b in zip(_gradients(output), _gradients(target), strict=True))
    return 5 * F.mse_loss(output, target) + 0.5 * F.l1_loss(output, target) + 0.5 * edges


def _random_affine(generator, count):
    """Sampling grids of random turns, zooms and shifts for square batches: theta [count, 2, 3]."""
    angle, scale, dx, dy = (torch.rand(4, count, generator=generator) * 2 - 1) * torch.tensor(
        [[0.5], [0.35], [0.3], [0.3]]
    )
    scale = torch.exp(scale)
    c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
    return torch.stack((torch.stack((c, -s, dx), -1), torch.stack((s, c, dy), -1)), 1)


def _warp(x, theta):
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, "bilinear", "reflection", align_corners=False)


def train_autoencoder(folder, steps, seed=0):
    """Half of each batch is decoded from a warped latent and compared with the warped picture, so that moving latents
    moves pictures (equivariance regularisation as in EQ-VAE, Kouzelis et al. 2025)."""
    torch.manual_seed(seed)
    photographs = [photograph(name) for name in TRAINED]
    module = DemoAutoencoder().to(memory_format=torch.channels_last)

    def loss_of(step):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        images = scenes(photographs, generator, 4)
        corners = torch.randint(0, 129, (4, 4, 2), generator=generator).tolist()
        crops = torch.cat([images[i, None, :, y : y + 128, x : x + 128] for i in range(4) for y, x in corners[i]])
        crops = crops.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            latents = module.encoder(crops)
        latents = latents.float()
        theta = _random_affine(generator, 8)
        moved = torch.cat((_warp(latents[:8], theta), latents[8:]))
        target = torch.cat((_warp(crops[:8], theta), crops[8:]))
        with torch.autocast("cpu", torch.bfloat16):
            output = module.decoder(moved + 0.03 * torch.randn(moved.shape, generator=generator))
        return reconstruction_loss(output.float(), target) + 1e-3 * latents.square().mean()

    module = run(module, loss_of, steps, 5e-4, Path(folder) / "autoencoder.pt")
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        latents = module.encoder(scenes(photographs, generator, 64))
    module.mean.copy_(latents.mean((0, 2, 3), keepdim=True))
    module.std.copy_(latents.std((0, 2, 3), keepdim=True))
    return module


def refine_decoder(folder, autoencoder, steps, seed=0):
    """The decoder alone goes on learning, two thirds of the time on the photographs as they are; the latents stay."""
    torch.manual_seed(seed)
    photographs = [photograph(name) for name in TRAINED]
    module = copy.deepcopy(autoencoder.decoder).requires_grad_(True).to(memory_format=torch.channels_last)

    def loss_of(step):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + 500_000_000 + step)
        plain = torch.stack([photographs[(2 * step + i) % len(photographs)] for i in range(2)]) * 2 - 1
        images = torch.cat((scenes(photographs, generator, 1), plain)).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                latents = autoencoder.encoder(images).float()
            output = module(latents + 0.02 * torch.randn(latents.shape, generator=generator))
        return reconstruction_loss(output.float(), images)

    autoencoder.decoder = run(module, loss_of, steps, 3e-4, Path(folder) / "decoder.pt")
    return autoencoder


def new_unet():
    """The demo model's UNet: SD1.5's plan at 64 channels and three levels, 3.1 M parameters."""
    return UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(64, 64, 64),
        layers_per_block=2,
        cross_attention_dim=32,
        attention_head_dim=2,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    )


def latent_bank(autoencoder, photographs, count, seed):
    """Latents [count, 4, 32, 32] of random scenes, with unit variance."""
    generator = torch.Generator().manual_seed(seed)
    bank = torch.empty(count, 4, 32, 32)
    with torch.no_grad():
        for start in tqdm(range(0, count, 20), mininterval=10, desc="latents"):
            bank[start : start + 20] = autoencoder.encode(scenes(photographs, generator, 20))[: count - start]
    return bank * autoencoder.scaling_factor


def train_unet(folder, autoencoder, steps, batch=10, scene_count=3000, seed=0):
    """Noise prediction at uniform timesteps; the context is one zero token, the empty prompt."""
    torch.manual_seed(seed)
    photographs = [photograph(name) for name in TRAINED]
    bank = latent_bank(autoencoder, photographs, scene_count, seed + 2)
    alphas = alphas_cumprod()
    module = new_unet().to(memory_format=torch.channels_last)
    context = torch.zeros(batch, 1, 32)

    def loss_of(step):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        clean = bank[torch.randint(len(bank), (batch,), generator=generator)]
        t = torch.randint(1000, (batch,), generator=generator)
        a = alphas[t].view(-1, 1, 1, 1)
        noise = torch.randn(clean.shape, generator=generator)
        noisy = (a.sqrt() * clean + (1 - a).sqrt() * noise).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            eps = module(noisy, t, context).sample
        return F.mse_loss(eps.float(), noise)

    return run(module, loss_of, steps, 8e-4, Path(folder) / "unet.pt", decay=0.9985)


def export(autoencoder, unet, path):
    """Both networks as float16 in one file, the UNet's configuration in its metadata."""
    weights = {f"autoencoder.{k}": v for k, v in autoencoder.state_dict().items()}
    weights |= {f"unet.{k}": v for k, v in unet.state_dict().items()}
    config = json.dumps({k: v for k, v in unet.config.items() if not k.startswith("_")})
    save_file({k: v.half().contiguous() for k, v in weights.items()}, path, {"unet_config": config})


def train_demo(folder, output=DEMO, autoencoder_steps=7500, decoder_steps=3000, unet_steps=2900, seed=0):
    """Trains and exports the demo model; checkpoints in `folder` make an interrupted run go on where it stopped."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    autoencoder = train_autoencoder(folder, autoencoder_steps, seed)
    unet = train_unet(folder, autoencoder, unet_steps, seed=seed)
    export(refine_decoder(folder, autoencoder, decoder_steps, seed), unet, output)
