"""Cases of the kernels that sampling needs."""

import torch

from ...kernels.diffusion import (
    anchor,
    ddim,
    feature_patches,
    identity_lora,
    inversion,
    kv_cache,
    lcm,
    lora,
    recomposition,
    weight_deltas,
)
from ...kernels.diffusion.demo_autoencoder import DemoAutoencoder
from .cases import NETWORK, Case


def denoiser(given, channels=4):
    """eps = denoiser(z, t): a convolution on the device."""
    weight = given.normal(channels, channels, 3, 3, seed=11) / (9 * channels) ** 0.5
    return lambda z, t: torch.tanh(torch.nn.functional.conv2d(z, weight, padding=1))


def levels(given):
    """Ascending timesteps and alphas, of so many steps."""
    timesteps = ddim.published_timesteps(given.steps, 1.0)
    return timesteps, [1.0] + ddim.alphas_cumprod()[timesteps].tolist()


def _there_and_back(given):
    eps, (timesteps, alphas) = denoiser(given), levels(given)
    noisy = ddim.invert(eps, given.latent(), timesteps, alphas, refinement=1)
    return noisy, ddim.sample(eps, noisy, timesteps, alphas)


def _anchored(given):
    """Flow matching: there by prediction, and back with a half held on the way there."""
    eps, sigmas = denoiser(given), [i / (given.steps + 1) for i in range(given.steps + 1)]
    path = [given.latent()]
    x = inversion.invert(
        lambda x, i: eps(x, i), path[0], sigmas, "predict", callback=lambda i, x: path.append(x)
    )  # fmt: skip
    stored = anchor.Path(sigmas, path)
    for i in range(given.steps, 0, -1):
        held = anchor.lands_on(stored.at(sigmas[i - 1]), x, sigmas[i], sigmas[i - 1])
        denoised = torch.cat((held[..., : given.width // 2], (x - sigmas[i] * eps(x, i))[..., given.width // 2 :]), 3)
        x = x + (sigmas[i - 1] - sigmas[i]) * (x - denoised) / sigmas[i]
    return x


def _lcm(given):
    timesteps = lcm.lcm_timesteps(given.steps)
    noises = iter([given.normal(1, 4, given.height, given.width, seed=20 + i) for i in range(given.steps)])
    return lcm.sample(denoiser(given), given.latent(), timesteps, ddim.alphas_cumprod()[timesteps].tolist(), noises)


def _replayed(given):
    cache = kv_cache.KVCache(range(given.steps), "gpu")
    hidden = [given.normal(1, 96, 32, seed=30 + step) for step in range(given.steps)]
    for step, state in enumerate(hidden):
        cache.put(step, "block", state)
    return [kv_cache.replay(cache, step, "block", hidden[0].repeat(2, 1, 1), 0.5) for step in range(given.steps)]


def _recomposed(given):
    def denoise(x, sigma):
        return x / (1 + sigma)

    x, sigmas = given.latent(), torch.linspace(1, 0, given.steps + 1)
    path = recomposition.path(denoise, x.flip(3), sigmas)
    return recomposition.sample(denoise, x, sigmas, path, given.latent(1).sigmoid(), given.steps // 2)


def _patches(given):
    points = given.drags()[0]
    return feature_patches.sample_patches(given.latent(8), points, 2, 1.5)


def _identity(given):
    """Steps of the LoRA: a linear layer over the channels learns one latent."""
    generator = torch.Generator().manual_seed(8)
    adapter = lora.LowRank(4, 4, 2, generator, given.device)
    weight, clean = given.normal(4, 4, seed=12), given.latent()[..., :16, :16]

    def denoise(x, sigma):
        return torch.einsum("oc,bchw->bohw", adapter(weight), x / (1 + sigma.view(-1, 1, 1, 1)))

    sigmas = (1 / ddim.alphas_cumprod() - 1).sqrt()
    settings = identity_lora.Settings(steps=given.steps, lr=1e-3)
    _, losses = identity_lora.train(
        [adapter.up, adapter.down], denoise, lambda sigma: -sigma, clean, sigmas, generator, settings
    )
    made = lora.state_dict({"layer": adapter})
    merged = lora.merged(weight, *(one.to(given.device) for one in made.values()))
    return torch.tensor(losses), merged.detach()


def _deltas(given):
    base = {"layer.weight": given.normal(8, 24, seed=13), "layer.bias": given.normal(8, seed=14)}
    learned = {name: value + 0.1 * given.normal(*value.shape, seed=15) for name, value in base.items()}
    return weight_deltas.unpack_deltas(weight_deltas.pack_deltas(learned, base), base)


def _autoencoder(given):
    network = given.network("autoencoder", DemoAutoencoder)
    latent = network.encode(given.picture() * 2 - 1)
    return latent, network.decode(latent)


CASES = [
    Case("DDIM inversion and sampling", ("diffusion.ddim", "diffusion.inversion"), _there_and_back, NETWORK),
    Case("inversion of flow matching, anchored", ("diffusion.inversion", "diffusion.anchor"), _anchored, NETWORK),
    Case("recomposition", ("diffusion.recomposition",), _recomposed, NETWORK),
    Case("LCM sampling", ("diffusion.lcm",), _lcm, NETWORK),
    Case("KV cache", ("diffusion.kv_cache",), _replayed),
    Case("feature patches", ("diffusion.feature_patches",), _patches),
    Case(
        "steps of the identity LoRA", ("diffusion.identity_lora", "diffusion.lora", "diffusion.loss_plateau"),
        _identity, NETWORK,
    ),
    # a difference that falls between two codes goes to either
    Case("packed weights", ("diffusion.weight_deltas",), _deltas, 1e-2, 0.01),
    Case("demo model's autoencoder", ("diffusion.demo_autoencoder",), _autoencoder, NETWORK),
]  # fmt: skip
