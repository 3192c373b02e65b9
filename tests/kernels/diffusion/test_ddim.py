"""DDIM kernels against numbers from the published schedule, and the round trip."""

from pathlib import Path

import pytest
import torch
from dragkit.kernels.diffusion.ddim import invert, published_timesteps, sample
from safetensors.torch import load_file

G = load_file(Path(__file__).parents[2] / "golden" / "fastdrag_ddim.safetensors")


def toy(z, t):
    return torch.sin(0.7 * z + 0.003 * t) * (0.6 + t / 2500) + 0.1 * z


def schedule(steps, strength):
    timesteps = published_timesteps(steps, strength)
    a = G["alphas_cumprod"].tolist()
    return timesteps, [G["final_alpha_cumprod"].item()] + [a[t] for t in timesteps]


@pytest.mark.parametrize("name,steps,strength", [("n10_s07", 10, 0.7), ("n50_s075", 50, 0.75)])
def test_both_directions_match_the_published_loops(name, steps, strength):
    timesteps, alphas = schedule(steps, strength)
    assert timesteps == G[f"{name}/inv_t"].tolist()
    clean, trace = G[f"{name}/inv_latents"][0], []
    last = invert(toy, clean, timesteps, alphas, callback=lambda i, z: trace.append(z))
    torch.testing.assert_close(torch.stack(trace), G[f"{name}/inv_latents"][1:], rtol=1e-5, atol=1e-5)
    back = []
    sample(toy, last, timesteps, alphas, callback=lambda i, z: back.append(z))
    torch.testing.assert_close(torch.stack(back), G[f"{name}/pipeline_step"][1:], rtol=1e-5, atol=2e-5)


def test_refinement_makes_the_way_back_exact():
    timesteps, alphas = schedule(10, 0.7)
    z = torch.randn(2, 16, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def gentle(z, t):
        return 0.3 * torch.sin(z + 0.003 * t)

    def error(refinement):
        back = sample(gentle, invert(gentle, z, timesteps, alphas, refinement), timesteps, alphas)
        return ((back - z).norm() / z.norm()).item()

    assert error(4) < 1e-4 < 0.01 < error(0)
    assert error(12) < 1e-8


def test_one_evaluation_per_step_and_refinement():
    timesteps, alphas = schedule(10, 0.7)
    seen = []
    invert(lambda z, t: seen.append(t) or z * 0, torch.ones(1), timesteps, alphas, refinement=2)
    assert seen == [t for t in timesteps for _ in range(3)]
