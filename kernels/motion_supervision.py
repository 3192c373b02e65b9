"""Motion supervision (DynaDrag, Eq. 2 and 3): the latent z_t learns to have at h^{k+1} the features it has at h^k."""

import torch

from .features import sample_patches


class SupervisionError(ValueError):
    """A loss that is not finite; the latent is the last one whose loss was."""


def motion_loss(features, handles, destinations, radius, spacing=1.0):
    """First term of Eq. 2 for features [1, C, H, W] and points [n, 2] (x, y; cells): the L1 distance of the patches at
    destinations from those at handles, whose gradient is stopped; summed over points and positions, averaged over
    channels as DragDiffusion does. Positions of a patch are `spacing` cells apart."""
    still = sample_patches(features.detach(), handles, radius, spacing)
    return (sample_patches(features, destinations, radius, spacing) - still).abs().mean(1).sum()


def mask_loss(previous, previous_0, mask):
    """Second term of Eq. 2 without lambda: how far z_{t-1} [1, C, h, w] left its original outside mask [1, h, w]."""
    return ((previous - previous_0.detach()) * (1 - mask.to(previous))).abs().sum()


class LatentOptimizer:
    """Adam on a latent z_t [1, C, h, w] (Eq. 3). `scale` multiplies the loss, for networks in half precision, whose
    gradients would vanish; Adam's steps do not depend on it."""

    def __init__(self, z, lr=0.01, scale=1.0):
        self.z = z.detach().float().clone().requires_grad_()
        self.scale, self._good = scale, self.z.detach().clone()
        # Adam's epsilon is to the gradient what it would be without the scale
        self._adam = torch.optim.Adam([self.z], lr, eps=1e-8 * scale)

    def latent(self, like):
        """The latent as it is now, of the precision of like; later steps do not change it."""
        return self.z.detach().clone().to(like)

    def step(self, loss_of):
        """One step down loss_of(z), which is returned. SupervisionError, and no step, when it or its gradient is not
        finite."""
        self._adam.zero_grad()
        loss = loss_of(self.z)
        if loss.isfinite():
            self._good = self.z.detach().clone()
            (loss * self.scale).backward()
        if not loss.isfinite() or not self.z.grad.isfinite().all():
            # the step before this one led to where the network fails
            with torch.no_grad():
                self.z.copy_(self._good)
            raise SupervisionError(
                "Motion Supervision: the loss is not a finite number; lower the learning rate, or run the model in "
                "float32 or bfloat16"
            )
        self._adam.step()
        return loss.item()
