"""LightningDrag on the real server: the published loop, the loaders, what composes with it, what may go wrong."""

import shutil
import zlib
from dataclasses import replace

import pytest
import torch
from dragkit.kernels.diffusion.ddim import alphas_cumprod, published_timesteps
from dragkit.kernels.diffusion.sd15_unet import transformer_blocks
from dragkit.kernels.lightningdrag.embedding import PointEmbedding
from dragkit.kernels.lightningdrag.files import FORMAT, LightningDragWeights, appearance_shapes, pack
from dragkit.kernels.points.drag_points import parse_points, serialise_points
from dragkit.standalone.methods.lightningdrag import lightningdrag
from dragkit.standalone.models.lightningdrag import load_demo_lightningdrag
from dragkit.standalone.scenes.photographs import photograph
from safetensors.torch import save_file

from ...golden import lightningdrag_tiny as tiny
from ...golden.lightningdrag_tiny import NUMBERS, SCALING
from ..conftest import ComfyError

ALPHAS = alphas_cumprod()
DRAG = "0.25,0.5 -> 0.5,0.4\n0.7,0.3 -> 0.7,0.45"
SIGMAS = "14.6146, 4, 1, 0"
BUNDLED = "dragkit-lightningdrag (bundled, of the demo model)"
# of the tiny models of the tests: channels per level, of the text, of CLIP
WIDTHS, CONTEXT, CLIP = (64, 64, 128, 128), 32, 20


def relative(a, b):
    return float((a - b).abs().max() / b.abs().max())


def tensor(comfy, graph, value, kind="TestTensor"):
    """A node whose outputs are a tensor as IMAGE, MASK, LATENT, FLOW, CONDITIONING and SIGMAS."""
    name = f"{zlib.crc32(value.contiguous().numpy().tobytes())}.safetensors"
    save_file({"tensor": value.contiguous()}, comfy.folder / "input" / name)
    return graph.node(kind, file=name)


def saved(comfy, name, weights):
    path = comfy.folder / "models/lightningdrag" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in pack(weights).items()}, path, {"format": FORMAT})
    return name


def weights():
    """Random LightningDragWeights for the tiny models of the tests."""
    generator = torch.Generator().manual_seed(0)

    def random(shapes):
        found = {}
        for name, shape in shapes.items():
            noise = torch.randn(tuple(shape), generator=generator)
            if len(shape) > 1:
                found[name] = noise / noise[0].numel() ** 0.5
            else:
                found[name] = 0.05 * noise + (1.0 if name.endswith("weight") else 0.0)
        return found

    with torch.device("meta"):
        embedding = {name: value.shape for name, value in PointEmbedding(2).state_dict().items()}
    points, tokens = {}, {}
    for block in transformer_blocks():
        level = 3 if block.startswith("mid") else int(block.split(".")[1])
        level = 3 - level if block.startswith("up") else level
        width, channels = WIDTHS[level], 16 << level
        points[block] = random({"norm.weight": [channels], "norm.bias": [channels], "proj.weight": [width, channels]})
        tokens[block] = random({"to_k_ip.weight": [width, CONTEXT], "to_v_ip.weight": [width, CONTEXT]})
    projection = {"proj.weight": [4 * CONTEXT, CLIP], "proj.bias": [4 * CONTEXT]}
    projection |= {"norm.weight": [CONTEXT], "norm.bias": [CONTEXT]}
    return LightningDragWeights(
        random(embedding), points, tokens, random(projection), random(appearance_shapes(WIDTHS, CONTEXT))
    )


@pytest.fixture(scope="module")
def file(comfy):
    return saved(comfy, "tiny.safetensors", weights())


def applied(graph, model, drag, vae, image, mask, points, positive, negative, **options):
    options = {"decay": "inv_square", "guided_steps": 0, "keep_outside": False} | options
    points = graph.node("DragKitDragPoints", points=points) if isinstance(points, str) else points
    return graph.node(
        "DragKitApplyLightningDrag", model=model, lightning_drag=drag, vae=vae, image=image, mask=mask,
        drag_points=points, positive=positive, negative=negative, **options,
    )  # fmt: skip


