"""LightningDrag's attention on a diffusers UNet: hooks that leave its modules as they are."""

from contextlib import contextmanager

from ...kernels.lightningdrag.attention import add_to_keys, add_to_queries, with_reference
from ...kernels.lightningdrag.image_tokens import image_term
from .unet import self_attention


class PointHooks:
    """While entered, the UNet's self-attention sees the reference in a KVCache and the projected points {block:
    (p(target), p(handle))}, and its cross-attention the image tokens {block: (k, v)}; `shown` says of each chunk of
    the batch whether it sees the points."""

    def __init__(self, unet, reference, points, image_tokens):
        self.unet, self.reference, self.points, self.image_tokens = unet, reference, points, image_tokens
        self.shown = (True,)

    @contextmanager
    def entered(self):
        handles = []
        for name, module in self_attention(self.unet, "all").items():
            block = name.removesuffix(".attn1")
            handles += self._see_reference(name, module)
            if block in self.points:
                handles += self._see_points(module, *self.points[block])
            if block in self.image_tokens:
                handles += self._see_image(self.unet.get_submodule(f"{block}.attn2"), *self.image_tokens[block])
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _see_reference(self, name, module):
        def context(_, args, kwargs):
            return args, kwargs | {"encoder_hidden_states": with_reference(self.reference, name, args[0])}

        return [module.register_forward_pre_hook(context, with_kwargs=True)]

    def _see_points(self, module, p_target, p_handle):
        def queries(_, args, q):
            return add_to_queries(q, p_target, self.shown)

        def keys(_, args, k):
            return add_to_keys(k, p_target, p_handle, self.shown)

        return [module.to_q.register_forward_hook(queries), module.to_k.register_forward_hook(keys)]

    def _see_image(self, module, k, v):
        seen = []

        def keep(_, args, q):
            seen.append(q)

        def add(_, args):
            return (args[0] + image_term(seen.pop(), k, v, module.heads),)

        return [module.to_q.register_forward_hook(keep), module.to_out[0].register_forward_pre_hook(add)]
