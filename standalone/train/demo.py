"""Training of the demo model: an autoencoder, then a UNet on its latents, both on moved bundled photographs."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from tqdm import tqdm

from ...kernels.diffusion.ddim import alphas_cumprod
from ...weights import DEMO, TRAINED
from ..scenes.photographs import photograph
from .autoencoder import refine_decoder, scenes, train_autoencoder
from .loop import choices_of, run


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
        generator = choices_of(seed, step)
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
