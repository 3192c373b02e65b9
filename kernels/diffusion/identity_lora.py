"""A network learns one picture: the diffusion loss (DDPM, Ho et al. 2020, Eq. 14) of a single latent."""

import math
from dataclasses import dataclass

import torch

from .loss_plateau import Plateau

# pairs of noise and noise level on which the loss is measured, and the steps from one measurement to the next
PAIRS = 8
EVERY = 20
# training ends where so many measurements in a row have not brought the loss down by this part
PATIENCE = 3
TOLERANCE = 0.01


class TrainingError(ValueError):
    """A loss that is not finite."""


@dataclass(frozen=True)
class Settings:
    """DragDiffusion's first release, which DynaDrag follows. `scale` multiplies the loss where gradients are float16,
    which small ones fall out of."""

    steps: int = 200
    lr: float = 2e-4
    batch: int = 1
    scale: float = 1.0


def prediction_loss(denoised, clean, slope):
    """Mean squared error of what the network itself predicts: noise, or velocity.

    denoised and clean are [B, C, h, w]; slope [B, 1, 1, 1] is the derivative of denoised by that prediction, for noise
    -sigma, for velocity -sigma / sqrt(1 + sigma^2).
    """
    return ((denoised - clean) / slope).square().mean()


class _Picture:
    """Draws noised copies of a clean latent [1, C, h, w] and says how well they are denoised."""

    def __init__(self, denoise, slope_of, clean, sigmas, generator):
        self._denoise, self._slope_of = denoise, slope_of
        self._clean, self._sigmas, self._generator = clean, sigmas.cpu(), generator

    def _noise(self, count):
        return torch.randn(count, *self._clean.shape[1:], generator=self._generator)

    def draw(self, count):
        """(sigma [B], noise [B, C, h, w]), every noise level as likely as another."""
        return self._sigmas[torch.randint(len(self._sigmas), (count,), generator=self._generator)], self._noise(count)

    def spread(self, count):
        """Like draw, but at noise levels spread evenly over all of them."""
        return self._sigmas[(torch.arange(count) + 0.5).mul(len(self._sigmas) / count).long()], self._noise(count)

    def loss(self, sigma, noise):
        # a card need not wait for what is drawn; torch's Metal backend must
        ahead = self._clean.device.type != "mps"
        sigma, noise = (one.to(self._clean, non_blocking=ahead) for one in (sigma, noise))
        x = self._clean + sigma.view(-1, 1, 1, 1) * noise
        return prediction_loss(self._denoise(x, sigma), self._clean, self._slope_of(sigma).view(-1, 1, 1, 1))


def train(parameters, denoise, slope_of, clean, sigmas, generator, settings, callback=None):
    """Trains parameters in place by AdamW; returns the steps done and the measured losses, the first of them before.

    denoise(x, sigma) is the network's denoised x [B, C, h, w] = clean + sigma noise, differentiable by parameters;
    slope_of(sigma [B]) as in prediction_loss; clean [1, C, h, w]; sigmas [T] ascending; generator on the CPU.
    callback() after each evaluation of the network. TrainingError at the measurement after a loss that is not finite.
    """
    picture = _Picture(denoise, slope_of, clean, sigmas, generator)
    pairs = [part.split(settings.batch) for part in picture.spread(PAIRS)]

    def measure(learned):
        total = sum(learned) * 0
        with torch.no_grad():
            for sigma, noise in zip(*pairs, strict=True):
                total = total + len(sigma) * picture.loss(sigma, noise)
                if callback is not None:
                    callback()
        # the one look at numbers, for which a card waits; a loss since the last one that is no number makes this none
        found = float(total) / PAIRS
        if not math.isfinite(found):
            raise TrainingError("the loss is not a finite number")
        return found

    optimizer = torch.optim.AdamW(parameters, settings.lr)
    # float16 gradients that do not fit are left out, and the scale lowered
    scaler = torch.amp.GradScaler(clean.device.type, settings.scale, enabled=settings.scale != 1)
    plateau = Plateau(PATIENCE, TOLERANCE)
    plateau.add(measure([]))
    learned = []
    for step in range(1, settings.steps + 1):
        loss = picture.loss(*picture.draw(settings.batch))
        learned.append(loss.detach())
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        if callback is not None:
            callback()
        if step % EVERY == 0 or step == settings.steps:
            plateau.add(measure(learned))
            learned = []
            if plateau.reached:
                break
    return step, plateau.losses


def evaluations(settings):
    """How often train calls callback if nothing ends it early."""
    measurements = 1 + -(-settings.steps // EVERY)
    return settings.steps + measurements * -(-PAIRS // settings.batch)
