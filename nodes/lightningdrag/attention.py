"""LightningDrag's attention in any SD1.5 MODEL: reference tokens and points in self-attention, image tokens in
cross-attention, through hooks that other packs' patches live beside."""

import math

from comfy.ldm.modules.attention import optimized_attention
from comfy.patcher_extension import WrappersMP

from ...kernels.lightningdrag.attention import add_to_queries, join_reference
from ...kernels.lightningdrag.guidance import felt, point_scales
from ...kernels.lightningdrag.image_tokens import fold, folded_term

KEY = "dragkit_lightningdrag"
# a scale that is felt as long as there is guidance, for guiders that do not say theirs
UNKNOWN = 1e9
# of a conditioning: whether it sees the points
SEES = "dragkit_sees_points"


class PointAttention:
    """What the hooks of one edit share. reference: a KVCache of one level; points: {block: (p(target), p(handle))},
    empty without points; image_keys: {block: (k, v)}, empty without image tokens; blocks by the keys of attention
    patches."""

    def __init__(self, blocks, reference, points, image_keys, decay, guided_steps):
        self.blocks, self.reference, self.points, self.image_keys = blocks, reference, points, image_keys
        # without points there is nothing to guide, and one branch does
        self.decay, self.guided_steps = decay, guided_steps if points else 0
        self._sees, self._on_device, self._queries, self._guider = {}, {}, {}, None

    def _kept(self, name, block, make):
        """Tensors that stay the same while a sampler runs."""
        if (name, block) not in self._on_device:
            self._on_device[name, block] = make()
        return self._on_device[name, block]

    def _reference(self, block, like):
        attention = self.blocks[block].attn1

        def make():
            hidden = self.reference.get(0, block, like.device).to(like.dtype)
            return attention.to_k(hidden), attention.to_v(hidden)

        return self._kept("reference", block, make)

    def _points(self, block, like):
        return self._kept("points", block, lambda: tuple(one.to(like) for one in self.points[block]))

    def self_attention(self, block, before):
        """The attn1 replacement of a block; `before` is that of another pack, which then attends."""

        def attend(q, k, v, options):
            keys, values = self._reference(block, k)
            if len(q) % len(keys):
                raise ValueError(
                    f"Apply LightningDrag: it was given {len(keys)} pictures, but the sampler has {len(q)} latents; "
                    "sample a multiple of their number"
                )
            points, sees = (), (False,)
            if self.points:
                points = self._points(block, q)
                sees = [self._sees.get(uuid, False) for uuid in options["uuids"]]
                q = add_to_queries(q, points[0], sees)
            k, v = join_reference(k, keys, points, sees), join_reference(v, values)
            if before is not None:
                return before(q, k, v, options)
            return optimized_attention(
                q, k, v, options["n_heads"], attn_precision=options["attn_precision"], transformer_options=options
            )

        return attend

    def before_cross_attention(self, n, context, value, options):
        self._queries[(*options["block"], options["block_index"])] = n
        return n, context, value

    def after_cross_attention(self, n, options):
        block = (*options["block"], options["block_index"])
        attention, hidden, heads = self.blocks[block].attn2, self._queries.pop(block), options["n_heads"]

        def make():
            return fold(attention.to_q, attention.to_out, *(one.to(hidden) for one in self.image_keys[block]), heads)

        return n + folded_term(hidden, *self._kept("image", block, make), heads)

    def _scales(self, scale, sigma, options):
        """Of the step at sigma: the scale of the guidance over points."""
        sigmas = options["transformer_options"]["sample_sigmas"]
        step = int((sigmas[:-1] - sigma).abs().argmin())
        return felt(point_scales(scale, self.decay, len(sigmas) - 1, self.guided_steps)[step])

    def guide(self, args):
        """A pre-cfg function: the branch without points moves so that the sampler's own formula gives this step's
        scale."""
        (with_points, without, *rest), scale = args["conds_out"], args["cond_scale"]
        if math.isclose(scale, 1.0):
            return args["conds_out"]
        own = self._scales(scale, float(args["sigma"].flatten()[0]), args["model_options"])
        without = with_points - (own - 1) / (scale - 1) * (with_points - without)
        return [with_points, without, *rest]

    def conditionings(self, executor, model, conds, x_in, timestep, model_options):
        """Remembers which conditionings see the points; leaves the other out where it would not be felt."""
        self._sees = {cond["uuid"]: cond[SEES] for group in conds for cond in group or () if SEES in cond}
        # all have a cfg; it is 1 in those that have their own scale beside it, and those at 1 need no help
        cfg = UNKNOWN if self._guider.cfg == 1 else self._guider.cfg
        if len(conds) == 2 and self._scales(cfg, float(timestep.flatten()[0]), model_options) == 1:
            conds = [conds[0], None]
        return executor(model, conds, x_in, timestep, model_options)

    def sample(self, executor, noise, latent_image, sampler, sigmas, *args, **options):
        """Around a sampler: the published start, z_999 of the source, and no tensor on the device afterwards."""
        guider = executor.class_obj
        if not any(SEES in cond for group in guider.conds.values() for cond in group):
            raise ValueError(
                "Apply LightningDrag: the sampler has other conditionings; connect positive and negative of Apply "
                "LightningDrag to it"
            )
        sampling = guider.model_patcher.get_model_object("model_sampling")
        first = float(sigmas[0])
        if first > (1 - 1e-5) * float(sampling.sigma_max):
            # the noise of a whole schedule is taken for all of the latent there, and scaled by sqrt(1 + sigma^2)
            noise = noise * (first / math.sqrt(1 + first**2))
        self._guider = guider
        try:
            return executor(noise, latent_image, sampler, sigmas, *args, **options)
        finally:
            self._on_device.clear()
            self._queries.clear()
            self._sees, self._guider = {}, None
            self.reference.release()


def with_point_attention(model, state):
    """A clone of the MODEL with the hooks of a PointAttention."""
    clone = model.clone()
    replaced = clone.model_options["transformer_options"].get("patches_replace", {}).get("attn1", {})
    for block in state.blocks:
        # what others set for a transformer block goes before what they set for all of a block; each has one here
        key = block if block in replaced else block[:2]
        clone.set_model_attn1_replace(state.self_attention(block, replaced.get(key)), *key)
    if state.image_keys:
        clone.set_model_attn2_patch(state.before_cross_attention)
        clone.set_model_attn2_output_patch(state.after_cross_attention)
    clone.set_model_sampler_pre_cfg_function(state.guide)
    clone.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, KEY, state.conditionings)
    clone.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, KEY, state.sample)
    return clone
