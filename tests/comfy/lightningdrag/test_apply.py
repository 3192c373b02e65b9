"""Apply LightningDrag on the real server: the published loop, points, batches, sizes, and what may go wrong."""

import pytest
import torch
from dragkit.kernels.points.drag_points import serialise_points
from safetensors.torch import save_file

from ...golden import lightningdrag_tiny as tiny
from ...golden.lightningdrag_tiny import NUMBERS, SCALING
from ..graphs import relative_max, tensor
from .graphs import ALPHAS, CLIP, DRAG, Scene, applied, sampled, saved


@pytest.fixture(scope="module")
def golden(comfy):
    """The files of the golden numbers' networks."""
    save_file(tiny.unet_weights(), comfy.folder / "input" / "unet.safetensors")
    return saved(comfy, "golden.safetensors", tiny.drag_weights())


@pytest.mark.float32
@pytest.mark.parametrize("run", ["ddim_invsq", "ddim_none_2guided", "ddim_linear_two_images", "lcm_invsq"])
def test_the_published_loop(comfy, golden, run):
    numbers = {key.removeprefix(f"{run}/"): value for key, value in NUMBERS.items() if key.startswith(f"{run}/")}
    levels = (1 / ALPHAS - 1).sqrt()[numbers["t"].round().long()]
    lcm = run.startswith("lcm")
    # the published DDIM ends at the first timestep's noise, and its latent is that of VP
    sigmas = torch.cat((levels, levels.new_zeros(1) if lcm else (1 / ALPHAS[:1] - 1).sqrt()))
    scale, guided_steps = numbers["guidance"].tolist()
    decay = {"none": "none", "linear": "linear", "invsq": "inv_square"}[run.split("_")[1]]

    graph = comfy.graph()
    drag = graph.node("DragKitLoadLightningDrag", model_name=golden)
    networks = graph.node("TestGoldenLightningDrag", lightning_drag=drag, file="unet.safetensors", heads=tiny.HEADS)
    model = graph.node("ModelSamplingDiscrete", model=networks, sampling="lcm", zsnr=False) if lcm else networks
    positive, negative = (tensor(comfy, graph, NUMBERS[f"{name}text_embeds"]).out(4) for name in ("", "negative_"))
    edit = applied(
        graph, model, networks.out(1), graph.node("TestMeanVAE", channels=4),
        tensor(comfy, graph, tiny.picture().movedim(1, -1)), tensor(comfy, graph, tiny.mask()).out(1),
        serialise_points(tiny.points()), positive, negative, decay=decay, guided_steps=max(0, int(guided_steps)),
        clip_vision_output=tensor(comfy, graph, NUMBERS["clip_image_embed"], "TestImageEmbeds"),
    )  # fmt: skip
    options = {"noise": graph.node("DisableNoise")}
    if lcm:
        # ComfyUI's own noise, in the published start of the source at t = 999
        options = {
            "noise": graph.node("RandomNoise", noise_seed=77),
            "sampler": tensor(comfy, graph, numbers["lcm_noise_per_step"], "TestLCMSampler"),
        }
    else:
        start = numbers.get("start", NUMBERS["ddim_invsq/unet_input_step0"][:, :4])
        start = start * (1 + sigmas[0] ** 2).sqrt() / SCALING
        options["latent"] = tensor(comfy, graph, start).out(2)
    counted = graph.node("TestCount", model=edit.out(0))
    result = sampled(graph, edit, tensor(comfy, graph, sigmas).out(5), scale, model=counted, **options)
    graph.dump(result, "latent")
    graph.dump(counted.out(1), "seen", after=result)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    latent = found["latent"] * SCALING / (1 if lcm else (1 + sigmas[-1] ** 2).sqrt())
    expected = numbers["latents_per_step"][-1]
    assert (latent - expected).abs().max() < 1e-4 * expected.std()
    # a step at scale 1 has one branch, all others have two
    batch, steps = len(expected), len(numbers["t"])
    guided = steps if guided_steps < 0 else int(guided_steps)
    assert found["seen.latents"].tolist() == [2 * batch] * guided + [batch] * (steps - guided)


