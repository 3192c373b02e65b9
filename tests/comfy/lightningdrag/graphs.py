"""LightningDrag's parts of workflows."""

import torch
from dragkit.kernels.diffusion.ddim import alphas_cumprod
from dragkit.kernels.diffusion.sd15_unet import transformer_blocks
from dragkit.kernels.lightningdrag.embedding import PointEmbedding
from dragkit.kernels.lightningdrag.files import FORMAT, LightningDragWeights, appearance_shapes, pack
from safetensors.torch import save_file

ALPHAS = alphas_cumprod()
DRAG = "0.25,0.5 -> 0.5,0.4\n0.7,0.3 -> 0.7,0.45"
SIGMAS = "14.6146, 4, 1, 0"
BUNDLED = "dragkit-lightningdrag (bundled, of the demo model)"
# of the tiny models of the tests: channels per level, of the text, of CLIP
WIDTHS, CONTEXT, CLIP = (64, 64, 128, 128), 32, 20


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
