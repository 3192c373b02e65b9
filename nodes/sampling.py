"""Sigma space of ComfyUI <-> the VP latents of the kernels: x = z sqrt(1 + sigma^2), a = 1 / (1 + sigma^2)."""

import comfy.model_management
import comfy.model_sampling
import comfy.samplers
import latent_preview
import torch

from ..kernels.diffusion.ddim import invert


def check_noise_model(model, node):
    """Raises, in the name of a node, unless the model has VP latents."""
    if isinstance(model.get_model_object("model_sampling"), comfy.model_sampling.CONST):
        raise ValueError(
            f"{node}: this model is a flow-matching model; connect one that predicts noise or velocity, such as SD1.5, "
            "SD2 or SDXL"
        )


def inversion_sigmas(model, steps, strength, node):
    """Sigmas [K + 1] from 0 up to the noisiest of K = round(strength * steps) DDIM steps, as float32; errors are raised
    in the name of a node."""
    check_noise_model(model, node)
    count = round(strength * steps)
    if count < 1:
        raise ValueError(f"{node}: strength {strength:g} of {steps} steps is less than one step; raise either of them")
    schedule = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "ddim_uniform", steps)
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


def run_sampler(model, positive, latent, sampler, sigmas, callback=None):
    """LATENT samples [B, C, h, w] sampled without new noise at guidance 1, through ComfyUI's sampling stack, so that
    LoRA, ControlNet, hooks and interrupt work as in any sampler."""
    guider = _PositiveOnly(model)
    guider.set_conds(positive)
    noise = torch.zeros_like(latent)
    return guider.sample(noise, latent, sampler, sigmas, callback=callback, disable_pbar=True, seed=0)


def invert_latent(model, positive, latent, sigmas, refinement, callback=None):
    """LATENT samples [B, C, h, w] noised along ascending sigmas; without a callback, with ComfyUI's preview."""
    sampler = comfy.samplers.KSAMPLER(_sample_inversion, {"refinement": refinement})
    callback = callback or latent_preview.prepare_callback(model, len(sigmas) - 1)
    return run_sampler(model, positive, latent, sampler, sigmas, callback)


def denoise_latent(model, positive, latent, sigmas, callback=None):
    """LATENT samples [B, C, h, w] at descending sigmas[0] denoised by DDIM, which euler is, to sigmas[-1]."""
    return run_sampler(model, positive, latent, comfy.samplers.ksampler("euler"), sigmas, callback)


def to_vp(model, latent, sigma):
    """The kernels' z_t, float32 on the model's device, of LATENT samples at noise level sigma."""
    latent = latent.to(model.load_device, torch.float32)
    return model.model.process_latent_in(latent) / (1 + sigma**2) ** 0.5


def from_vp(model, z, sigma):
    """The inverse of to_vp, where ComfyUI keeps what travels between nodes."""
    latent = model.model.process_latent_out(z * (1 + sigma**2) ** 0.5)
    return latent.to(comfy.model_management.intermediate_device())