@pytest.mark.float32
def test_an_edit_by_points(comfy, file):
    scene = Scene(comfy, file)
    graph, edit = scene.graph, scene.edit()
    scene.dump(edit, "edit")
    scene.dump(scene.edit("0.25,0.5 -> 0.5,0.4"), "one_point")
    scene.dump(edit, "scale_1", cfg=1.0)
    basic = graph.node("BasicGuider", model=edit, conditioning=edit.out(1))
    alone = graph.node(
        "SamplerCustomAdvanced", noise=scene.noise, guider=basic, sigmas=scene.sigmas, latent_image=edit.out(3),
        sampler=graph.node("KSamplerSelect", sampler_name="euler"),
    )  # fmt: skip
    graph.dump(alone, "positive_alone")
    for decay in ("none", "linear"):
        scene.dump(scene.edit(decay=decay), decay)
    four = graph.node("RepeatLatentBatch", samples=edit.out(3), amount=4)
    scene.dump(edit, "four", latent=four)
    scene.dump(scene.edit(keep_outside=True), "kept")
    graph.dump(edit.out(3), "source")
    # without points, whatever the scale: one branch, and the picture is painted anew
    counted = graph.node("TestCount", model=(nothing := scene.edit("")).out(0))
    plain = sampled(graph, nothing, scene.sigmas, 3.0, scene.noise, model=counted)
    graph.dump(plain, "no_points")
    graph.dump(counted.out(1), "seen", after=plain)
    scene.dump(nothing, "no_points_scale_1", cfg=1.0)
    # of eight steps the last one's guidance, 1.03, is left out, but not what is left of 30
    eight = graph.node("TestSigmas", values="14.6146, 10, 7, 5, 3, 2, 1, 0.5, 0")
    for name, cfg in (("decayed", 3.0), ("strong", 30.0)):
        counted = graph.node("TestCount", model=edit.out(0))
        steps = sampled(graph, edit, eight, cfg, scene.noise, model=counted)
        graph.dump(counted.out(1), name, after=steps)
    embeds = tensor(comfy, graph, torch.randn(1, CLIP, generator=torch.Generator().manual_seed(3)), "TestImageEmbeds")
    scene.dump(scene.edit(clip_vision_output=embeds), "with_image_tokens")
    found = comfy.tensors(comfy.run(graph, timeout=600))

    assert found["edit"].shape == (1, 4, 8, 12)
    for name in ("one_point", "scale_1", "none", "linear", "no_points", "with_image_tokens"):
        assert relative_max(found[name], found["edit"]) > 1e-3, name
    assert torch.equal(found["scale_1"], found["positive_alone"])
    assert found["four"].shape[0] == 4 and relative_max(found["four"][:1], found["edit"]) < 1e-5
    assert relative_max(found["four"][1:2], found["edit"]) > 1e-2
    assert found["seen.latents"].tolist() == [1, 1, 1]
    assert found["decayed.latents"].tolist() == [2] * 7 + [1] and found["strong.latents"].tolist() == [2] * 8
    assert torch.equal(found["no_points"], found["no_points_scale_1"])
    outside = torch.ones(8, 12, dtype=torch.bool)
    outside[2:6, 3:9] = False
    torch.testing.assert_close(found["kept"][..., outside], found["source"][..., outside])
    assert relative_max(found["kept"][..., ~outside], found["source"][..., ~outside]) > 1e-2


