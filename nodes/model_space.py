"""LATENT <-> what a model itself works on, at a noise level: one conversion for models that predict noise, whose x is
x_0 + sigma eps (VP latents: z = x / sqrt(1 + sigma^2)), and for flow matching, whose x is (1 - sigma) x_0 + sigma eps.
Between nodes ComfyUI keeps x, of flow matching x / (1 - sigma), both as process_latent_out has them."""

import comfy.model_management
import comfy.model_sampling
import torch
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel

# flow matching's noise alone has no picture to divide by
NOISIEST = 0.9999
_TO_IMAGE = tuple(
    getattr(comfy.model_sampling, name)
    for name in ("IMG_TO_IMG", "IMG_TO_IMG_FLOW")
    if hasattr(comfy.model_sampling, name)
)


def is_flow(model):
    """Whether a model is one of flow matching."""
    return isinstance(model.get_model_object("model_sampling"), comfy.model_sampling.CONST)


def has_unet(model):
    """Whether a model's network is a UNet, whatever it predicts."""
    network = model.get_model_object("diffusion_model")
    return isinstance(getattr(network, "_orig_mod", network), UNetModel)


def check_noise_model(model, node):
    """Raises, in the name of a node, unless the model has VP latents."""
    if is_flow(model):
        raise ValueError(
            f"{node}: this model is a flow-matching model; connect one that predicts noise or velocity, such as SD1.5, "
            "SD2 or SDXL"
        )


def check_invertible(model, node):
    """Raises, in the name of a node, unless the model makes pictures' latents of noise."""
    if isinstance(model.get_model_object("model_sampling"), _TO_IMAGE):
        raise ValueError(
            f"{node}: this model makes a picture of a picture, not of noise, so nothing can be inverted; connect one "
            "that begins with noise"
        )
    form = model.get_model_object("latent_format")
    if form.latent_channels == 3:
        raise ValueError(
            f"{node}: this model works on pixels, not on latents, which cannot be dragged yet; connect one with a VAE"
        )
    if form.latent_dimensions not in (2, 3):
        raise ValueError(f"{node}: this model makes no pictures; connect one that does")


def picture_latent(samples, node):
    """The samples of a LATENT [B, C, h, w] or, of one frame, [B, C, 1, h, w]. ValueError in the name of a node for
    others."""
    latent = samples["samples"]
    if getattr(latent, "is_nested", False):
        raise ValueError(f"{node}: samples holds several latents, such as a video and its sound; connect a picture's")
    if latent.ndim == 5 and latent.shape[2] > 1:
        raise ValueError(f"{node}: samples has {latent.shape[2]} frames; only a picture, which is one, can be dragged")
    if latent.ndim not in (4, 5):
        raise ValueError(
            f"{node}: samples has {latent.ndim} dimensions; only pictures (4 dimensions, or 5 with one frame) can be "
            "dragged"
        )
    return latent


def latent_of_model(model, samples, node):
    """picture_latent as the model has it, with an axis of frames where it has one: it would be spread over one without
    a word. ValueError in the name of a node for another model's."""
    latent, form = picture_latent(samples, node), model.get_model_object("latent_format")
    if latent.shape[1] != form.latent_channels:
        raise ValueError(
            f"{node}: samples has {latent.shape[1]} channels, but this model's latents have {form.latent_channels}; "
            "encode the picture with the VAE that belongs to the model"
        )
    if form.latent_dimensions == latent.ndim - 2:
        return latent
    return latent[:, :, None] if latent.ndim == 4 else latent[:, :, 0]


def _picture_share(model, sigma):
    return 1 - sigma if is_flow(model) else 1.0


def to_model(model, latent, sigma):
    """The model's x, float32 on its device, of LATENT samples at noise level sigma, below 1 for flow matching."""
    latent = latent.to(model.load_device, torch.float32)
    return model.model.process_latent_in(latent) * _picture_share(model, sigma)


def from_model(model, x, sigma):
    """The inverse of to_model, where ComfyUI keeps what travels between nodes."""
    latent = model.model.process_latent_out(x / _picture_share(model, sigma))
    return latent.to(comfy.model_management.intermediate_device())


def to_vp(model, latent, sigma):
    """The kernels' z_t, float32 on the model's device, of LATENT samples at noise level sigma."""
    return to_model(model, latent, sigma) / (1 + sigma**2) ** 0.5


def from_vp(model, z, sigma):
    """The inverse of to_vp, where ComfyUI keeps what travels between nodes."""
    return from_model(model, z * (1 + sigma**2) ** 0.5, sigma)
