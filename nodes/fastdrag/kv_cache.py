"""FastDrag's frame: the picture is noised with its self-attention recorded, and the way back replays it."""

import logging

from comfy_api.latest import io

from ...kernels.diffusion.inversion import METHODS
from ..distilled_guidance import FAITHFUL, faithful, names_guidance, takes_guidance
from ..inputs import POSITIVE_INPUT, STEPS_INPUT, STRENGTH_INPUT
from ..kv_cache import STAGES, ComfyKVCache, Recorder, Replayer, patched_first, release_after_sampling
from ..model_identity import model_identity
from ..model_space import check_invertible, has_unet, is_flow, latent_of_model
from ..sampling import invert_latent, mention_guidance
from ..schedules import given_sigmas, inversion_sigmas
from ..types import KVCacheType, schema

INVERSION, APPLY = "KV-Cache Inversion", "Apply KV Cache"


def _record(model, positive, latent, sigmas, refinement, method, cache):
    """LATENT samples noised along sigmas, recorded into the cache where the network is a UNet."""
    if not has_unet(model):
        logging.info(
            "%s: this model has no UNet, and the attention of transformers is not recorded yet; the path is", INVERSION
        )
        return invert_latent(model, positive, latent, sigmas, refinement, INVERSION, None, method, cache.path)
    recorder = Recorder(cache, INVERSION)
    recording = patched_first(model, recorder)
    inverted = invert_latent(recording, positive, latent, sigmas, refinement, INVERSION, None, method, cache.path)
    recorder.check_complete()
    return inverted


class KVCacheInversion(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitKVCacheInversion",
            display_name="KV-Cache Inversion",
            description="Noises a picture deterministically (inversion) and records what keeps its look.",
            search_aliases=["DDIM inversion", "FastDrag", "unsampler", "invert"],
            inputs=[
                io.Model.Input(
                    "model",
                    tooltip="Any SD1.5, SD2, SDXL or SD1.5-inpainting model, or one of flow matching such as SD3.5, "
                    "FLUX, Qwen-Image or Z-Image; LoRAs included.",
                ),
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
                    "blocks",
                    options=list(STAGES),
                    tooltip="Part of the model whose self-attention is recorded. Of UNets alone.",
                ),
                io.Combo.Input(
                    "method",
                    options=list(METHODS),
                    default="predict",
                    optional=True,
                    tooltip="Where a step looks for the noise. predict: where the step before leads; the way back ends "
                    "nearer to the picture. next: where it is, as FastDrag does. Left out of an API workflow: next "
                    "for UNets, else predict.",
                ),
                io.Sigmas.Input(
                    "schedule",
                    optional=True,
                    tooltip="Noise levels of your own for the way back, down to 0, such as a Basic Scheduler's. They "
                    "replace steps and strength.",
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
    def execute(
        cls, model, positive, samples, steps, strength, refinement, cache_device, blocks, method=None, schedule=None
    ):
        if "noise_mask" in samples:
            raise ValueError(
                f"{INVERSION}: samples carries a noise mask; invert the whole picture and give the mask to Latent "
                "Warpage instead"
            )
        check_invertible(model, INVERSION)
        latent = latent_of_model(model, samples, INVERSION)
        if schedule is None:
            sigmas = inversion_sigmas(model, steps, strength, INVERSION)
        else:
            sigmas = given_sigmas(model, schedule, INVERSION)
        mention_guidance(model, INVERSION)
        if takes_guidance(model) and not names_guidance(positive):
            logging.info("%s: positive names no guidance, so the model is given %g", INVERSION, FAITHFUL)
        cache = ComfyKVCache(model, sigmas, cache_device, blocks)
        cache.recorded_from = model_identity(model)
        cache.latent_size = tuple(latent.shape[-2:])
        cache.is_flow = is_flow(model)
        # what an older workflow lacks is what it was
        method = method or ("next" if has_unet(model) else "predict")
        inverted = _record(model, positive, latent, sigmas, refinement, method, cache)
        return io.NodeOutput({**samples, "samples": inverted}, cache, sigmas.flip(0))


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
            return f"{APPLY}: start is {start:g} and end is {end:g}; start must not be after end"
        return True

    @classmethod
    def execute(cls, model, kv_cache, start, end, strength):
        if kv_cache.recorded_from != model_identity(model):
            raise ValueError(
                f"{APPLY}: kv_cache was recorded with another model, or with other LoRAs on it; connect the one "
                f"{INVERSION} used"
            )
        if not kv_cache.entries:
            logging.info("%s: no attention was recorded in kv_cache, so the model passes without it", APPLY)
            patched = model.clone()
            faithful(patched)
            return io.NodeOutput(patched)
        steps = len(kv_cache.levels)
        replayer = Replayer(kv_cache, round(start * steps), round(end * steps), strength)
        patched = patched_first(model, replayer)
        release_after_sampling(patched, kv_cache)
        return io.NodeOutput(patched)
