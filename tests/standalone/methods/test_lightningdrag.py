"""LightningDrag's published loop, and what its options do."""

from dataclasses import replace

import pytest
import torch
from diffusers import UNet2DConditionModel
from dragkit.kernels.diffusion.ddim import published_timesteps
from dragkit.kernels.diffusion.kv_cache import KVCacheError
from dragkit.kernels.diffusion.lcm import lcm_timesteps
from dragkit.kernels.lightningdrag.embedding import PointEmbeddingError
from dragkit.kernels.lightningdrag.guidance import point_scales
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.methods.lightningdrag import (
    denoise,
    image_prompt,
    inpainting_channels,
    lightningdrag,
    projected,
    record_reference,
)
from dragkit.standalone.models.lightningdrag import load_lightningdrag
from dragkit.standalone.models.point_hooks import PointHooks
from dragkit.standalone.models.unet import Denoiser

from ...golden import lightningdrag_tiny as tiny
from ...golden.lightningdrag_tiny import NUMBERS, PROBE
from ..inpainting import CONFIG

RUNS = ["ddim_invsq", "ddim_none_2guided", "ddim_invsq_bank_fp16", "ddim_linear_two_images", "lcm_invsq"]


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
    # three steps of the golden numbers do not divide the schedule
    assert timesteps == steps or len(timesteps) == 3
    latent = model.encode(tiny.picture())
    reference = record_reference(drag, latent)
    if run == "ddim_invsq_bank_fp16":
        reference.entries = {key: value.half().float() for key, value in reference.entries.items()}
    else:
        # one picture, recorded once for the batch
        assert len(reference.entries) == 16 and drag.appearance.t == 0
        for name, block in (("down0", "down_blocks.0.attentions.0"), ("mid", "mid_block.attentions.0")):
            entry = reference.entries[0, f"{block}.transformer_blocks.0.attn1"]
            near(entry, NUMBERS[f"ddim_invsq/bank_{name}"])
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


def drag_it(model, drag, drag_points=None, **options):
    options = {"steps": 2, "sampler": "ddim", "candidates": 1} | options
    drag_points = tiny.points() if drag_points is None else drag_points
    return lightningdrag(model, drag, tiny.picture(), drag_points, tiny.mask(), NUMBERS["clip_image_embed"], **options)


def test_the_whole_way_is_the_published_one(model, drag):
    inputs = []
    hook = model.denoiser.unet.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    try:
        # the seed of the golden numbers
        drag_it(model, drag, steps=4, scale=3.0, seed=77)
    finally:
        hook.remove()
    near(inputs[0][1:], NUMBERS["ddim_invsq/unet_input_step0"])
    for x, golden in zip(inputs[1:], NUMBERS["ddim_invsq/latents_per_step"], strict=False):
        near(x[1:, :4], golden)


NO_POINTS = DragPoints(torch.zeros(0, 2), torch.zeros(0, 2))


def test_candidates_are_those_of_their_seeds_and_share_the_reference(model, drag):
    drag.appearance.evaluations = model.denoiser.evaluations = 0
    together = drag_it(model, drag, candidates=3, seed=5, sampler="lcm")
    assert together.shape == (3, 3, 8, 16) and drag.appearance.evaluations == 1 and model.denoiser.evaluations == 2
    for i in range(3):
        near(together[i : i + 1], drag_it(model, drag, seed=5 + i, sampler="lcm"))
    assert (together[0] - together[1]).abs().max() > 0.01


def test_guidance_at_scale_1_costs_one_branch(model, drag):
    seen = []
    hook = model.denoiser.unet.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    try:
        plain = drag_it(model, drag, scale=1.0)
        assert seen == [1, 1]
        # guidance that nobody sees is left out
        assert torch.equal(drag_it(model, drag, scale=1.04), plain)
        drag_it(model, drag, guided_steps=1, candidates=2)
    finally:
        hook.remove()
    assert seen == [1, 1, 1, 1, 4, 2]
    assert (drag_it(model, drag, scale=3.0) - plain).abs().max() > 0.001


def test_without_points_the_picture_is_painted_anew_whatever_the_guidance(model, drag):
    found = drag_it(model, drag, NO_POINTS)
    assert torch.equal(found, drag_it(model, drag, NO_POINTS, scale=7.0)) and found.isfinite().all()
    assert (found - drag_it(model, drag, scale=1.0)).abs().max() > 0.001


def test_the_model_is_left_as_it_was(model, drag):
    x = torch.randn(1, 9, 8, 16, generator=torch.Generator().manual_seed(0))
    before = model.denoiser(x, 301)
    drag_it(model, drag)
    assert torch.equal(model.denoiser(x, 301), before)
    with pytest.raises(PointEmbeddingError, match="there are 300 points"):
        drag_it(model, drag, DragPoints(torch.zeros(300, 2), torch.zeros(300, 2)))
    hooks = PointHooks(model.denoiser.unet, record_reference(drag, torch.zeros(1, 4, 4, 4)), {}, {})
    with pytest.raises(KVCacheError, match="recorded for"), hooks.entered():
        model.denoiser(x, 301)
    assert torch.equal(model.denoiser(x, 301), before)


@pytest.mark.parametrize("size", [(72, 40), (8, 8), (104, 64)])
def test_any_size_of_whole_cells(model, drag, size):
    picture = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    points = DragPoints([[0.1, 0.9]], [[1.0, 0.2]])
    found = lightningdrag(model, drag, picture, points, steps=1, sampler="ddim", candidates=1)
    assert found.shape[-2:] == (size[0] // 8, size[1] // 8) and found.isfinite().all()


def test_half_precision_gives_nearly_the_same(model, drag, file):
    unet = UNet2DConditionModel(**CONFIG).eval().requires_grad_(False)
    unet.load_state_dict(tiny.unet_weights())
    half = replace(model, denoiser=Denoiser(unet.bfloat16(), NUMBERS["text_embeds"]))
    half_drag = load_lightningdrag(file, half)
    assert half_drag.appearance.unet.dtype == torch.bfloat16 and half_drag.embedding.conv_in.weight.dtype == torch.float
    found, expected = drag_it(half, half_drag), drag_it(model, drag)
    assert found.dtype == torch.float and (found - expected).norm() < 0.1 * expected.norm()
