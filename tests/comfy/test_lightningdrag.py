"""LightningDrag on the real server: the published loop, the loaders, what composes with it, what may go wrong."""

import zlib

import pytest
import torch
from dragkit.kernels.ddim import alphas_cumprod
from dragkit.kernels.lightningdrag_files import FORMAT, LightningDragWeights, appearance_shapes, pack
from dragkit.kernels.point_embedding import PointEmbedding
from dragkit.kernels.points import serialise_points
from dragkit.kernels.sd15_unet import transformer_blocks
from safetensors.torch import save_file

from .. import lightningdrag_tiny as tiny
from ..lightningdrag_tiny import NUMBERS, SCALING

ALPHAS = alphas_cumprod()
DRAG = "0.25,0.5 -> 0.5,0.4\n0.7,0.3 -> 0.7,0.45"
SIGMAS = "14.6146, 4, 1, 0"
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
    return graph.node(
        "DragKitApplyLightningDrag", model=model, lightning_drag=drag, vae=vae, image=image, mask=mask,
        drag_points=graph.node("DragKitDragPoints", points=points), positive=positive, negative=negative, **options,
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
