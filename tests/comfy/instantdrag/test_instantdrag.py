"""InstantDrag on the real server: the published loops, the loaders, parity with diffusers, what may go wrong."""

import zlib
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from dragkit.kernels.diffusion.ddim import alphas_cumprod
from dragkit.kernels.instantdrag.conditioning import branches, flow_channels, guided
from dragkit.kernels.instantdrag.flowgen import FlowGen
from dragkit.kernels.instantdrag.flowgen_maps import generate_flow
from dragkit.kernels.motion.flow import confine_flow, resize_flow
from dragkit.kernels.motion.prediction import sample_flow
from dragkit.standalone.models.flowdiffusion import load_demo_flowdiffusion
from safetensors.torch import load_file, save_file

NUMBERS = load_file(Path(__file__).parents[2] / "golden" / "instantdrag.safetensors")
SCALE = 0.18215
FOLDER = "InstantDrag/flowdiffusion"
DRAG = "0.25,0.5 -> 0.5,0.4\n0.7,0.3 -> 0.7,0.45"
HANDLES = torch.tensor([[0.25, 0.5], [0.7, 0.3]], dtype=torch.float64)
TARGETS = torch.tensor([[0.5, 0.4], [0.7, 0.45]], dtype=torch.float64)
SIGMAS = "8, 3, 1, 0"
ALPHAS = alphas_cumprod()


def relative(a, b):
    return float((a - b).abs().max() / b.abs().max())


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def fill(network):
    """Seeded weights that keep activations near one."""
    for name, value in network.state_dict().items():
        noise = random(*value.shape, seed=zlib.crc32(name.encode()))
        if value.ndim > 1:
            value.copy_(noise / value[0].numel() ** 0.5)
        else:
            value.copy_(noise * 0.05 + (1 if name.endswith("weight") else 0))
    return network.eval()


@pytest.fixture(scope="module")
def unet():
    """A tiny FlowDiffusion of diffusers."""
    return fill(
        UNet2DConditionModel(
            in_channels=10, block_out_channels=(64, 64, 128, 128), cross_attention_dim=32, attention_head_dim=8
        )
    )


@pytest.fixture(scope="module")
def folder(comfy, unet):
    """Its folder, as downloaded."""
    path = comfy.folder / "models/diffusers" / FOLDER / "unet/diffusion_pytorch_model.safetensors"
    path.parent.mkdir(parents=True)
    save_file(unet.state_dict(), path)
    (path.parents[1] / "vae").mkdir()
    save_file({"x": torch.zeros(1)}, path.parents[1] / "vae" / path.name)
    return FOLDER


def tensor(comfy, graph, value):
    """A node whose outputs are a tensor as IMAGE, MASK, LATENT, FLOW, CONDITIONING and SIGMAS."""
    name = f"{zlib.crc32(value.contiguous().numpy().tobytes())}.safetensors"
    save_file({"tensor": value.contiguous()}, comfy.folder / "input" / name)
    return graph.node("TestTensor", file=name)


def conditioned(graph, conditioning, vae, image, flow, strength=1.0):
    return graph.node(
        "DragKitInstantDragConditioning", conditioning=conditioning, vae=vae, image=image, flow=flow,
        flow_strength=strength,
    )  # fmt: skip


def sampled(graph, model, conds, sigmas, latent=None, flow_scale=1.5, image_scale=1.5, noise=None, sampler="euler"):
    guider = graph.node(
        "DualCFGGuider", model=model, cond1=conds.out(0), cond2=conds.out(1), negative=conds.out(2),
        cfg_conds=flow_scale, cfg_cond2_negative=image_scale, style="regular",
    )  # fmt: skip
    return graph.node(
        "SamplerCustomAdvanced", noise=noise or graph.node("RandomNoise", noise_seed=5), guider=guider,
        sampler=graph.node("KSamplerSelect", sampler_name=sampler), sigmas=sigmas, latent_image=latent or conds.out(3),
    )  # fmt: skip


def loaded(graph, name=FOLDER):
    return graph.node("DragKitLoadFlowDiffusion", model_name=name)


