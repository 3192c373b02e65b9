"""InstantDrag's parts of workflows."""

import zlib
from pathlib import Path

import torch
from dragkit.kernels.diffusion.ddim import alphas_cumprod
from safetensors.torch import load_file

NUMBERS = load_file(Path(__file__).parents[2] / "golden" / "instantdrag.safetensors")
SCALE = 0.18215
FOLDER = "InstantDrag/flowdiffusion"
DRAG = "0.25,0.5 -> 0.5,0.4\n0.7,0.3 -> 0.7,0.45"
HANDLES = torch.tensor([[0.25, 0.5], [0.7, 0.3]], dtype=torch.float64)
TARGETS = torch.tensor([[0.5, 0.4], [0.7, 0.45]], dtype=torch.float64)
SIGMAS = "8, 3, 1, 0"
ALPHAS = alphas_cumprod()


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


def picture(height, width, batch=1, seed=1):
    small = torch.rand(batch, 3, 5, 5, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(small, (height, width), mode="bilinear").movedim(1, -1).contiguous()


def flow_of(graph, network, image, points=DRAG, scale=0.0, mode="proportional", **options):
    points = graph.node("DragKitDragPoints", points=points) if isinstance(points, str) else points
    return graph.node(
        "DragKitFlowGen", network=network, image=image, drag_points=points, scale=scale, mode=mode, **options
    )
