"""The KV cache at ComfyUI's attn1_patch, which sees the normalised hidden state before keys and values are made."""

import comfy.model_management
from comfy.patcher_extension import WrappersMP

from ..kernels.diffusion.kv_cache import KVCache, KVCacheError, replay

STAGES = {"decoder": ("output",), "encoder": ("input",), "middle": ("middle",), "all": ("input", "middle", "output")}


class ComfyKVCache(KVCache):
    """A KV cache that knows which stages it was recorded from. `path` are the latents of the inversion in the model's
    own space, at sigma 0 and at each level."""

    def __init__(self, model, sigmas, device_policy, blocks):
        # without the model, which ComfyUI may drop before the cache
        device = model.load_device
        super().__init__(sigmas.tolist()[1:], device_policy, lambda: comfy.model_management.get_free_memory(device))
        self.blocks, self.stages, self.path = blocks, STAGES[blocks], []


def evaluated_otherwise(node):
    """What a node says of a model whose network is given the latent in parts, or more than once in an evaluation."""
    return (
        f"{node}: a node on model has it evaluated in parts or more than once in a step, as tiled diffusion does; "
        "connect the model without that node"
    )


class _Hook:
    """Common to both directions: which (step, block) an attn1_patch call is at."""

    def __init__(self, cache):
        self.cache = cache
        self._sigmas, self._step = None, None

    def step(self, options):
        # one look at the sigma per evaluation: reading it waits for the device
        if options["sigmas"] is not self._sigmas:
            self._sigmas, self._step = options["sigmas"], self.cache.step_of(float(options["sigmas"][0]))
        return self._step

    def block(self, options):
        return (*options["block"], options["block_index"])


class Recorder(_Hook):
    def __init__(self, cache, node):
        super().__init__(cache)
        self.node = node
        self._seen, self._seen_at = set(), None

    def __call__(self, q, k, v, options):
        if options["block"][0] in self.cache.stages:
            if options["sigmas"] is not self._seen_at:
                self._seen, self._seen_at = set(), options["sigmas"]
            if self.block(options) in self._seen:
                raise KVCacheError(evaluated_otherwise(self.node))
            self._seen.add(self.block(options))
            self.cache.put(self.step(options), self.block(options), q)
        return q, k, v

    def check_complete(self):
        """KVCacheError unless every block was recorded at every step."""
        blocks = {block for _, block in self.cache.entries}
        if not blocks:
            raise KVCacheError(f'{self.node}: model has no self-attention to record in blocks "{self.cache.blocks}"')
        for step, level in enumerate(self.cache.levels):
            if any((step, block) not in self.cache.entries for block in blocks):
                raise KVCacheError(
                    f"{self.node}: a node on model skips parts of it at noise level {level:.4g}, as EasyCache does; "
                    "connect the model without that node"
                )


class Replayer(_Hook):
    def __init__(self, cache, first, last, strength):
        super().__init__(cache)
        self.first, self.last, self.strength = first, last, strength

    def __call__(self, q, k, v, options):
        if options["block"][0] not in self.cache.stages:
            return q, k, v
        # steps count from the noisiest, as the sampler goes
        step = self.step(options)
        if not self.first <= len(self.cache.levels) - 1 - step < self.last:
            return q, k, v
        hidden = replay(self.cache, step, self.block(options), q, self.strength)
        return q, hidden, hidden


def release_after_sampling(model, cache):
    """Adds to the (cloned) model that copies of the cache on the device go when a sampler ends, however it ends."""

    def sample(executor, *args, **kwargs):
        try:
            return executor(*args, **kwargs)
        finally:
            cache.release()

    model.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, "dragkit", sample)


def patched_first(model, patch):
    """A clone of the model with an attn1 patch before those of other packs, which then act on what it returns."""
    clone = model.clone()
    clone.set_model_attn1_patch(patch)
    patches = clone.model_options["transformer_options"]["patches"]["attn1_patch"]
    patches.insert(0, patches.pop())
    return clone
