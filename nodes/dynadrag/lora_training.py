"""Training of a LoRA inside ComfyUI's sampling stack: the attention of a UNet learns one latent."""

import comfy.model_management
import torch
from comfy.ldm.modules.attention import CrossAttention

from ...kernels.diffusion.identity_lora import train
from ...kernels.diffusion.lora import LowRank, state_dict
from ..model_space import check_noise_model
from .gradients import Evaluation, differentiable, half_precision, observed, within_stack

LAYERS = ("to_q", "to_k", "to_v", "to_out.0")


def _adapters(network, rank, generator, device):
    """{name of the layer: LowRank} for query, key, value and output of every attention; empty without a UNet."""
    layers = {}
    for name, attention in network.named_modules():
        if isinstance(attention, CrossAttention):
            layers |= {f"diffusion_model.{name}.{layer}": attention.get_submodule(layer) for layer in LAYERS}
    return {
        name: LowRank(layer.out_features, layer.in_features, rank, generator, device) for name, layer in layers.items()
    }


def trainable(model):
    """A clone of the model whose layers may learn; in bfloat16 instead of float16, whose range gradients fall out of,
    where the device has it."""
    clone = differentiable(model)
    if half_precision(clone) and comfy.model_management.should_use_bf16(clone.load_device):
        clone.set_model_compute_dtype(torch.bfloat16)
    return clone


def train_lora(model, positive, latent, rank, seed, settings, mode, tick, node):
    """A LoRA's weights as LORA_MODEL, the steps done, and the losses measured meanwhile, for model as from trainable
    and LATENT samples [1, C, h, w]. tick() after each evaluation; errors are raised in the name of a node."""
    check_noise_model(model, node)
    network, device = model.get_model_object("diffusion_model"), model.load_device
    generator = torch.Generator().manual_seed(seed)
    # what learns must be ordinary tensors
    with torch.inference_mode(False):
        adapters = _adapters(network, rank, generator, device)
    if not adapters:
        raise ValueError(f"{node}: this model has no UNet with attention; connect SD1.5, SD2 or SDXL")
    evaluation = Evaluation(network, mode, device, node)
    patched = observed(model, evaluation)
    for name, adapter in adapters.items():
        patched.add_weight_wrapper(f"{name}.weight", adapter)
    sampling = model.get_model_object("model_sampling")

    def work(network, extra_args):
        def denoise(x, sigma):
            evaluation.prepare(x, torch.is_grad_enabled())
            with torch.no_grad():
                network(x, sigma, **extra_args)
            return evaluation.denoised

        def slope_of(sigma):
            one = sigma.new_ones(len(sigma), 1, 1, 1)
            return sampling.calculate_denoised(sigma, one, torch.zeros_like(one))

        clean = model.model.process_latent_in(latent.to(device, torch.float32, copy=True))
        parameters = [part for adapter in adapters.values() for part in (adapter.up, adapter.down)]
        return train(parameters, denoise, slope_of, clean, sampling.sigmas, generator, settings, tick)

    # as large as what is evaluated, for ComfyUI's guess of the memory it takes
    batch = latent.expand(settings.batch, *latent.shape[1:])
    steps, losses = within_stack(patched, positive, batch, sampling.sigmas[[-1, 0]], node, work)
    return state_dict(adapters), steps, losses
