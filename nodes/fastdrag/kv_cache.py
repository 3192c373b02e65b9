"""FastDrag's frame: the picture is noised with its self-attention recorded, and the way back replays it."""

from comfy_api.latest import io

from ..inputs import MODEL_INPUT, POSITIVE_INPUT, STEPS_INPUT, STRENGTH_INPUT
from ..kv_cache import STAGES, ComfyKVCache, Recorder, Replayer, patched_first, release_after_sampling
from ..model_identity import model_identity
from ..sampling import inversion_sigmas, invert_latent, mention_guidance
from ..types import KVCacheType, schema


class KVCacheInversion(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitKVCacheInversion",
            display_name="KV-Cache Inversion",
            description="Noises a picture deterministically (DDIM inversion) and records what keeps its look.",
            search_aliases=["DDIM inversion", "FastDrag", "unsampler", "invert"],
            inputs=[
                MODEL_INPUT,
                POSITIVE_INPUT,
                io.Latent.Input("samples", tooltip="The encoded picture."),
                STEPS_INPUT,
                STRENGTH_INPUT,
                io.Int.Input(
                    "refinement",
                    default=0,
                    min=0,
                    max=16,
                    tooltip="Extra evaluations per step that make the way back exact (4 is plenty). Costs time.",
                ),
                io.Combo.Input(
                    "cache_device",
                    options=["auto", "gpu", "cpu"],
                    tooltip="Where the recording is kept. cpu saves video memory; auto decides by what is free.",
                ),
                io.Combo.Input(
                    "blocks", options=list(STAGES), tooltip="Part of the model whose self-attention is recorded."
                ),
            ],
            outputs=[
                io.Latent.Output("latent", display_name="latent", tooltip="The noised latent, to be warped."),
                KVCacheType.Output(
                    "kv_cache",
                    display_name="kv_cache",
                    tooltip="The recording, for Apply KV Cache and Region from Attention.",
                ),
                io.Sigmas.Output(
                    "sigmas",
                    display_name="sigmas",
                    tooltip="The way back, for the sampler (add_noise off, euler or ddim).",
                ),
            ],
        )

    @classmethod
    def execute(cls, model, positive, samples, steps, strength, refinement, cache_device, blocks):
        if "noise_mask" in samples:
            raise ValueError(
                "KV-Cache Inversion: samples carries a noise mask; invert the whole picture and give the mask to "
                "Latent Warpage instead"
            )
        sigmas = inversion_sigmas(model, steps, strength, "KV-Cache Inversion")
        mention_guidance(model, "KV-Cache Inversion")
        cache = ComfyKVCache(model, sigmas, cache_device, blocks)
        cache.recorded_from = model_identity(model)
        cache.latent_size = tuple(samples["samples"].shape[-2:])
        recorder = Recorder(cache, "KV-Cache Inversion")
        recording = patched_first(model, recorder)
        latent = invert_latent(recording, positive, samples["samples"], sigmas, refinement, "KV-Cache Inversion")
        recorder.check_complete()
        return io.NodeOutput({**samples, "samples": latent}, cache, sigmas.flip(0))


class ApplyKVCache(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitApplyKVCache",
            display_name="Apply KV Cache",
            description="The model looks at the recorded original while it samples, so that the edit keeps its look.",
            search_aliases=["FastDrag", "consistency", "self-attention", "KV cache"],
            inputs=[
                io.Model.Input("model", tooltip="The model that the inversion used."),
                KVCacheType.Input("kv_cache", tooltip="The recording from KV-Cache Inversion."),
                io.Float.Input(
                    "start", default=0.0, min=0.0, max=1.0, step=0.01, tooltip="Replay from this part of the way back."
                ),
                io.Float.Input(
                    "end", default=1.0, min=0.0, max=1.0, step=0.01, tooltip="Replay until this part of the way back."
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="1: only the original is looked at. 0: only the edit itself.",
                ),
            ],
            outputs=[
                io.Model.Output(
                    "patched_model", display_name="patched_model", tooltip="The model, for the sampler on the way back."
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, start, end):
        if None not in (start, end) and start > end:
            return f"Apply KV Cache: start is {start:g} and end is {end:g}; start must not be after end"
        return True

    @classmethod
    def execute(cls, model, kv_cache, start, end, strength):
        if kv_cache.recorded_from != model_identity(model):
            raise ValueError(
                "Apply KV Cache: kv_cache was recorded with another model, or with other LoRAs on it; connect the one "
                "KV-Cache Inversion used"
            )
        steps = len(kv_cache.levels)
        replayer = Replayer(kv_cache, round(start * steps), round(end * steps), strength)
        patched = patched_first(model, replayer)
        release_after_sampling(patched, kv_cache)
        return io.NodeOutput(patched)
