"""Inversion and sampling through ComfyUI's sampling stack, so that LoRA, ControlNet, hooks and interrupt work as in any
sampler."""

import logging

import comfy.model_management
import comfy.samplers
import latent_preview
import torch

from ..kernels.diffusion.inversion import invert
from .distilled_guidance import with_guidance
from .model_space import is_flow


def _sample_inversion(
    model, x, sigmas, extra_args=None, callback=None, disable=None, method="next", refinement=0, scales=None, path=None
):  # fmt: skip
    """A k-diffusion style sampler over ascending sigmas that runs the kernel's inversion; appends x at each to path."""
    levels = sigmas.tolist()
    denoised = None

    def keep(x):
        if path is not None:
            path.append(x.to(comfy.model_management.intermediate_device(), torch.float32, copy=True))

    def velocity(x, i):
        nonlocal denoised
        denoised = model(x, levels[i] * x.new_ones(len(x)), **(extra_args or {}))
        return (x - denoised) / levels[i]

    def report(i, x):
        keep(x)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": levels[i], "sigma_hat": levels[i], "denoised": denoised})

    keep(x)
    return invert(velocity, x, levels, method, refinement, report, scales)


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
    """LATENT samples [B, C, h, w] (or one frame each) sampled without new noise at guidance 1. ValueError, in the name
    of a node, unless positive has exactly one conditioning, for the whole latent, at every step."""
    guider = _PositiveOnly(model, with_guidance(model, positive), node)
    noise = torch.zeros_like(latent)
    return guider.sample(noise, latent, sampler, sigmas, callback=callback, disable_pbar=True, seed=0)


def invert_latent(model, positive, latent, sigmas, refinement, node, callback=None, method="next", path=None):
    """LATENT samples [B, C, h, w] (or one frame each) noised along ascending sigmas by one of the kernel's METHODS;
    without a callback, with ComfyUI's preview. The model's x at each of them is appended to path. ValueError as of
    run_sampler, and for hooks with a schedule."""
    hooks = [hook for _, options in positive if "hooks" in options for hook in options["hooks"].hooks]
    # ComfyUI looks for the next keyframe only, towards less noise
    if any(len(hook.hook_keyframe.keyframes) > 1 for hook in hooks):
        raise ValueError(
            f"{node}: positive has hooks with several keyframes, which cannot be followed towards more noise; connect "
            "hooks of one strength"
        )
    # of VP latents, whose variance is 1 at every level
    scales = None if is_flow(model) else [(1 + sigma**2) ** 0.5 for sigma in sigmas.tolist()]
    options = {"method": method, "refinement": refinement, "scales": scales, "path": path}
    sampler = comfy.samplers.KSAMPLER(_sample_inversion, options)
    callback = callback or latent_preview.prepare_callback(model, len(sigmas) - 1)
    return run_sampler(model, positive, latent, sampler, sigmas, node, callback)


def denoise_latent(model, positive, latent, sigmas, node, callback=None):
    """LATENT samples [B, C, h, w] at descending sigmas[0] denoised by DDIM, which euler is, to sigmas[-1].
    ValueError as of run_sampler."""
    return run_sampler(model, positive, latent, comfy.samplers.ksampler("euler"), sigmas, node, callback)
