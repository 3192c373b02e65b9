"""The diffusers door to the kernels: a UNet as denoiser, its self-attention recorded and replayed."""

from contextlib import contextmanager

import torch

from ...kernels.diffusion.kv_cache import replay


def self_attention(unet, where="decoder"):
    """{name: attn1 module} of the UNet's transformer blocks; where is decoder, encoder, middle or all."""
    prefix = {"decoder": "up_blocks", "encoder": "down_blocks", "middle": "mid_block", "all": ""}[where]
    return {n: m for n, m in unet.named_modules() if n.startswith(prefix) and n.endswith(".attn1")}


class _Enough(Exception):
    """Stops an evaluation after the block that was asked for."""


class Denoiser:
    """eps = denoiser(z, t) of a diffusers UNet with a fixed context [B, tokens, channels]; counts evaluations, and
    apart from them gradient_steps: those that are differentiated.

    Other keyword arguments go to the UNet (SDXL: added_cond_kwargs). `to_eps(z, output, t)` serves v-prediction.
    """

    def __init__(self, unet, context, to_eps=None, **kwargs):
        self.unet, self.context, self.to_eps, self.kwargs = unet, context, to_eps, kwargs
        self.t, self.evaluations, self.gradient_steps = None, 0, 0

    @torch.no_grad()
    def __call__(self, z, t):
        self.t = t
        self.evaluations += 1
        context = self.context.expand(z.shape[0], -1, -1)
        output = self.unet(z.to(self.unet.dtype), t, context.to(self.unet.dtype), **self.kwargs).sample.to(z.dtype)
        return output if self.to_eps is None else self.to_eps(z, output, t)

    def tapped(self, z, t, block, needs_eps=True):
        """Features after decoder block `block` (1 = first; -1 = last) and eps at (z, t), with gradients for z. Without
        needs_eps the network stops after that block and eps is None."""
        self.t = t
        if z.requires_grad:
            self.gradient_steps += 1
        else:
            self.evaluations += 1
        found = []

        def keep(_, args, output):
            found.append(output)
            if not needs_eps:
                raise _Enough

        handle = self.unet.up_blocks[block - (block > 0)].register_forward_hook(keep)
        context = self.context.expand(z.shape[0], -1, -1)
        eps = None
        try:
            output = self.unet(z.to(self.unet.dtype), t, context.to(self.unet.dtype), **self.kwargs).sample.to(z.dtype)
            eps = output if self.to_eps is None else self.to_eps(z, output, t)
        except _Enough:
            pass
        finally:
            handle.remove()
        return found[0].to(z.dtype), eps

    @contextmanager
    def _hooked(self, hook, where):
        handles = [
            module.register_forward_pre_hook(
                lambda _, args, kwargs, name=name: hook(name, args, kwargs), with_kwargs=True
            )
            for name, module in self_attention(self.unet, where).items()
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def recording(self, cache, where="decoder"):
        """Within this context every evaluation at a level of the cache is recorded into it."""

        def hook(name, args, kwargs):
            cache.put(cache.step_of(self.t), name, args[0])

        return self._hooked(hook, where)

    @contextmanager
    def replaying(self, cache, where="decoder", strength=1.0):
        """Within this context keys and values come from the cache."""

        def hook(name, args, kwargs):
            hidden = replay(cache, cache.step_of(self.t), name, args[0], strength)
            return args, kwargs | {"encoder_hidden_states": hidden}

        try:
            with self._hooked(hook, where):
                yield
        finally:
            cache.release()


class SizedDenoiser(Denoiser):
    """A Denoiser for SDXL: tells the UNet the pooled prompt [1, channels] and the size of the uncropped picture."""

    def __init__(self, unet, context, pooled, scale, to_eps=None):
        super().__init__(unet, context, to_eps)
        self.pooled, self.scale = pooled, scale

    def __call__(self, z, t):
        size = [side * self.scale for side in z.shape[-2:]]
        # original size, crop, target size (Podell et al. 2023, Sec. 2.2)
        time_ids = self.pooled.new_tensor([*size, 0, 0, *size]).expand(z.shape[0], -1)
        text = self.pooled.expand(z.shape[0], -1)
        self.kwargs = {"added_cond_kwargs": {"text_embeds": text, "time_ids": time_ids}}
        return super().__call__(z, t)
