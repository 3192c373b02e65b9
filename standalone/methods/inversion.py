"""How far the methods that invert the picture noise it."""

from ...kernels.diffusion.ddim import published_timesteps


def inversion_levels(model, steps, strength):
    """Ascending timesteps of the part strength (0..1) of a schedule of steps, and their alphas as DragModel.alphas_of.
    ValueError where that is less than one step."""
    timesteps = published_timesteps(steps, strength)
    if not timesteps:
        raise ValueError(f"strength {strength:g} of {steps} steps is less than one step; raise either of them")
    return timesteps, model.alphas_of(timesteps)