@pytest.mark.parametrize("run", ["ddim_ig1.5_fg1.5", "ddim_ig1.0_fg3.0", "ddim_no_cfg", "euler_ig1.75_fg1.5"])
def test_the_published_loops(comfy, folder, run):
    golden = {name: NUMBERS[f"diffusion/{run}/{name}"] for name in ("t", "guidance", "latent")}
    levels = (1 / ALPHAS - 1).sqrt()[golden["t"].round().long()]
    euler = run.startswith("euler")
    # the published DDIM ends at the first timestep's noise, and its latent is that of VP
    sigmas = torch.cat((levels, levels.new_zeros(1) if euler else (1 / ALPHAS[:1] - 1).sqrt()))
    size = 1 if euler else (1 + sigmas.square()).sqrt()
    start = NUMBERS["diffusion/noise"] * (levels[0] if euler else size[0])
    image_scale, flow_scale = golden["guidance"].tolist()

    graph = comfy.graph()
    text = NUMBERS["diffusion/context_mean"].expand(1, 77, 32)
    conds = conditioned(
        graph, tensor(comfy, graph, text).out(4), graph.node("TestMeanVAE", channels=4),
        tensor(comfy, graph, NUMBERS["diffusion/image"].movedim(1, -1) / 2 + 0.5),
        # the published flow is a fraction of the picture
        tensor(comfy, graph, NUMBERS["diffusion/flow_latent"] * torch.tensor([16, 12]).view(1, 2, 1, 1)).out(3),
    )  # fmt: skip
    result = sampled(
        graph, graph.node("TestStandIn", model=loaded(graph)), conds, tensor(comfy, graph, sigmas).out(5),
        tensor(comfy, graph, start / SCALE).out(2), flow_scale, image_scale, graph.node("DisableNoise"),
    )  # fmt: skip
    graph.dump(result, "latent")
    found = comfy.tensors(comfy.run(graph, timeout=300))["latent"] * SCALE
    assert relative(found if euler else found / size[-1], golden["latent"]) < 1e-5


def by_diffusers(unet, text, shown, start, sigmas, flow_scale=1.5, image_scale=1.5):
    """Euler's steps with the published guidance, on diffusers' network."""
    table = (1 / ALPHAS - 1).sqrt()
    x = start
    for now, following in zip(sigmas, sigmas[1:], strict=False):
        t = (table.log() - torch.tensor(now).log()).abs().argmin()
        inner = x / (1 + now**2) ** 0.5
        e_flow, e_image, e_none = (
            unet(torch.cat((inner, one.expand(len(x), -1, -1, -1)), 1), t, text.expand(len(x), -1, -1)).sample
            for one in shown
        )
        x = x + (following - now) * guided(e_none, e_image, e_flow, image_scale, flow_scale)
    return x


def edit(comfy, graph, image, flow, model, latent=None, **options):
    """Nodes conditioning and sampler of an edit with a tiny VAE and random text."""
    text = tensor(comfy, graph, random(1, 7, 32, seed=9)).out(4)
    vae = graph.node("TestTinyVAE", seed=0)
    conds = conditioned(graph, text, vae, tensor(comfy, graph, image), tensor(comfy, graph, flow).out(3))
    return conds, sampled(graph, model, conds, graph.node("TestSigmas", values=SIGMAS), latent, **options)


