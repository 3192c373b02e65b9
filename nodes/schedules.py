"""The noise levels along which a picture is inverted, and sampled on the way back."""

import comfy.samplers
import torch

from .model_space import NOISIEST, is_flow


def _below_noise(model, levels):
    return levels.clamp(max=NOISIEST) if is_flow(model) else levels


def inversion_sigmas(model, steps, strength, node):
    """Sigmas [K + 1] from 0 up to the noisiest of K = round(strength * steps) steps, as float32: DDIM's, or of flow
    matching the model's own, shifted ones. Errors are raised in the name of a node."""
    count = round(strength * steps)
    if count < 1:
        raise ValueError(f"{node}: strength {strength:g} of {steps} steps is less than one step; raise either of them")
    # ddim_uniform leaves out flow matching's noisiest level
    scheduler = "simple" if is_flow(model) else "ddim_uniform"
    schedule = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), scheduler, steps)
    return _below_noise(model, schedule.flip(0)[: count + 1])


def given_sigmas(model, sigmas, node):
    """The same from SIGMAS that a person brings, which go down to 0. Errors are raised in the name of a node."""
    if sigmas.ndim != 1 or len(sigmas) < 2 or not sigmas.isfinite().all():
        raise ValueError(f"{node}: schedule must be at least two numbers; connect what a scheduler returns")
    sigmas = sigmas.float().cpu()
    if sigmas[-1] != 0 or (sigmas.diff() >= 0).any():
        raise ValueError(
            f"{node}: schedule goes from {sigmas[0]:.4g} to {sigmas[-1]:.4g}; it must go down at every step, to 0, "
            "which is the picture"
        )
    if is_flow(model) and sigmas[0] > 1:
        raise ValueError(
            f"{node}: schedule begins at {sigmas[0]:.4g}, but this model's noisiest level is 1; connect a scheduler "
            "with this model on it"
        )
    return torch.unique(_below_noise(model, sigmas.flip(0)))
