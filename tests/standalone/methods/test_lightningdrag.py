"""LightningDrag on the command line's side: the published loop, the files, the command."""

import shutil
from dataclasses import replace

import pytest
import torch
from diffusers import UNet2DConditionModel
from dragkit.kernels.diffusion.ddim import alphas_cumprod, published_timesteps
from dragkit.kernels.diffusion.kv_cache import KVCacheError
from dragkit.kernels.diffusion.lcm import lcm_timesteps
from dragkit.kernels.lightningdrag.embedding import PointEmbeddingError
from dragkit.kernels.lightningdrag.files import FORMAT, LightningDragError, pack
from dragkit.kernels.lightningdrag.guidance import point_scales
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.standalone.cli import main
from dragkit.standalone.methods.lightningdrag import (
    denoise,
    image_prompt,
    inpainting_channels,
    lightningdrag,
    projected,
    record_reference,
)
from dragkit.standalone.models.drag_model import DragModel
from dragkit.standalone.models.lightningdrag import embed_image, load_lightningdrag
from dragkit.standalone.models.point_hooks import PointHooks
from dragkit.standalone.models.unet import Denoiser
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from ...golden import lightningdrag_tiny as tiny
from ...golden.lightningdrag_tiny import NUMBERS, PROBE

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
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("light") / "light.safetensors"
    save_file(pack(tiny.drag_weights()), path, {"format": FORMAT})
    return path


@pytest.fixture(scope="module")
def drag(file, model):
    return load_lightningdrag(file, model)


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


def test_other_models_and_files_are_named(model, drag, file, tmp_path):
    narrow = UNet2DConditionModel(**CONFIG | {"in_channels": 4})
    other = replace(model, denoiser=Denoiser(narrow, NUMBERS["text_embeds"]))
    with pytest.raises(LightningDragError, match="4 input channels; LightningDrag needs an SD1.5 inpainting model"):
        load_lightningdrag(file, other)
    wide = UNet2DConditionModel(**CONFIG | {"block_out_channels": (16, 32, 32, 64)})
    with pytest.raises(LightningDragError, match="light.safetensors is for another model: the model has 64 channels"):
        load_lightningdrag(file, replace(model, denoiser=Denoiser(wide, NUMBERS["text_embeds"])))
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(LightningDragError, match="text.safetensors is no safetensors file"):
        load_lightningdrag(tmp_path / "text.safetensors", model)
    with pytest.raises(LightningDragError, match="no folder of a CLIP image encoder"):
        embed_image(tmp_path, tiny.picture(), drag)


def test_the_image_encoder_sees_the_picture(drag, tmp_path):
    sizes = dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=28)
    for name, values in (("good", tiny.CLIP), ("other", 7)):
        config = CLIPVisionConfig(**sizes, patch_size=14, projection_dim=values)
        CLIPVisionModelWithProjection(config).save_pretrained(tmp_path / name)
    one, other = (embed_image(tmp_path / "good", picture, drag) for picture in (tiny.picture(), 0 * tiny.picture()))
    assert one.shape == (1, tiny.CLIP) and not torch.equal(one, other)
    with pytest.raises(LightningDragError, match="gives embeddings of 7 values; .* for those of 20"):
        embed_image(tmp_path / "other", tiny.picture(), drag)


def published_files(folder):
    """The four published files of the tiny weights, under their names; attention weights have other image tokens."""
    weights = tiny.drag_weights()
    attention, image_tokens = {}, {}
    for i, block in enumerate(weights.points):
        attention |= {f"{2 * i}.{key}": value for key, value in weights.points[block].items()}
        image_tokens |= {f"{2 * i + 1}.{key}": value for key, value in weights.image_tokens[block].items()}
    attention |= {key: torch.zeros_like(value) for key, value in image_tokens.items()}
    (folder / "appearance_encoder").mkdir(parents=True)
    torch.save(attention, folder / "lightning-drag-sd15-attn.bin")
    torch.save(weights.point_embedding, folder / "point_embedding.pt")
    torch.save({"image_proj": weights.image_proj, "ip_adapter": image_tokens}, folder / "ip-adapter_sd15.bin")
    save_file(weights.appearance, folder / "appearance_encoder" / "diffusion_pytorch_model.safetensors")


class Executed(Exception):
    pass


class Payload:
    def __reduce__(self):
        return _execute, ()


def _execute():
    raise Executed


def test_published_files_become_one(file, tmp_path, capsys):
    folder, out = tmp_path / "published", tmp_path / "one.safetensors"
    published_files(folder)
    (folder / "README.bin").write_text("not looked at")
    main(["convert-lightningdrag", str(folder), "--out", str(out)])
    assert "appearance encoder: " in capsys.readouterr().out
    found, expected = load_file(out), load_file(file)
    assert found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in found)
    main(["convert-lightningdrag", str(folder), "--out", str(out), "--half"])
    assert out.stat().st_size < 0.6 * file.stat().st_size and load_file(out)["image_proj.norm.bias"].dtype == torch.half


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "point_embedding.pt").unlink(), "point embedding is missing; found: app"),
        (lambda folder: torch.save({"x": torch.zeros(1)}, folder / "point_embedding.pt"), "is none of LightningDrag's"),
        (lambda folder: torch.save({"x": Payload()}, folder / "point_embedding.pt"), "cannot be read as weights"),
        (
            lambda folder: shutil.copy(folder / "ip-adapter_sd15.bin", folder / "point_embedding.pt"),
            "ip-adapter_sd15.bin and .*point_embedding.pt are both the IP-Adapter",
        ),
        (lambda folder: shutil.rmtree(folder), "is neither a folder nor a .bin, .pt, .safetensors file"),
    ],
)
def test_files_that_cannot_be_converted_are_named(change, said, tmp_path):
    published_files(tmp_path / "published")
    change(tmp_path / "published")
    with pytest.raises(SystemExit, match=said) as error:
        main(["convert-lightningdrag", str(tmp_path / "published"), "--out", str(tmp_path / "one.safetensors")])
    assert "\n" not in str(error.value) and not (tmp_path / "one.safetensors").exists()
