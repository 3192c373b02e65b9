"""Features of pictures by a Stable Diffusion (DIFT, Tang et al. 2023), as the drag benchmarks match points by them."""

from pathlib import Path

import torch
import torch.nn.functional as F

from ..models.pipelines import load_pipeline
from ..models.prompts import embed
from ..models.unet import Denoiser
from ..user_input import UserError

# timestep, block of the decoder from 1, noises whose features are averaged, pixels of RegionDrag's square
T, BLOCK, ENSEMBLE, SIDE = 261, 2, 8, 768
# width of SD2.1's text encoder; SD1.5's is 768, and its features give another MD
SD21 = 1024


class Features:
    """Features [1, C, h, w] by the Stable Diffusion in a diffusers folder, in float32. `published`: whether it is built
    as SD2.1, whose features MD is defined by."""

    def __init__(self, folder):
        if not Path(folder).is_dir():
            raise UserError(f"--features is {str(folder)!r}; it must be the folder of SD2.1 in diffusers' format")
        self.pipe = load_pipeline(Path(folder), torch.float32, None, True, 4)
        if hasattr(self.pipe, "text_encoder_2"):
            raise UserError(f"--features is {str(folder)!r}, an SDXL; it must be SD2.1")
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.unet, self.vae = (
            one.eval().requires_grad_(False).to(self.device) for one in (self.pipe.unet, self.pipe.vae)
        )
        self.a = self.pipe.scheduler.alphas_cumprod[T].item()
        self.published = self.unet.config.cross_attention_dim == SD21

    @torch.no_grad()
    def _of(self, latents, prompt, generator):
        latents = latents * self.vae.config.scaling_factor
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        noisy = self.a**0.5 * latents + (1 - self.a) ** 0.5 * noise
        denoiser = Denoiser(self.unet, embed(self.pipe, prompt, self.device)[0])
        return denoiser.tapped(noisy, T, BLOCK, needs_eps=False)[0].mean(0, keepdim=True).cpu()

    @torch.no_grad()
    def _posterior(self, picture):
        return self.vae.encode(picture.to(self.device)[None] * 2 - 1).latent_dist

    def of(self, picture, prompt, generator):
        """Of picture [3, H, W] in 0..1 at its own size, as DragBench does (Shi et al. 2023): each of the ensemble has a
        latent and a noise of its own, from generator (of the CPU)."""
        posterior = self._posterior(picture)
        draws = torch.randn((ENSEMBLE, *posterior.mean.shape[1:]), generator=generator).to(posterior.mean)
        return self._of(posterior.mean + posterior.std * draws, prompt, generator)

    def of_square(self, picture, prompt, generator):
        """Of picture in a square of SIDE pixels, each the nearest, as RegionDrag does (Lu et al. 2024): one latent, the
        likeliest, serves the ensemble."""
        posterior = self._posterior(F.interpolate(picture[None], (SIDE, SIDE))[0])
        return self._of(posterior.mode().expand(ENSEMBLE, -1, -1, -1), prompt, generator)