@pytest.mark.float32
def test_pictures_in_a_batch_and_sizes(comfy, file):
    scene = Scene(comfy, file, batch=2)
    graph = scene.graph
    both = scene.edit()
    scene.dump(both, "both")
    scene.image = graph.node("ImageFromBatch", image=scene.image, batch_index=0, length=1)
    mask = graph.node("TestImage", width=96, height=64, batch=1, seed=1).out(1)
    scene.dump(scene.edit(mask=mask), "first")
    halves = {
        "bf16": graph.node("TestHalfModel", kind="sd15_inpaint", seed=0),
        "fp16": graph.node("ModelComputeDtype", model=scene.networks, dtype="fp16"),
    }
    for name, half in halves.items():
        scene.dump(scene.edit(model=half, mask=mask), name)
    # of 7 rows and 5 columns that are no whole latent cell 3 and 2 lie in front; the drag stays where it is
    picture = torch.rand(1, 71, 101, 3, generator=torch.Generator().manual_seed(2))
    masked = (picture[..., 0] > 0.5).float()
    for name, rows, columns, drag in [
        ("odd", slice(0, 71), slice(0, 101), "24,32 -> 48,25\n67,19 -> 67,29"),
        ("whole", slice(3, 67), slice(2, 98), "22,29 -> 46,22\n65,16 -> 65,26"),
    ]:
        scene.image = tensor(comfy, graph, picture[:, rows, columns])
        mask = tensor(comfy, graph, masked[:, rows, columns]).out(1)
        drag = graph.node("DragKitDragPoints", points=drag, image=scene.image)
        scene.dump(scene.edit(drag, mask=mask), name)
    found = comfy.tensors(comfy.run(graph, timeout=600))
    assert found["both"].shape[0] == 2
    assert relative_max(found["both"][:1], found["first"]) < 1e-4
    assert relative_max(found["odd"], found["whole"]) < 1e-5
    for name in halves:
        assert relative_max(found[name], found["first"]) < 0.1 and not torch.equal(found[name], found["first"]), name


def test_bad_input_is_named(comfy, file):
    def said(make, file=file, **options):
        scene = Scene(comfy, file, **options)
        make(scene)
        message = comfy.run_error(scene.graph, timeout=300)
        assert "\n" not in message
        return message

    def edit(**options):
        return lambda scene: scene.dump(scene.edit(**options), "never")

    assert "a UNet with 4 input channels; connect an SD1.5 inpainting checkpoint" in said(edit(), kind="sd15")
    assert "model is no model of SD1.5's kind" in said(edit(), kind="sdxl")
    many = "\n".join(f"0.{100 + i},0.5 -> 0.6,0.5" for i in range(257))
    assert "there are 257 points; the maps of LightningDrag can number 256 at most" in said(edit(points=many))
    assert "lightning_drag is for another model: the model has 64 channels in block" in said(
        edit(), file=saved(comfy, "golden.safetensors", tiny.drag_weights())
    )

    def wrong_text(scene):
        graph = scene.graph
        both = graph.node(
            "ConditioningCombine", conditioning_1=scene.networks.out(2), conditioning_2=scene.networks.out(1)
        )
        edit = applied(
            graph,
            scene.networks,
            scene.drag,
            scene.vae,
            scene.image,
            scene.image.out(1),
            DRAG,
            scene.networks.out(1),
            both,
        )
        scene.dump(edit, "never")

    assert "negative combines 2 conditionings; connect exactly one" in said(wrong_text)

    def not_connected(scene):
        edit = scene.edit()
        guider = scene.graph.node("BasicGuider", model=edit, conditioning=scene.networks.out(1))
        sampler = scene.graph.node("KSamplerSelect", sampler_name="euler")
        scene.graph.dump(
            scene.graph.node(
                "SamplerCustomAdvanced", noise=scene.noise, guider=guider, sigmas=scene.sigmas, sampler=sampler,
                latent_image=edit.out(3),
            ),
            "never",
        )  # fmt: skip

    assert "connect positive and negative of Apply LightningDrag" in said(not_connected)

    def other_size(scene):
        latent = scene.graph.node("TestLatent", width=128, height=64, batch=1, seed=0, channels=4)
        scene.dump(scene.edit(), "never", latent=latent)

    assert "sample at the size of the picture that the points were placed on" in said(other_size)

    def few_latents(scene):
        latent = scene.graph.node("TestLatent", width=96, height=64, batch=1, seed=0, channels=4)
        scene.dump(scene.edit(), "never", latent=latent, cfg=1.0)

    assert "it was given 2 pictures, but the sampler has 1 latents" in said(few_latents, batch=2)

    def small_embedding(scene):
        embeds = tensor(comfy, scene.graph, torch.zeros(1, 7), "TestImageEmbeds")
        scene.dump(scene.edit(clip_vision_output=embeds), "never")

    assert "clip_vision_output has 7 values for a picture, the weights expect 20" in said(small_embedding)
