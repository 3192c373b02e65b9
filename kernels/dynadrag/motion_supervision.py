"""Motion supervision (DynaDrag, Eq. 2 and 3): the latent z_t learns to have at h^{k+1} the features it has at h^k."""

import torch

from ..diffusion.feature_patches import sample_positions


class SupervisionError(ValueError):
    """A loss that is not finite; the latent is the last one whose loss was."""


def motion_loss(features, reference, sources, destinations):
    """First term of Eq. 2 for features and reference [1, C, H, W] and patches of positions [n, h, w, 2] (x, y; cells):
    the L1 distance of the features at destinations from the reference, whose gradient is stopped, at sources; summed
    over patches and positions, averaged over channels as DragDiffusion does."""
    still = sample_positions(reference.detach(), sources)
    return (sample_positions(features, destinations) - still).abs().mean(1).sum()


def mask_loss(previous, previous_0, mask):
    """Second term of Eq. 2 without lambda: how far z_{t-1} [1, C, h, w] left its original outside mask [1, h, w]."""
    return ((previous - previous_0.detach()) * (1 - mask.to(previous))).abs().sum()


class LatentOptimizer:
    """Adam on a latent z_t [1, C, h, w] (Eq. 3). `scale` multiplies the loss, for networks in half precision, whose
    gradients would vanish; the steps do not depend on it.

    damping, in root mean squares of the gradient, is added to what Adam divides by; 0: as published.
    """

    def __init__(self, z, lr=0.01, scale=1.0, damping=0.0):
        self.z = z.detach().float().clone().requires_grad_()
        self.scale, self.damping, self._good = scale, damping, self.z.detach().clone()
        # Adam's epsilon is to the gradient what it would be without the scale
        self._adam = torch.optim.Adam([self.z], lr, eps=damping or 1e-8 * scale)

    def latent(self, like):
        """The latent as it is now, of the precision of like; later steps do not change it."""
        return self.z.detach().clone().to(like)

    def step(self, loss_of, count=1):
        """count steps down loss_of(z); its last value. SupervisionError when it or its gradient is not finite: then
        the latent is the last one where it was."""
        finite = torch.ones((), dtype=torch.bool, device=self.z.device)
        for _ in range(count):
            self._adam.zero_grad()
            loss = loss_of(self.z)
            (loss * self.scale).backward()
            finite = finite & loss.isfinite()
            self._good = torch.where(finite, self.z.detach(), self._good)
            finite = finite & self.z.grad.isfinite().all()
            if self.damping:
                # attention gives every element of the latent a little gradient, and plain Adam moves them all by lr:
                # the whole picture decays while the content goes
                self.z.grad /= self.z.grad.square().mean().sqrt().clamp(min=torch.finfo(torch.float32).tiny)
            self._adam.step()
            # decided where the numbers are: to ask for them in every step would make a card wait
            with torch.no_grad():
                self.z.copy_(torch.where(finite, self.z, self._good))
        loss, finite = torch.stack((loss.detach(), finite.to(loss))).tolist()
        if not finite:
            raise SupervisionError(
                "Motion Supervision: the loss is not a finite number; lower the learning rate, or run the model in "
                "float32 or bfloat16"
            )
        return loss
