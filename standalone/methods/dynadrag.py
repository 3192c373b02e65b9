"""DynaDrag on a DragModel: invert, record the original's way back, predict and move, sample with replaying."""

import torch

from ...kernels.diffusion.ddim import ddim_step, invert, sample
from ...kernels.diffusion.kv_cache import KVCache
from ...kernels.dynadrag.predict_and_move import Predictor, Settings, few, predict_and_move
from ...kernels.motion.prediction import predict_flow
from ...kernels.points.masks import read_region
from ..models.device_memory import free_memory
from .inversion import inversion_levels


def dynadrag(
    model, image, points, mask=None, predictor=None, guide=None, settings=None, steps=10, strength=0.7, block=-1,
    preview_steps=2, callback=None,
):  # fmt: skip
    """Dragged picture [1, 3, H, W] of image (0..1) by DragPoints inside mask [1, H, W] (1 = may change), the Rounds,
    and whether no loss was NaN (after one, the picture is that of the last good latent).

    predictor is a motion predictor's network; guide (a Tracker) replaces it. block is the decoder block whose features
    are supervised (-1 = last); preview_steps DDIM steps show the predictor each round's picture. callback(Round).
    """
    settings = settings or Settings()
    timesteps, alphas = inversion_levels(model, steps, strength)
    noisy = invert(model.denoiser, model.encode(image), timesteps, alphas)
    cache = KVCache(timesteps, "auto", lambda: free_memory(noisy.device))
    with model.denoiser.recording(cache):
        sample(model.denoiser, noisy, timesteps, alphas)
    height, width = noisy.shape[-2:]
    region = read_region(mask, height, width)
    region = None if region is None else region.to(noisy.device)
    shown = few(timesteps, preview_steps)
    shown_alphas = model.alphas_of(shown)

    def evaluate(z, complete):
        features, eps = model.denoiser.tapped(z, timesteps[-1], block, complete)
        return features, ddim_step(z, eps, alphas[-1], alphas[-2]) if complete else None

    def denoised(z, timesteps, alphas):
        with model.denoiser.replaying(cache):
            return model.decode(sample(model.denoiser, z, timesteps, alphas))

    if guide is None:
        guide = Predictor(
            torch.inference_mode()(lambda *seen: predict_flow(predictor, *seen).clone()),
            torch.no_grad()(lambda z: denoised(z, shown, shown_alphas)),
            image,
        )
    handles, targets = points.to_pixels(image.shape[3], image.shape[2])
    size = (image.shape[3], image.shape[2])
    z, rounds, finite = predict_and_move(
        noisy, handles, targets, size, lambda work: work(evaluate), guide, settings, region, callback
    )
    with torch.no_grad():
        return denoised(z, timesteps, alphas), rounds, finite
