"""LightningDrag on the command line's side: the published loop, the files, the command."""

import pytest
import torch
from diffusers import UNet2DConditionModel
from dragkit.kernels.ddim import alphas_cumprod, published_timesteps
from dragkit.kernels.lcm import lcm_timesteps
from dragkit.kernels.point_guidance import point_scales
from dragkit.standalone.lightningdrag import (
    denoise,
    image_prompt,
    inpainting_channels,
    projected,
    record_reference,
)
from dragkit.standalone.lightningdrag_files import network_of
from dragkit.standalone.models import DragModel
from dragkit.standalone.point_hooks import PointHooks
from dragkit.standalone.unet import Denoiser

from . import lightningdrag_tiny as tiny
from .lightningdrag_tiny import NUMBERS, PROBE

RUNS = ["ddim_invsq", "ddim_none_2guided", "ddim_invsq_bank_fp16", "ddim_linear_two_images", "lcm_invsq"]
CONFIG = dict(
    sample_size=16, in_channels=9, block_out_channels=tiny.WIDTHS, layers_per_block=2, norm_num_groups=tiny.GROUPS,
    cross_attention_dim=tiny.CONTEXT, attention_head_dim=tiny.HEADS,
)  # fmt: skip


@pytest.fixture(scope="module")
def model():
    unet = UNet2DConditionModel(**CONFIG).eval().requires_grad_(False)
    unet.load_state_dict(tiny.unet_weights())
    return DragModel(
        tiny.encode, lambda latent: latent[:, :3], Denoiser(unet, NUMBERS["text_embeds"]), alphas_cumprod(),
        unprompted=NUMBERS["negative_text_embeds"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def drag(model):
    return network_of(tiny.drag_weights(), model, "tiny")


def test_the_weights_are_those_of_the_rule(model, drag):
    weights = tiny.drag_weights()
    parts = {"app": weights.appearance, "pe": weights.point_embedding, "image_proj": weights.image_proj}
    parts["unet"] = tiny.unet_weights()
    for kind, processor in (("attn1", weights.points), ("attn2", weights.image_tokens)):
        for block, tensors in processor.items():
            parts["unet"] |= {f"{block}.{kind}.processor.{key}": value for key, value in tensors.items()}
    assert set(PROBE) == set(parts)
    for part, probes in PROBE.items():
        for name, probe in probes.items():
            value = parts[part][name]
            assert list(value.shape) == probe["shape"] and value.flatten()[:4].tolist() == probe["first4"]
            assert float(value.double().sum()) == pytest.approx(probe["sum"], abs=1e-6)


def near(found, golden):
    """Within the tolerance for outputs of networks."""
    assert found.shape == golden.shape and (found - golden).abs().max() < 1e-4 * golden.std()


@pytest.mark.parametrize("run", RUNS)
def test_the_loop_is_the_published_one(run, model, drag):
    golden = {key.removeprefix(f"{run}/"): value for key, value in NUMBERS.items() if key.startswith(f"{run}/")}
    timesteps, (scale, guided_steps) = golden["t"].long().tolist()[::-1], golden["guidance"].tolist()
    decay = {"none": "none", "linear": "linear", "invsq": "inv_square"}[run.split("_")[1]]
    scales = point_scales(scale, decay, len(timesteps), None if guided_steps < 0 else int(guided_steps))
    steps = lcm_timesteps(len(timesteps)) if run.startswith("lcm") else published_timesteps(len(timesteps), 1.0)
    noises = iter(golden["lcm_noise_per_step"]) if run.startswith("lcm") else None
    if run != "ddim_invsq_bank_fp16" and len(timesteps) == 4:
        assert timesteps == steps
    latent = model.encode(tiny.picture())
    reference = record_reference(drag, latent)
    if run == "ddim_invsq_bank_fp16":
        reference.entries = {key: value.half().float() for key, value in reference.entries.items()}
    assert len(reference.entries) == 16
    hooks = PointHooks(
        model.denoiser.unet, reference, projected(drag, tiny.points(), 64, 128, torch.float32, "cpu"),
        image_prompt(drag, NUMBERS["clip_image_embed"], torch.float32),
    )  # fmt: skip
    seen = inpainting_channels(model.encode, tiny.picture(), tiny.mask())
    first = NUMBERS["ddim_invsq/unet_input_step0"]
    start = golden.get("start", first[:, :4])
    near(seen, first[:, 4:])
    # the schedule of the golden numbers ends a little above no noise
    alphas = [model.alphas[0].item()] + model.alphas[timesteps].tolist()
    passed = []
    latents = denoise(
        model.denoiser, hooks, start, seen, timesteps, alphas, scales, noises, lambda i, z: passed.append(z)
    )
    assert torch.equal(latents, passed[-1])
    for found, expected in zip(passed, golden["latents_per_step"], strict=True):
        near(found, expected)