def sampled(graph, edit, sigmas, cfg, noise, latent=None, sampler=None, model=None, positive=None):
    guider = graph.node(
        "CFGGuider", model=model or edit, positive=positive or edit.out(1), negative=edit.out(2), cfg=cfg
    )
    return graph.node(
        "SamplerCustomAdvanced", noise=noise, guider=guider, sigmas=sigmas, latent_image=latent or edit.out(3),
        sampler=sampler or graph.node("KSamplerSelect", sampler_name="euler"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def golden(comfy):
    """The files of the golden numbers' networks."""
    save_file(tiny.unet_weights(), comfy.folder / "input" / "unet.safetensors")
    return saved(comfy, "golden.safetensors", tiny.drag_weights())


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


class Scene:
    """An edit of a random 96 x 64 picture by tiny random networks."""

    def __init__(self, comfy, file, kind="sd15_inpaint", batch=1):
        self.graph = graph = comfy.graph()
        self.networks = graph.node("TestTinyModel", kind=kind, seed=0)
        self.image = graph.node("TestImage", width=96, height=64, batch=batch, seed=1)
        self.drag = graph.node("DragKitLoadLightningDrag", model_name=file)
        self.vae = graph.node("TestTinyVAE", seed=0)
        self.sigmas = graph.node("TestSigmas", values=SIGMAS)
        self.noise = graph.node("RandomNoise", noise_seed=5)

    def edit(self, points=DRAG, model=None, **options):
        return applied(
            self.graph, model or self.networks, self.drag, self.vae, self.image, options.pop("mask", self.image.out(1)),
            points, options.pop("positive", self.networks.out(1)), self.networks.out(2), **options,
        )  # fmt: skip

    def dump(self, edit, name, cfg=3.0, **options):
        self.graph.dump(sampled(self.graph, edit, self.sigmas, cfg, self.noise, **options), name)


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
        assert relative(found[name], found["edit"]) > 1e-3, name
    assert torch.equal(found["scale_1"], found["positive_alone"])
    assert found["four"].shape[0] == 4 and relative(found["four"][:1], found["edit"]) < 1e-5
    assert relative(found["four"][1:2], found["edit"]) > 1e-2
    assert found["seen.latents"].tolist() == [1, 1, 1]
    assert found["decayed.latents"].tolist() == [2] * 7 + [1] and found["strong.latents"].tolist() == [2] * 8
    assert torch.equal(found["no_points"], found["no_points_scale_1"])
    outside = torch.ones(8, 12, dtype=torch.bool)
    outside[2:6, 3:9] = False
    torch.testing.assert_close(found["kept"][..., outside], found["source"][..., outside])
    assert relative(found["kept"][..., ~outside], found["source"][..., ~outside]) > 1e-2


def test_other_patches_go_on_and_the_model_stays_as_it_was(comfy, file):
    scene = Scene(comfy, file)
    graph, model = scene.graph, scene.networks

    def patched(name, model):
        if name == "free_u":
            return graph.node("FreeU_V2", model=model, b1=1.3, b2=1.4, s1=0.9, s2=0.2)
        options = {"TestLora": {"seed": 5, "strength": 0.5}, "TestAttn2Patch": {"seed": 4, "weight": 0.5}}
        return graph.node(name, model=model, **options.get(name, {}))

    def plain(name):
        """The model itself; never answered from the server's cache."""
        result = sampled(graph, edit, scene.sigmas, 3.0, scene.noise, model=graph.node("TestCount", model=model))
        graph.dump(result, name)
        return result

    edit = scene.edit()
    plain("plain")
    scene.dump(edit, "edit")
    names = ("TestAttn1Patch", "TestAttn2Patch", "TestLora", "free_u")
    for name in names:
        scene.dump(scene.edit(model=patched(name, model)), name)
        scene.dump(scene.edit("", model=patched(name, model)), f"{name}_no_points")
        # the other way round
        scene.dump(edit, f"{name}_after", model=patched(name, edit.out(0)))
    scene.dump(edit, "split", model=graph.node("TestSplitBatch", model=edit.out(0)))
    control = graph.node("TestControl", conditioning=model.out(1), kind="sd15_inpaint", seed=7, strength=1.0)
    scene.dump(scene.edit(positive=control), "control")
    controlled = graph.node("TestControl", conditioning=edit.out(1), kind="sd15_inpaint", seed=7, strength=1.0)
    scene.dump(edit, "control_after", positive=controlled)

    found = comfy.tensors(comfy.run(graph, timeout=600))
    plain("plain_again")
    found |= {"plain_again": comfy.tensors(comfy.run(graph, timeout=600))["plain_again"]}
    for name in names:
        assert relative(found[name], found["edit"]) > 1e-3, name
        assert relative(found[name], found[f"{name}_no_points"]) > 1e-3, name
        assert relative(found[f"{name}_after"], found[name]) < 1e-5, name
    assert relative(found["split"], found["edit"]) < 1e-5
    assert torch.equal(found["plain_again"], found["plain"]) and relative(found["plain"], found["edit"]) > 1e-3
    assert relative(found["control"], found["edit"]) > 1e-3 and relative(found["control_after"], found["edit"]) > 1e-3


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
    # 7 rows and 5 columns more than whole latent cells are cut off; the drag stays where it is in the picture
    picture = torch.rand(1, 71, 101, 3, generator=torch.Generator().manual_seed(2))
    masked = (picture[..., 0] > 0.5).float()
    for name, (height, width) in {"odd": (71, 101), "whole": (64, 96)}.items():
        scene.image = tensor(comfy, graph, picture[:, :height, :width])
        mask = tensor(comfy, graph, masked[:, :height, :width]).out(1)
        drag = graph.node("DragKitDragPoints", points="24,32 -> 48,25\n67,19 -> 67,29", image=scene.image)
        scene.dump(scene.edit(drag, mask=mask), name)
    found = comfy.tensors(comfy.run(graph, timeout=600))
    assert found["both"].shape[0] == 2
    assert relative(found["both"][:1], found["first"]) < 1e-4
    assert relative(found["odd"], found["whole"]) < 1e-5
    for name in halves:
        assert relative(found[name], found["first"]) < 0.1 and not torch.equal(found[name], found["first"]), name


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


def test_the_bundled_network_is_that_of_the_command_line(comfy):
    steps, seed, drag = 4, 3, "0.664,0.8 -> 0.742,0.684"
    mask = torch.zeros(1, 256, 256)
    mask[:, 128:248, 96:240] = 1
    model, networks = load_demo_lightningdrag()
    image, points = photograph("chelsea")[None], parse_points(drag, (256, 256))
    options = {"steps": steps, "scale": 4.0, "seed": seed, "candidates": 1, "sampler": "ddim"}
    with torch.no_grad():
        expected = lightningdrag(model, networks, image, points, mask, **options)
        noise = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(seed))
        start = ALPHAS[999] ** 0.5 * model.encode(image) + (1 - ALPHAS[999]) ** 0.5 * noise
    levels = (1 / ALPHAS - 1).sqrt()[published_timesteps(steps, 1.0)].flip(0)
    sigmas = torch.cat((levels, levels.new_zeros(1)))

    graph = comfy.graph()
    demo = graph.node("DragKitDemoModel", photograph="chelsea", network="inpainting")
    bundled = graph.node("DragKitLoadLightningDrag", model_name=BUNDLED)
    for name, used in (("bundled", demo), ("reloaded", graph.node("TestReload", model=demo))):
        edit = applied(
            graph, used, bundled, demo.out(1), demo.out(3), tensor(comfy, graph, mask).out(1), drag, demo.out(2),
            demo.out(2),
        )  # fmt: skip
        latent = tensor(comfy, graph, start * (1 + sigmas[0] ** 2).sqrt() / SCALING).out(2)
        result = sampled(
            graph, edit, tensor(comfy, graph, sigmas).out(5), 4.0, graph.node("DisableNoise"), latent=latent
        )
        graph.dump(graph.node("VAEDecode", samples=result, vae=demo.out(1)), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    torch.testing.assert_close(found["bundled"].movedim(-1, 1), expected, rtol=0, atol=2e-3)
    assert torch.equal(found["reloaded"], found["bundled"])


def test_the_bundled_network_is_for_the_inpainting_demo_alone(comfy):
    def message(node, **options):
        graph = comfy.graph()
        demo = graph.node("DragKitDemoModel", photograph="chelsea")
        bundled = graph.node("DragKitLoadLightningDrag", model_name=BUNDLED)
        mask = tensor(comfy, graph, torch.ones(1, 256, 256)).out(1)
        model = graph.node(node, **options)
        edit = applied(graph, model, bundled, demo.out(1), demo.out(3), mask, DRAG, demo.out(2), demo.out(2))
        graph.dump(edit.out(3), "never")
        return comfy.run_error(graph)

    plain = message("DragKitDemoModel", photograph="chelsea")
    assert "model is a UNet with 4 input channels; connect an SD1.5 inpainting checkpoint" in plain
    other = message("TestTinyModel", kind="sd15_inpaint", seed=0)
    assert "is for another model: the model has" in other
    saved(comfy, "trained.safetensors", replace(weights(), appearance={}))
    graph = comfy.graph()
    graph.dump(graph.node("DragKitLoadLightningDrag", model_name="trained.safetensors"), "never")
    assert "trained.safetensors has no appearance encoder; it was trained for the demo model" in comfy.run_error(graph)


@pytest.mark.parametrize("node", ["DragKitLoadLightningDrag", "DragKitLoadFlowDiffusion"])
def test_a_file_that_is_gone_is_named(comfy, node):
    graph = comfy.graph()
    graph.dump(graph.node(node, model_name="gone.safetensors"), "never")
    try:
        message = comfy.run_error(graph)
        assert ": there is no gone.safetensors in " in message
    except ComfyError as refused:
        # 0.3.64 does not look before it runs the node
        assert "value_not_in_list" in str(refused) and "gone.safetensors" in str(refused)


def test_the_published_files_serve_as_the_one_file_does(comfy, file):
    """Of tiny size; every name is the published one."""
    made = weights()
    folder = comfy.folder / "models/lightningdrag/published"
    (folder / "point_embedding").mkdir(parents=True)
    (folder / "appearance_encoder").mkdir()
    attention, adapter = {}, {"image_proj": made.image_proj, "ip_adapter": {}}
    for i, block in enumerate(transformer_blocks()):
        attention |= {f"{2 * i}.{key}": value for key, value in made.points[block].items()}
        attention |= {f"{2 * i + 1}.{key}": torch.zeros_like(value) for key, value in made.image_tokens[block].items()}
        adapter["ip_adapter"] |= {f"{2 * i + 1}.{key}": value for key, value in made.image_tokens[block].items()}
    torch.save(attention, folder / "lightning-drag-sd15-attn.bin")
    torch.save(made.point_embedding, folder / "point_embedding/point_embedding.pt")
    save_file(made.appearance, folder / "appearance_encoder/diffusion_pytorch_model.safetensors")

    def edited(name):
        scene = Scene(comfy, name)
        embeds = tensor(comfy, scene.graph, torch.ones(1, CLIP), "TestImageEmbeds")
        scene.dump(scene.edit(clip_vision_output=embeds), "edit")
        return scene.graph

    message = comfy.run_error(edited("published"))
    assert (
        "ip-adapter_sd15.safetensors or ip-adapter_sd15.bin is missing; put it into ComfyUI/models/ipadapter" in message
    )
    adapters = comfy.folder / "models/ipadapter"
    adapters.mkdir(exist_ok=True)
    torch.save(adapter, adapters / "ip-adapter_sd15.bin")
    one, other = (comfy.tensors(comfy.run(edited(name), timeout=300))["edit"] for name in (file, "published"))
    assert torch.equal(one, other)
    broken = folder.with_name("broken")
    shutil.copytree(folder, broken)
    (broken / "point_embedding/point_embedding.pt").write_bytes(b"none")
    assert "point_embedding.pt cannot be read" in comfy.run_error(edited("broken"), timeout=300)
    (broken / "point_embedding/point_embedding.pt").unlink()
    assert "the folder broken has no point_embedding/point_embedding.pt" in comfy.run_error(edited("broken"))
    save_file({"x": torch.zeros(1)}, comfy.folder / "models/lightningdrag/other.safetensors")
    message = comfy.run_error(edited("other.safetensors"))
    assert "other.safetensors is no file of `dragkit convert-lightningdrag`" in message
