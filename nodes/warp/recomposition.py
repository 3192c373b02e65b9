"""The sampler of MoRe-Drag (2026): an edit model makes a picture that is held at the warped one for a while."""

import logging
from functools import partial

import comfy.model_management
import comfy.sampler_helpers
import comfy.samplers
import torch
from comfy_api.latest import io

from ...kernels.diffusion.recomposition import path, sample
from ...kernels.points.masks import check_finite, share_of_grid
from ..fitting import check_batch
from ..types import schema

NODE = "Drag Recomposition"
# what makes a conditioning more than a text and its pictures
FURTHER = ("area", "mask", "strength", "start_percent", "end_percent", "control", "gligen", "hooks", "default")


class DragRecomposition(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="DragKitDragRecomposition",
            display_name=NODE,
            description="Samples by Euler's steps and holds the first ones at the warped picture, as masks say.",
            search_aliases=["MoRe-Drag", "edit model", "sampler", "Qwen-Image-Edit", "Kontext", "Klein", "drag"],
            inputs=[
                io.Mask.Input(
                    "mask",
                    tooltip="mask of Recomposition Masks: 0 keeps the warped picture, 1 paints anew, between both are "
                    "mixed. Of the size of the warped picture.",
                ),
                io.Float.Input(
                    "until",
                    default=0.47,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Part of the steps that are held (14 of 30 as published); the others are free. 1 keeps to "
                    "the last step.",
                ),
                io.Float.Input(
                    "reference_until",
                    default=0.37,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Part of the steps in which the model sees the warped picture in the place of the first "
                    "reference latent of positive and negative, the original (11 of 30 as published). 0: the "
                    "references stay as they are.",
                ),
                io.Conditioning.Input(
                    "evidence",
                    optional=True,
                    tooltip="An empty prompt with the warped picture as reference: the model then makes the warped "
                    "picture's way, too, as published, by one evaluation more in each held step. None: the straight "
                    "line from the noise to the warped picture, which costs nothing.",
                ),
            ],
            outputs=[
                io.Sampler.Output(
                    "sampler",
                    display_name="sampler",
                    tooltip="For SamplerCustomAdvanced or SamplerCustom; latent_image is the warped picture's.",
                )
            ],
        )

    @classmethod
    def execute(cls, mask, until, reference_until, evidence=None):
        mask = check_finite(mask, f"{NODE}: mask").clamp(0, 1)
        if evidence is not None:
            check_evidence(evidence)
        given = {"mask": mask, "until": until, "reference_until": reference_until, "evidence": evidence}
        return io.NodeOutput(comfy.samplers.KSAMPLER(partial(sample_recomposed, **given)))


def has_reference(options):
    return bool(options.get("reference_latents"))


def check_evidence(evidence):
    """ValueError unless CONDITIONING is one text with a reference, for the whole picture and every step."""
    if len(evidence) != 1:
        raise ValueError(f"{NODE}: evidence has {len(evidence)} conditionings; connect one")
    _, options = evidence[0]
    further = [name for name in FURTHER if options.get(name) is not None]
    if further:
        raise ValueError(
            f"{NODE}: evidence has {', '.join(further)}; connect a prompt with a reference latent and nothing else"
        )
    if not has_reference(options):
        raise ValueError(
            f"{NODE}: evidence has no reference latent; give it the warped picture, by Reference Latent or the model's "
            "own text encoder node"
        )


def mask_of_cells(mask, latent):
    """MASK [B or 1, H, W] as the share of each cell of a latent [B, C, h, w] or [B, C, 1, h, w], against which it
    broadcasts; ValueError names the node."""
    check_batch(mask, f"{NODE}: mask", len(latent), "latents")
    mask = share_of_grid(mask, *latent.shape[-2:], f"{NODE}: mask").to(latent)
    return mask[:, None] if latent.ndim == 4 else mask[:, None, None]


