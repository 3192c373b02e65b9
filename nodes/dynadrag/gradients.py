"""Gradients through ComfyUI's sampling stack: features and z_{t-1} as functions of the latent z_t."""

import comfy.samplers
import torch
from comfy.ldm.modules.attention import attention_pytorch
from comfy.ldm.modules.diffusionmodules.openaimodel import Upsample
from comfy.patcher_extension import WrappersMP

from ...kernels.diffusion.ddim import ddim_step
from ..kv_cache import evaluated_otherwise
from ..model_space import check_noise_model
from ..sampling import run_sampler
from .checkpointing import checkpointing

# decoder blocks as the papers count them, by resolution: SD1.5 has four, SDXL three, whose third is the last
BLOCKS = {"last": -1, "third": 3, "second": 2, "first": 1}
# keeps float16 gradients of the latent, about 1e-4 to 1, well inside its range
HALF_SCALE = 1024.0


class _Enough(Exception):
    """Ends an evaluation of the network after the block that was asked for."""


def _clone_for_autograd(weight):
    # inference tensors cannot be saved for the backward pass, and buffers that stream weights are used again
    return weight.detach().clone() if torch.is_grad_enabled() else weight


def differentiable(model):
    """A clone of the model whose network can be differentiated by its input, with the model's weights."""
    clone = model.clone()
    for name, _ in model.get_model_object("diffusion_model").named_parameters():
        clone.add_weight_wrapper(f"diffusion_model.{name}", _clone_for_autograd)
    return clone


def observed(model, wrapper):
    """A clone of the model that calls wrapper around the evaluation of its network, which may turn gradients on."""
    clone = model.clone()
    clone.add_wrapper_with_key(WrappersMP.APPLY_MODEL, "dragkit", wrapper)
    # ControlNets are added in place to the skip connections, which the next block has saved for the backward pass
    clone.set_model_input_block_patch_after_skip(lambda h, options: h.clone())
    # other ways of attention have no gradient, or one that is not exact
    clone.model_options["transformer_options"]["optimized_attention_override"] = lambda attention, *args, **kwargs: (
        attention_pytorch(*args, **kwargs)
    )
    return clone


def within_stack(model, positive, latent, sigmas, node, work):
    """What work(network, extra_args) returns, run as a sampler, with gradients, where ComfyUI has loaded the model and
    prepared the conditioning for LATENT samples [B, C, h, w]. ValueError as of run_sampler."""
    result = None

    def sample(network, x, sigmas, extra_args=None, callback=None, disable=None):
        nonlocal result
        with torch.inference_mode(False), torch.enable_grad():
            result = work(network, extra_args)
        return x

    with torch.inference_mode():
        run_sampler(model, positive, latent, comfy.samplers.KSAMPLER(sample), sigmas, node)
    return result


def half_precision(model):
    """Whether the network computes in float16, whose range gradients fall out of."""
    return (model.get_model_object("manual_cast_dtype") or model.model_dtype()) == torch.float16


def loss_scale(model):
    """What a loss is multiplied by before its gradient is taken."""
    return HALF_SCALE if half_precision(model) else 1.0


class Evaluation:
    """Wraps the evaluation of the network: there alone gradients are on, if they are wanted at all. Keeps the denoised
    latent, with its gradient, and gives the stack around it what it expects. One evaluation for each prepare()."""

    def __init__(self, network, mode, device, node):
        self.network, self.mode, self.device, self.node = network, mode, device, node

    def prepare(self, x, gradients):
        """x: the latent that the stack is given next, to which gradients lead."""
        self.x, self.gradients, self.denoised, self._called = x, gradients, None, False

    def __call__(self, executor, x, *args, **kwargs):
        # in parts, or again
        if self._called or x.shape != self.x.shape:
            raise ValueError(evaluated_otherwise(self.node))
        self._called = True
        with torch.set_grad_enabled(self.gradients), checkpointing(self.network, self.mode, self.device):
            self.denoised = executor(self.x, *args, **kwargs)
        return self.denoised.detach()


def _tapped_module(model, block, node):
    """The module whose output is that of decoder block BLOCKS[block], upsampling included."""
    blocks = getattr(model.get_model_object("diffusion_model"), "output_blocks", None)
    if blocks is None:
        raise ValueError(f"{node}: this model has no UNet; connect SD1.5, SD2 or SDXL")
    ends = [one[-1] for one in blocks if isinstance(one[-1], Upsample)] + [blocks[-1][-1]]
    if BLOCKS[block] > len(ends):
        raise ValueError(f'{node}: block is "{block}", but this model has {len(ends)} decoder blocks; choose "last"')
    return ends[BLOCKS[block] - (BLOCKS[block] > 0)]


class _Tap(Evaluation):
    """An Evaluation that keeps the features of a module, too, and ends there unless the rest is wanted."""

    def __init__(self, module, *args):
        super().__init__(*args)
        self.module = module

    def prepare(self, x, complete):
        super().prepare(x, x.requires_grad)
        self.complete, self.features = complete, None

    def __call__(self, executor, x, *args, **kwargs):
        def keep(module, inputs, output):
            self.features = output.float()
            if not self.complete:
                raise _Enough

        handle = self.module.register_forward_hook(keep)
        try:
            return super().__call__(executor, x, *args, **kwargs)
        except _Enough:
            return torch.zeros_like(x)
        finally:
            handle.remove()

    def take(self):
        """Features and denoised latent of the evaluation, which are not kept any longer."""
        found = self.features, self.denoised
        self.x = self.features = self.denoised = None
        return found


class Gradients:
    """within(work) of the kernels' loop: work(evaluate) runs inside ComfyUI's sampling stack, which loads the model and
    prepares the conditioning as for any sampler.

    model is what differentiable returned (any, where z_t needs no gradient), latent LATENT samples of the size that
    will be evaluated; sigmas begin with the noise levels of z_t and z_{t-1}. ControlNets are evaluated, but not
    differentiated. tick() after each evaluation.
    """

    def __init__(self, model, positive, latent, sigmas, block, mode, node, tick=lambda: None):
        check_noise_model(model, node)
        self.levels = sigmas.tolist()[:2]
        if len(self.levels) < 2 or self.levels[0] <= self.levels[1]:
            raise ValueError(
                f"{node}: sigmas must go down from the noise level of the latent; connect those it came with"
            )
        self._stack = positive, latent, sigmas[:2], node
        self._tick = tick
        network = model.get_model_object("diffusion_model")
        self._tap = _Tap(_tapped_module(model, block, node), network, mode, model.load_device, node)
        self._model = observed(model, self._tap)

    def __call__(self, work):
        def within(network, extra_args):
            return work(lambda z, complete: self._evaluate(network, extra_args, z, complete))

        return within_stack(self._model, *self._stack, within)

    def _evaluate(self, network, extra_args, z, complete):
        sigma, following = self.levels
        x = z * (1 + sigma**2) ** 0.5
        self._tap.prepare(x, complete)
        with torch.no_grad():
            network(x.detach(), x.new_full((len(x),), sigma), **extra_args)
        features, denoised = self._tap.take()
        self._tick()
        if not complete:
            return features, None
        return features, ddim_step(z, (x - denoised) / sigma, *(1 / (1 + level**2) for level in (sigma, following)))
