"""LightningDrag's guidance over points (Shi et al. 2024): the unconditional branch lacks the points alone, and the
scale w_0 decays to 1 over the steps, i of n."""

DECAYS = {
    "inv_square": lambda scale, done: (scale - 1) * (1 - done) ** 2 + 1,
    "none": lambda scale, done: scale,
    "linear": lambda scale, done: scale * (1 - done) + done,
    "square": lambda scale, done: scale * (1 - done**2) + done**2,
    # cubic: the published code calls it so
    "quadratic": lambda scale, done: scale * (1 - done**3) + done**3,
}

# guidance this weak is left out: it changes less than the 8 bits of a picture show, and the step costs half
FAINT = 0.05


def felt(scale):
    """The scale to sample with: 1, the conditional branch alone, for one that is FAINT."""
    return 1.0 if abs(scale - 1) < FAINT else scale


def point_scales(scale, decay, steps, guided_steps=None):
    """The scales of all steps; 1, the conditional branch alone, after guided_steps (None: all are guided)."""
    last = steps if guided_steps is None else guided_steps
    return [DECAYS[decay](scale, i / steps) if i < last else 1.0 for i in range(steps)]


def guided(without_points, with_points, scale):
    """The guided prediction. At scale 1 it is with_points exactly, and without_points need not be computed (None)."""
    if scale == 1:
        return with_points
    return without_points + scale * (with_points - without_points)