def picture(height, width, batch=1, seed=1):
    small = torch.rand(batch, 3, 5, 5, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(small, (height, width), mode="bilinear").movedim(1, -1).contiguous()


def test_an_edit_is_that_of_diffusers(comfy, folder, unet):
    image, flow = picture(128, 192, batch=2), 3 * random(2, 2, 20, 30, seed=3)
    graph = comfy.graph()
    model = loaded(graph)
    encoded = graph.node("VAEEncode", pixels=tensor(comfy, graph, image), vae=graph.node("TestTinyVAE", seed=0))
    graph.dump(encoded, "encoded")
    conds, result = edit(comfy, graph, image, flow, model)
    graph.dump(result, "batch")
    graph.dump(conds.out(3), "empty")
    graph.dump(edit(comfy, graph, image, flow, graph.node("TestSplitBatch", model=model))[1], "split")
    graph.dump(edit(comfy, graph, image, flow, graph.node("TestReload", model=model))[1], "reloaded")
    graph.dump(edit(comfy, graph, image, flow, graph.node("TestLora", model=model, seed=5, strength=0.5))[1], "lora")
    one = edit(comfy, graph, image[:1], flow[:1], model)[0]
    wide = graph.node("RepeatLatentBatch", samples=one.out(3), amount=2)
    graph.dump(sampled(graph, model, one, graph.node("TestSigmas", values=SIGMAS), wide), "repeated")
    graph.dump(edit(comfy, graph, image[:1], flow, model)[1], "two_flows")
    few = graph.node("ModelSamplingDiscrete", model=model, sampling="lcm", zsnr=False)
    graph.dump(edit(comfy, graph, image, flow, few, sampler="lcm")[1], "lcm")
    found = comfy.tensors(comfy.run(graph, timeout=600))

    assert found["empty"].shape == (2, 4, 16, 24) and found["empty"].abs().max() == 0
    text, noise = random(1, 7, 32, seed=9), random(2, 4, 16, 24, seed=5)
    sigmas = [float(sigma) for sigma in SIGMAS.split(",")]

    def edited(latent, flow):
        shown = branches(latent, flow_channels(flow, 16, 24))
        return by_diffusers(unet, text, shown, noise * sigmas[0], sigmas) / SCALE

    with torch.no_grad():
        whole, first = edited(found["encoded"], flow), edited(found["encoded"][:1], flow[:1])
        motions = edited(found["encoded"][:1], flow)
    expected = {"batch": whole, "split": whole, "reloaded": whole, "repeated": first, "two_flows": motions}
    for name, latent in expected.items():
        assert relative(found[name], latent) < 1e-5, name
    assert relative(found["lora"], whole) > 1e-2 and found["lora"].isfinite().all()
    assert relative(found["lcm"], whole) > 1e-2 and found["lcm"].isfinite().all()


def test_the_bundled_network_is_that_of_the_command_line(comfy):
    image, flow = picture(64, 96), 3 * random(1, 2, 8, 12, seed=3)
    graph = comfy.graph()
    model = loaded(graph, "dragkit-flowdiffusion (bundled, of the demo model)")
    encoded = graph.node("VAEEncode", pixels=tensor(comfy, graph, image), vae=graph.node("TestTinyVAE", seed=0))
    graph.dump(encoded, "encoded")
    graph.dump(edit(comfy, graph, image, flow, model)[1], "bundled")
    graph.dump(edit(comfy, graph, image, flow, graph.node("TestReload", model=model))[1], "reloaded")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    shown = branches(found["encoded"], flow_channels(flow, 8, 12))
    sigmas = [float(sigma) for sigma in SIGMAS.split(",")]
    unet, start = load_demo_flowdiffusion().denoiser.unet, random(1, 4, 8, 12, seed=5) * sigmas[0]
    with torch.no_grad():
        expected = by_diffusers(unet, random(1, 7, 32, seed=9), shown, start, sigmas) / SCALE
    assert relative(found["bundled"], expected) < 1e-4
    assert torch.equal(found["reloaded"], found["bundled"])


def test_other_files_of_the_same_weights(comfy, folder, unet):
    image, flow = picture(64, 96), 3 * random(1, 2, 8, 12, seed=3)
    graph = comfy.graph()
    graph.node("ModelSave", model=loaded(graph), filename_prefix="flowdiffusion")
    comfy.run(graph, timeout=300)
    (saved,) = (comfy.folder / "output").glob("flowdiffusion*.safetensors")
    prefix, models = "model.diffusion_model.", comfy.folder / "models"
    weights = load_file(saved)
    assert all(name.startswith(prefix) for name in weights)
    for kind in ("diffusion_models", "checkpoints"):
        (models / kind).mkdir(exist_ok=True)
    save_file(weights, models / "checkpoints/whole.safetensors")
    save_file(
        {name.removeprefix(prefix): value for name, value in weights.items()}, models / "diffusion_models/ldm.sft"
    )
    half = {name: value.half() for name, value in unet.state_dict().items()}
    torch.save(half, models / "diffusion_models/diffusers.bin")
    names = [FOLDER, "whole.safetensors", "ldm.sft", "diffusers.bin"]
    graph = comfy.graph()
    for name in names:
        graph.dump(edit(comfy, graph, image, flow, loaded(graph, name))[1], name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in names[1:3]:
        assert torch.equal(found[name], found[FOLDER]), name
    assert 1e-5 < relative(found["diffusers.bin"], found[FOLDER]) < 1e-1
    spec = comfy.object_info()["DragKitLoadFlowDiffusion"]["input"]["required"]["model_name"]
    options = spec[0] if isinstance(spec[0], list) else spec[1]["options"]
    assert set(names) <= set(options) and not [name for name in options if "vae" in name or "unet" in name]


def test_flow_has_a_strength_and_any_size(comfy, folder):
    flow = resize_flow(3 * random(1, 2, 5, 4, seed=3), 100, 80)
    image = picture(69, 99)
    graph = comfy.graph()
    text = tensor(comfy, graph, random(1, 7, 32, seed=9)).out(4)
    vae, source = graph.node("TestMeanVAE", channels=4), tensor(comfy, graph, image)
    whole, half = tensor(comfy, graph, flow).out(3), tensor(comfy, graph, flow / 2).out(3)
    graph.dump(conditioned(graph, text, vae, source, whole), "whole")
    graph.dump(conditioned(graph, text, vae, source, half, 2.0), "half")
    graph.dump(conditioned(graph, text, vae, source, whole, 0.0), "none")
    graph.dump(conditioned(graph, text, vae, source, whole).out(1), "image")
    graph.dump(conditioned(graph, text, vae, source, whole).out(2), "negative")
    found = {
        name.split(".")[0]: value
        for name, value in comfy.tensors(comfy.run(graph)).items()
        if name.endswith("concat_latent_image")
    }
    assert found["whole"].shape == (1, 6, 8, 12)
    # what is no whole cell at the right and below is cut off picture and flow
    cut = resize_flow(flow, 69, 99)[..., :64, :96]
    torch.testing.assert_close(found["whole"][:, 4:], flow_channels(cut, 8, 12))
    mean = torch.nn.functional.avg_pool2d(2 * image[:, :64, :96].movedim(-1, 1) - 1, 8)
    torch.testing.assert_close(found["whole"][:, :3], 3 * mean)
    assert relative(found["half"], found["whole"]) < 1e-6
    assert torch.equal(found["none"], found["image"]) and found["negative"].abs().max() == 0
    assert torch.equal(found["image"][:, :4], found["whole"][:, :4]) and found["image"][:, 4:].abs().max() == 0


@pytest.fixture(scope="module")
def flowgen(comfy):
    """A tiny FlowGen, and its file in ComfyUI's model folder."""
    network = fill(FlowGen(32))
    path = comfy.folder / "models/flowgen/tiny.safetensors"
    path.parent.mkdir()
    save_file(network.state_dict(), path)
    (path.parent / "notes.txt").write_text("none")
    return network


def flow_of(graph, network, image, points=DRAG, scale=0.0, mode="proportional", **options):
    points = graph.node("DragKitDragPoints", points=points) if isinstance(points, str) else points
    return graph.node(
        "DragKitFlowGen", network=network, image=image, drag_points=points, scale=scale, mode=mode, **options
    )


def test_flowgen_in_the_graph(comfy, flowgen):
    image, mask = picture(60, 100, batch=2), torch.zeros(1, 60, 100)
    mask[:, :30] = 1
    graph = comfy.graph()
    source, network = tensor(comfy, graph, image), graph.node("DragKitLoadFlowGen", flowgen="tiny.safetensors")
    runs = {
        "auto": {}, "twice": {"scale": 2.0}, "published": {"mode": "published"}, "none": {"points": ""},
        "masked": {"mask": tensor(comfy, graph, mask).out(1)},
    }  # fmt: skip
    for name, options in runs.items():
        graph.dump(flow_of(graph, network, source, **options), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    pixels = image.movedim(-1, 1)
    with torch.no_grad():
        auto = generate_flow(flowgen, pixels, HANDLES, TARGETS)
        twice = generate_flow(flowgen, pixels, HANDLES, TARGETS, scale=2.0)
        published = generate_flow(flowgen, pixels, HANDLES, TARGETS, "published")
    assert auto.shape == (2, 2, 154, 256) and published.shape == (2, 2, 256, 256)
    for name, flow in {"auto": auto, "twice": twice, "published": published}.items():
        assert relative(found[name], flow) < 1e-4 and flow.abs().max() > 1, name
    assert relative(found["masked"], confine_flow(auto, mask)) < 1e-4 and found["masked"][..., 78:, :].abs().max() == 0
    assert found["none"].shape == auto.shape and found["none"].abs().max() == 0
    spec = comfy.object_info()["DragKitLoadFlowGen"]["input"]["required"]["flowgen"]
    assert (spec[0] if isinstance(spec[0], list) else spec[1]["options"]) == ["tiny.safetensors"]


def test_the_motion_predictor_serves_as_well(comfy, folder):
    image = picture(300, 400, batch=2)
    graph = comfy.graph()
    predictor = graph.node("DragKitLoadMotionPredictor", predictor="dragkit-motion (bundled)")
    flow = flow_of(graph, predictor, tensor(comfy, graph, image))
    mask = torch.zeros(1, 300, 400)
    mask[:, :, :200] = 1
    graph.dump(flow, "flow")
    graph.dump(flow_of(graph, predictor, tensor(comfy, graph, image), mask=tensor(comfy, graph, mask).out(1)), "masked")
    text = tensor(comfy, graph, random(1, 7, 32, seed=9)).out(4)
    conds = conditioned(graph, text, graph.node("TestTinyVAE", seed=0), tensor(comfy, graph, image), flow)
    graph.dump(sampled(graph, loaded(graph), conds, graph.node("TestSigmas", values="3, 0")), "edited")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert found["flow"].shape == (2, 2, 192, 256) and found["edited"].shape == (2, 4, 37, 50)
    grid = torch.tensor([256, 192])
    for one in found["flow"]:
        moved = HANDLES + sample_flow(one[None], HANDLES * grid) / grid
        torch.testing.assert_close(moved, TARGETS, rtol=0, atol=0.01)
    assert torch.equal(found["masked"][..., :128], found["flow"][..., :128])
    assert found["masked"][..., 128:].abs().max() == 0


def test_wrong_files_are_named(comfy, unet, flowgen):
    models = comfy.folder / "models"
    for kind in ("diffusion_models", "flowgen"):
        (models / kind).mkdir(exist_ok=True)
    weights = unet.state_dict()
    first = weights["conv_in.weight"]
    wrong = {
        "plain": weights | {"conv_in.weight": first[:, :4].contiguous()},
        "inpaint": weights | {"conv_in.weight": first[:, :9].contiguous()},
        "lora": {"lora_unet_x.alpha": torch.zeros(2)},
        "part": {"input_blocks.0.0.weight": first, "input_blocks.1.0.in_layers.0.weight": torch.zeros(64)},
        "cut": {name: value for name, value in weights.items() if name != "conv_out.bias"},
    }
    for name, values in wrong.items():
        save_file(values, models / "diffusion_models" / f"{name}.safetensors")
    (models / "diffusion_models/broken.safetensors").write_bytes(b"none")
    (models / "flowgen/broken.safetensors").write_bytes(b"none")
    save_file(wrong["lora"], models / "flowgen/lora.safetensors")

    def said(node, **options):
        graph = comfy.graph()
        graph.dump(graph.node(node, **options), "never")
        message = comfy.run_error(graph, timeout=300)
        assert "\n" not in message
        return message

    def diffusion(name):
        return said("DragKitLoadFlowDiffusion", model_name=f"{name}.safetensors")

    none = "Load FlowDiffusion: {}.safetensors is no FlowDiffusion: it "
    assert diffusion("plain") == (
        none.format("plain") + "is a UNet with 4 input channels (plain Stable Diffusion), FlowDiffusion has 10"
    )
    assert "is a UNet with 9 input channels (inpainting), FlowDiffusion has 10" in diffusion("inpaint")
    assert diffusion("lora") == (
        none.format("lora") + "holds 1 tensors, lora_unet_x.alpha first, and no UNet of Stable Diffusion"
    )
    assert diffusion("part").startswith(none.format("part") + "holds a part of a UNet")
    assert diffusion("cut") == none.format("cut") + "is no UNet of SD1.5's kind, out.2.bias is missing"
    assert diffusion("broken").startswith("Load FlowDiffusion: broken.safetensors cannot be read")
    assert "Load FlowGen: broken.safetensors is no safetensors file" in said(
        "DragKitLoadFlowGen", flowgen="broken.safetensors"
    )
    assert "Load FlowGen: lora.safetensors is no FlowGen: it has no model.model.0.weight" in said(
        "DragKitLoadFlowGen", flowgen="lora.safetensors"
    )


def test_bad_input_is_said_in_one_sentence(comfy, folder, flowgen):
    def said(build):
        graph = comfy.graph()
        graph.dump(build(graph), "never")
        message = comfy.run_error(graph, timeout=300)
        assert "\n" not in message
        return message

    def conditioning(flow, image=None, channels=4):
        image = picture(64, 96) if image is None else image
        return lambda graph: conditioned(
            graph, tensor(comfy, graph, random(1, 7, 32)).out(4), graph.node("TestMeanVAE", channels=channels),
            tensor(comfy, graph, image), tensor(comfy, graph, flow).out(3),
        )  # fmt: skip

    flow = torch.ones(1, 2, 8, 12)
    assert said(conditioning(flow * float("nan"))) == (
        "InstantDrag Conditioning: flow contains NaN or infinite displacements"
    )
    assert "flow has shape [1, 3, 8, 12]; a FLOW is" in said(conditioning(torch.ones(1, 3, 8, 12)))
    assert "flow has a batch of 3, but there are 2 pictures" in said(
        conditioning(flow.repeat(3, 1, 1, 1), picture(64, 96, 2))
    )
    assert "vae has 16 latent channels, FlowDiffusion 4; connect the one of SD1.5" in said(
        conditioning(flow, channels=16)
    )
    assert "image is 96 x 5; it must be at least 8 pixels" in said(conditioning(flow, picture(5, 96)))

    def plain(graph):
        text = tensor(comfy, graph, random(1, 7, 32)).out(4)
        latent = graph.node("EmptyLatentImage", width=96, height=64, batch_size=1)
        return graph.node(
            "KSampler", model=loaded(graph), positive=text, negative=text, latent_image=latent, cfg=3.0, seed=1,
            steps=1, sampler_name="euler", scheduler="normal", denoise=1.0,
        )  # fmt: skip

    assert said(plain).startswith("FlowDiffusion: a conditioning has no picture and flow; connect the outputs of")

    def other(graph):
        text = tensor(comfy, graph, random(1, 7, 32)).out(4)
        pixels, vae = tensor(comfy, graph, picture(64, 96)), graph.node("TestTinyVAE", seed=0)
        pair = graph.node("InstructPixToPixConditioning", positive=text, negative=text, vae=vae, pixels=pixels)
        return graph.node(
            "KSampler", model=loaded(graph), positive=pair.out(0), negative=pair.out(1), latent_image=pair.out(2),
            cfg=3.0, seed=1, steps=1, sampler_name="euler", scheduler="normal", denoise=1.0,
        )  # fmt: skip

    assert said(other).startswith("FlowDiffusion: a conditioning has 4 channels instead of 6; connect the outputs of")

    def region(shape):
        def build(graph):
            network = graph.node("DragKitLoadFlowGen", flowgen="tiny.safetensors")
            mask = tensor(comfy, graph, torch.ones(*shape)).out(1)
            return flow_of(graph, network, tensor(comfy, graph, picture(64, 96)), mask=mask)

        return build

    assert "FlowGen: mask has a batch of 2, but there are 1 pictures" in said(region((2, 64, 96)))
    assert "FlowGen: mask is 96 x 96, but the picture is 96 x 64" in said(region((1, 96, 96)))