def check_samples(latent, noise, denoise_mask):
    """ValueError for what this sampler cannot take: several frames, no noise, a noise mask beside its own."""
    if latent.ndim not in (4, 5) or (latent.ndim == 5 and latent.shape[2] != 1):
        raise ValueError(f"{NODE}: latent_image has shape {list(latent.shape)}; connect the latent of pictures")
    if denoise_mask is not None:
        raise ValueError(
            f"{NODE}: latent_image has a noise mask; connect its mask to {NODE} and leave Set Latent Noise Mask out"
        )
    if not noise.any():
        raise ValueError(f"{NODE}: there is no noise to start from; turn add_noise on, or connect Random Noise")
    if not latent.any():
        raise ValueError(f"{NODE}: latent_image is empty; connect the VAE's latent of the warped picture")


def seeing(guider, latent, noise, seed):
    """The guider's conditionings with the latent, as it is inside the model, for the first of their references; None
    where none has a reference."""
    if not any(has_reference(one) for conds in guider.conds.values() for one in conds):
        return None
    model = guider.inner_model
    reference = model.process_latent_out(latent)

    def seen(options):
        if not has_reference(options):
            return options
        return options | {"reference_latents": [reference, *options["reference_latents"][1:]]}

    common = {"latent_image": latent, "denoise_mask": None, "seed": seed}
    return {
        name: comfy.samplers.encode_model_conds(
            model.extra_conds, [seen(one) for one in conds], noise, noise.device, name, **common
        )
        for name, conds in guider.conds.items()
    }


def evidence_denoiser(guider, evidence, noise, latent, model_options, seed):
    """denoise(x, sigma) of the guider's model for CONDITIONING alone, without guidance."""
    model, name = guider.inner_model, "positive"
    conds = {name: comfy.sampler_helpers.convert_cond(evidence)}
    conds = comfy.samplers.process_conds(model, noise, conds, noise.device, latent, None, seed)[name]

    def denoise(x, sigma):
        # ComfyUI looks between steps only
        comfy.model_management.throw_exception_if_processing_interrupted()
        return comfy.samplers.calc_cond_batch(model, [conds], x, sigma * x.new_ones(len(x)), model_options)[0]

    return denoise


def sample_recomposed(
    model, x, sigmas, extra_args=None, callback=None, disable=None, mask=None, until=0, reference_until=0, evidence=None
):  # fmt: skip
    """A k-diffusion style sampler. model is ComfyUI's, with the noise, the warped picture's latent and the guider."""
    guider, noise, latent = model.inner_model, model.noise, model.latent_image
    check_samples(latent, noise, extra_args.get("denoise_mask"))
    mask, steps = mask_of_cells(mask, latent), len(sigmas) - 1
    held, shown = round(until * steps), round(reference_until * steps)
    options, seed = extra_args["model_options"], extra_args.get("seed")
    if evidence is None:
        at = guider.inner_model.model_sampling.noise_scaling
        warped = (at(sigma, noise, latent) for sigma in sigmas[1:])
    else:
        warped = path(evidence_denoiser(guider, evidence, noise, latent, options, seed), x, sigmas)
    late, early = guider.conds, seeing(guider, latent, noise, seed) if shown else None
    guider.conds = early or late

    def denoise(x, sigma):
        return model(x, sigma * x.new_ones(len(x)), **extra_args)

    def report(i, x, denoised):
        if i + 1 == shown:
            guider.conds = late
        if callback is not None:
            preview = torch.lerp(latent, denoised, mask) if i < held else denoised
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": preview})

    sampled = sample(denoise, x, sigmas, warped, mask, held, report)
    kept, painted = (100 * float((mask == value).float().mean()) for value in (0, 1))
    asked = f"{steps} for the picture (with CFG, of both conditionings)"
    asked += "" if evidence is None else f" and {held} for the warped picture"
    seen = f"the warped picture was the reference in the first {shown}"
    seen = seen if early or not shown else "no conditioning has a reference latent"
    logging.info(
        f"{NODE}: {held} of {steps} steps were held, with {kept:.0f} % of the cells kept and {painted:.0f} % painted "
        f"anew; {seen}; evaluations of the network: {asked}"
    )
    return sampled
