"""Sigma space of ComfyUI <-> the VP latents of the kernels: x = z sqrt(1 + sigma^2), a = 1 / (1 + sigma^2)."""

import logging

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


def mention_guidance(model, node):
    """Logs, in the name of a node that works at guidance 1, that the guidance which other nodes put on model rests."""
    if any(f"sampler_{name}_function" in model.model_options for name in ("cfg", "pre_cfg", "post_cfg")):
        logging.info("%s: runs at guidance 1, without the guidance that other nodes have put on model", node)


class _PositiveOnly(comfy.samplers.CFGGuider):
    """Guidance 1: the prediction for positive alone, which covers every step and the whole latent. Functions that guide
    it further (PAG, SAG, a rescaled CFG) have no part in that; errors are raised in the name of a node."""

    def __init__(self, model, positive, node):
        super().__init__(model)
        self.node = node
        self.inner_set_conds({"positive": positive})

    def predict_noise(self, x, timestep, model_options, seed=None):
        positive = self.conds["positive"]
        self._check(positive, x, timestep)
        return comfy.samplers.calc_cond_batch(self.inner_model, [positive], x, timestep, model_options)[0]

    def _check(self, positive, x, timestep):
        """ComfyUI gives zeros for what no conditioning covers."""
        # one that is marked as default is evaluated where no other is
        for default in (False, True):
            found = [
                comfy.samplers.get_area_and_mult(one, x, timestep) for one in positive if ("default" in one) == default
            ]
            parts = [part for part in found if part is not None]
            if parts:
                break
        else:
            raise ValueError(
                f"{self.node}: positive has no conditioning at noise level {float(timestep[0]):.4g}; connect one for "
                "every step, without a timestep range or with ranges that follow each other"
            )
        if len(parts) > 1:
            raise ValueError(f"{self.node}: positive combines several conditionings; connect exactly one")
        if parts[0].input_x.shape != x.shape or not parts[0].mult.all():
            raise ValueError(
                f"{self.node}: positive leaves out a part of the picture; connect a conditioning without an area or a "
                "mask, at a strength above 0"
            )


def run_sampler(model, positive, latent, sampler, sigmas, node, callback=None):
    """LATENT samples [B, C, h, w] sampled without new noise at guidance 1, through ComfyUI's sampling stack, so that
    LoRA, ControlNet, hooks and interrupt work as in any sampler. ValueError, in the name of a node, unless positive has
    exactly one conditioning, for the whole latent, at every step."""
    guider = _PositiveOnly(model, positive, node)
    noise = torch.zeros_like(latent)
    return guider.sample(noise, latent, sampler, sigmas, callback=callback, disable_pbar=True, seed=0)


def invert_latent(model, positive, latent, sigmas, refinement, node, callback=None):
    """LATENT samples [B, C, h, w] noised along ascending sigmas; without a callback, with ComfyUI's preview. ValueError
    as of run_sampler, and for hooks with a schedule."""
    hooks = [hook for _, options in positive if "hooks" in options for hook in options["hooks"].hooks]
    # ComfyUI looks for the next keyframe only, towards less noise
    if any(len(hook.hook_keyframe.keyframes) > 1 for hook in hooks):
        raise ValueError(
            f"{node}: positive has hooks with several keyframes, which cannot be followed towards more noise; connect "
            "hooks of one strength"
        )
    sampler = comfy.samplers.KSAMPLER(_sample_inversion, {"refinement": refinement})
    callback = callback or latent_preview.prepare_callback(model, len(sigmas) - 1)
    return run_sampler(model, positive, latent, sampler, sigmas, node, callback)


def denoise_latent(model, positive, latent, sigmas, node, callback=None):
    """LATENT samples [B, C, h, w] at descending sigmas[0] denoised by DDIM, which euler is, to sigmas[-1].
    ValueError as of run_sampler."""
    return run_sampler(model, positive, latent, comfy.samplers.ksampler("euler"), sigmas, node, callback)


def to_vp(model, latent, sigma):
    """The kernels' z_t, float32 on the model's device, of LATENT samples at noise level sigma."""
    latent = latent.to(model.load_device, torch.float32)
    return model.model.process_latent_in(latent) / (1 + sigma**2) ** 0.5


def from_vp(model, z, sigma):
    """The inverse of to_vp, where ComfyUI keeps what travels between nodes."""
    latent = model.model.process_latent_out(z * (1 + sigma**2) ** 0.5)
    return latent.to(comfy.model_management.intermediate_device())
