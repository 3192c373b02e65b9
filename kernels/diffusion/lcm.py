"""Sampling of latent consistency models (Luo et al. 2023): each step predicts the clean latent and noises it anew.

Latents are VP, as in ddim; `timesteps` are ascending, `alphas` the a_t of each.
"""

SIGMA_DATA, TIMESTEP_SCALING = 0.5, 10.0


def lcm_timesteps(steps, distilled=50, train_steps=1000):
    """Ascending timesteps of `steps` steps, taken evenly from the `distilled` ones that the model was distilled on."""
    known = [train_steps // distilled * i - 1 for i in range(distilled, 0, -1)]
    return [known[i * distilled // steps] for i in range(steps)][::-1]


def consistent(z, eps, t, a):
    """The clean latent that the consistency function gives for z at timestep t (Eq. 4 and App. C), a = a_t."""
    scaled = t * TIMESTEP_SCALING
    skip = SIGMA_DATA**2 / (scaled**2 + SIGMA_DATA**2)
    out = scaled / (scaled**2 + SIGMA_DATA**2) ** 0.5
    return skip * z + out * (z - (1 - a) ** 0.5 * eps) / a**0.5


def sample(denoiser, z, timesteps, alphas, noises, callback=None):
    """Denoises z [B, C, h, w] from the last timestep to the clean latent; noises is an iterator of [B, C, h, w], one
    for each step but the last; callback(i, z) after each step."""
    for i in reversed(range(len(timesteps))):
        z = consistent(z, denoiser(z, timesteps[i]), timesteps[i], alphas[i])
        if i > 0:
            z = alphas[i - 1] ** 0.5 * z + (1 - alphas[i - 1]) ** 0.5 * next(noises)
        if callback is not None:
            callback(len(timesteps) - 1 - i, z)
    return z
