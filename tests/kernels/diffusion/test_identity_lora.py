"""Training of a LoRA on one latent: its loss for each kind of prediction, the loop and where it ends."""

import pytest
import torch
from dragkit.kernels.diffusion.ddim import alphas_cumprod
from dragkit.kernels.diffusion.identity_lora import (
    EVERY,
    PAIRS,
    Settings,
    TrainingError,
    evaluations,
    prediction_loss,
    train,
)

from ...stand_in_card import CARD, stand_in_card
from .seeded import generator

SIGMAS = (1 / alphas_cumprod() - 1).sqrt()


@pytest.mark.parametrize("prediction", ["noise", "velocity"])
def test_the_loss_is_that_of_the_networks_own_prediction(prediction):
    """Against the textbook in VP terms: z = sqrt(a) clean + sqrt(1 - a) noise, v = sqrt(a) noise - sqrt(1 - a) clean
    (Salimans and Ho 2022)."""
    clean, noise, error = torch.randn(3, 3, 4, 6, 5, generator=generator()).double()
    a = torch.tensor([0.999, 0.5, 0.005], dtype=torch.double).view(3, 1, 1, 1)
    sigma = ((1 - a) / a).sqrt()
    z = a.sqrt() * clean + (1 - a).sqrt() * noise
    if prediction == "noise":
        found = noise + error
        denoised, slope = (z - (1 - a).sqrt() * found) / a.sqrt(), -sigma
    else:
        found = a.sqrt() * noise - (1 - a).sqrt() * clean + error
        denoised, slope = a.sqrt() * z - (1 - a).sqrt() * found, -sigma / (1 + sigma**2).sqrt()
    torch.testing.assert_close(prediction_loss(denoised, clean, slope), error.square().mean())


class Network:
    """Denoises everything to its only parameter."""

    def __init__(self, start):
        self.guess = start.clone().requires_grad_()
        self.batches, self.sigmas = [], []

    def denoise(self, x, sigma):
        self.batches.append(len(x))
        self.sigmas.append(sigma)
        return self.guess.expand_as(x)

    def slope(self, sigma):
        return -torch.ones_like(sigma)


def run(network=None, seed=0, callback=None, **settings):
    clean = torch.randn(1, 2, 4, 4, generator=generator(5))
    network = network or Network(torch.zeros_like(clean))
    steps, losses = train(
        [network.guess], network.denoise, network.slope, clean, SIGMAS, generator(seed), Settings(**settings), callback
    )
    return network, clean, steps, losses


def test_training_reaches_the_picture_and_measures_it_truly():
    network, clean, steps, losses = run(steps=150, lr=0.01, batch=3)
    assert (network.guess - clean).abs().mean() < 0.5 * clean.abs().mean()
    assert steps == 150 and len(losses) == 1 + 8
    assert losses[0] == pytest.approx(clean.square().mean().item(), rel=1e-5)
    assert losses[-1] == pytest.approx((network.guess - clean).square().mean().item(), rel=1e-5)
    assert losses == sorted(losses, reverse=True)


def test_training_ends_at_the_plateau():
    clean = torch.randn(1, 2, 4, 4, generator=generator(5))
    _, _, steps, losses = run(Network(clean + 1), lr=1e-9)
    assert steps == 3 * EVERY and len(losses) == 4


def test_every_noise_level_is_learned_and_the_same_ones_are_measured():
    network, *_ = run(steps=400, lr=0.01, batch=2)
    levels = torch.cat(network.sigmas)
    spread = levels[:PAIRS]
    assert torch.equal(spread, levels[-PAIRS:])
    found = torch.searchsorted(SIGMAS, spread)
    assert torch.equal(found, torch.arange(PAIRS) * 125 + 62)
    learned = torch.searchsorted(SIGMAS, levels[PAIRS : PAIRS + 2 * EVERY])
    assert learned.min() < 150 and learned.max() > 850 and 350 < learned.float().mean() < 650


@pytest.mark.parametrize(("steps", "batch"), [(1, 1), (40, 1), (45, 3), (20, 64)])
def test_the_callback_comes_once_per_evaluation(steps, batch):
    calls = []
    network, *_ = run(steps=steps, lr=0.01, batch=batch, callback=lambda: calls.append(1))
    assert len(calls) == len(network.batches) == evaluations(Settings(steps=steps, batch=batch))


def test_a_seed_makes_the_lora():
    first, again, other = (run(seed=seed, steps=5, lr=0.1)[0] for seed in (0, 0, 1))
    assert torch.equal(first.guess, again.guess)
    assert torch.equal(first.sigmas[-9], again.sigmas[-9]) and not torch.equal(first.sigmas[-9], other.sigmas[-9])


def test_the_scale_of_the_loss_changes_no_step():
    plain, scaled = (run(steps=5, lr=0.1, scale=scale)[0] for scale in (1.0, 1024.0))
    torch.testing.assert_close(scaled.guess, plain.guess)


def test_a_loss_that_is_no_number_ends_the_training():
    network = Network(torch.zeros(1, 2, 4, 4))
    denoise = network.denoise
    network.denoise = lambda x, sigma: denoise(x, sigma) * (1 if len(network.batches) < PAIRS + 3 else float("nan"))
    with pytest.raises(TrainingError, match="finite"):
        run(network, steps=50)


def test_a_card_is_waited_for_at_the_measurements_alone():
    found = []
    for steps in (EVERY, 2 * EVERY):
        with stand_in_card() as waits:
            clean = torch.randn(1, 2, 4, 4, generator=generator(5)).to(CARD)
            network = Network(torch.zeros(1, 2, 4, 4, device=CARD))
            waits.clear()
            settings = Settings(steps=steps, lr=0.01)
            train([network.guess], network.denoise, network.slope, clean, SIGMAS, generator(), settings)
            found.append(len(waits))
    assert found[1] - found[0] == 1
