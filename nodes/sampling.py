"""Sigma space of ComfyUI <-> the VP latents of the kernels: x = z sqrt(1 + sigma^2), a = 1 / (1 + sigma^2)."""

import comfy.model_sampling
import comfy.samplers
import latent_preview
import torch

from ..kernels.ddim import invert


def inversion_sigmas(model, steps, strength):
    """Sigmas [K + 1] from 0 up to the noisiest of K = round(strength * steps) DDIM steps, as float32."""
    model_sampling = model.get_model_object("model_sampling")
    if isinstance(model_sampling, comfy.model_sampling.CONST):
        raise ValueError(
            "KV-Cache Inversion: this model is a flow-matching model; connect one that predicts noise or velocity, "
            "such as SD1.5, SD2 or SDXL"
        )
    count = round(strength * steps)
    if count < 1:
        raise ValueError(
            f"KV-Cache Inversion: strength {strength:g} of {steps} steps is less than one step; raise either of them"
        )
    schedule = comfy.samplers.calculate_sigmas(model_sampling, "ddim_uniform", steps)
    return schedule.flip(0)[: count + 1]


def _sample_inversion(model, x, sigmas, extra_args=None, callback=None, disable=None, refinement=0):
    """A k-diffusion style sampler over ascending sigmas that runs the kernel's DDIM inversion."""
    levels = sigmas.tolist()
    alphas = [1 / (1 + sigma**2) for sigma in levels]
    denoised = None

    def eps(z, sigma):
        nonlocal denoised
        noisy = z * (1 + sigma**2) ** 0.5
        denoised = model(noisy, sigma * noisy.new_ones(len(noisy)), **(extra_args or {}))
        return (noisy - denoised) / sigma

    def report(i, z):
        if callback is not None:
            x = z / alphas[i + 1] ** 0.5
            callback({"x": x, "i": i, "sigma": levels[i], "sigma_hat": levels[i], "denoised": denoised})

    z = invert(eps, x * alphas[0] ** 0.5, levels[1:], alphas, refinement, report)
    return z / alphas[-1] ** 0.5


class _PositiveOnly(comfy.samplers.CFGGuider):
    def set_conds(self, positive):
        self.inner_set_conds({"positive": positive})


def invert_latent(model, positive, latent, sigmas, refinement):
    """LATENT samples [B, C, h, w] noised along ascending sigmas at guidance 1, through ComfyUI's sampling stack, so
    that LoRA, ControlNet, hooks, previews and interrupt work as in any sampler."""
    guider = _PositiveOnly(model)
    guider.set_conds(positive)
    sampler = comfy.samplers.KSAMPLER(_sample_inversion, {"refinement": refinement})
    callback = latent_preview.prepare_callback(model, len(sigmas) - 1)
    return guider.sample(torch.zeros_like(latent), latent, sampler, sigmas, callback=callback, seed=0)
