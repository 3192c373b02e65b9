"""FlowDiffusion on the real server: the published loops, the loader, parity with diffusers."""

import pytest
import torch
from dragkit.kernels.instantdrag.conditioning import branches, flow_channels, guided
from dragkit.standalone.models.flowdiffusion import load_demo_flowdiffusion
from safetensors.torch import load_file, save_file

from ..graphs import relative_max, tensor
from .graphs import ALPHAS, FOLDER, NUMBERS, SCALE, SIGMAS, conditioned, loaded, picture, random, sampled


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
    assert relative_max(found if euler else found / size[-1], golden["latent"]) < 1e-5


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


@pytest.mark.float32
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
        assert relative_max(found[name], latent) < 1e-5, name
    assert relative_max(found["lora"], whole) > 1e-2 and found["lora"].isfinite().all()
    assert relative_max(found["lcm"], whole) > 1e-2 and found["lcm"].isfinite().all()


@pytest.mark.float32
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
    assert relative_max(found["bundled"], expected) < 1e-4
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
    assert 1e-5 < relative_max(found["diffusers.bin"], found[FOLDER]) < 1e-1
    spec = comfy.object_info()["DragKitLoadFlowDiffusion"]["input"]["required"]["model_name"]
    options = spec[0] if isinstance(spec[0], list) else spec[1]["options"]
    assert set(names) <= set(options) and not [name for name in options if "vae" in name or "unet" in name]
