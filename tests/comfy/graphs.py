"""Parts of workflows that tests of several rooms make, and how far results are apart."""

import zlib

import torch
from dragkit.kernels.motion.simvp import SimVP, metadata_of
from safetensors.torch import save_file

KINDS = ["sd15", "sd15_inpaint", "sd2_v", "sdxl"]
DRAG = "0.4,0.5 -> 0.6,0.5\n0.3,0.3 -> 0.3,0.45"


def inversion(graph, model, positive, latent, **options):
    options = {"steps": 10, "strength": 0.7, "refinement": 0, "cache_device": "auto", "blocks": "decoder"} | options
    return graph.node("DragKitKVCacheInversion", model=model, positive=positive, samples=latent, **options)


def apply_cache(graph, model, cache, **options):
    options = {"start": 0.0, "end": 1.0, "strength": 1.0} | options
    return graph.node("DragKitApplyKVCache", model=model, kv_cache=cache, **options)


def way_back(graph, model, positive, negative, sigmas, latent, cfg=1.0, sampler="euler"):
    return graph.node(
        "SamplerCustom",
        model=model,
        add_noise=False,
        noise_seed=0,
        cfg=cfg,
        positive=positive,
        negative=negative,
        sampler=graph.node("KSamplerSelect", sampler_name=sampler),
        sigmas=sigmas,
        latent_image=latent,
    )


def drag_points(graph, text=DRAG, **links):
    return graph.node("DragKitDragPoints", points=text, **links)


def warpage(graph, latent, points, mode="inverse", **links):
    return graph.node("DragKitLatentWarpage", samples=latent, drag_points=points, mode=mode, **links)


def filled(graph, warped, mode="simultaneous"):
    return graph.node("DragKitBNNI", samples=warped, holes=warped.out(1), mode=mode)


def tiny(graph, kind="sd15", width=200, height=296, batch=1):
    model = graph.node("TestTinyModel", kind=kind, seed=0)
    latent = graph.node("TestLatent", width=width, height=height, batch=batch, seed=3, channels=4)
    return model, model.out(1), model.out(2), latent


def tiny_flow(graph, kind, columns=10, rows=6, batch=1):
    """The same of a flow-matching model, and a latent of its own shape."""
    model = graph.node("TestTinyModel", kind=kind, seed=0)
    latent = graph.node("TestModelLatent", model=model, columns=columns, rows=rows, batch=batch, seed=3)
    return model, model.out(1), model.out(2), latent


def left_part(graph, width, height, free):
    """A mask of which the first `free` columns may change."""
    white, black = (graph.node("SolidMask", value=value, width=width, height=height) for value in (1.0, 0.0))
    return graph.node("MaskComposite", destination=white, source=black, x=free, y=0, operation="multiply")


def anchored(graph, model, inverted, mask):
    return graph.node("DragKitAnchorBackground", model=model, kv_cache=inverted.out(1), mask=mask)


def edit(graph, model, positive, negative, latent, points=None, cfg=1.0, back_model=None, apply=(), **options):
    """FastDrag as in the example workflow; returns the nodes inversion and sampler."""
    inverted = inversion(graph, model, positive, latent, **options)
    moved = filled(graph, warpage(graph, inverted, points or drag_points(graph)))
    patched = apply_cache(graph, back_model or model, inverted.out(1), **dict(apply))
    return inverted, way_back(graph, patched, positive, negative, inverted.out(2), moved, cfg)


def relative(a, b):
    """How far a is from b, by the norm."""
    return float((a - b).norm() / b.norm())


def relative_max(a, b):
    """How far a is from b, by the largest value."""
    return float((a - b).abs().max() / b.abs().max())


def plain_sample(graph, model, positive, negative, latent):
    return graph.node(
        "KSampler", model=model, positive=positive, negative=negative, latent_image=latent, cfg=3.0, seed=1, steps=3,
        sampler_name="euler", scheduler="normal", denoise=1.0,
    )  # fmt: skip


def own_predictor(comfy, name="own.safetensors"):
    """A tiny predictor in ComfyUI's model folder; its first guess is the straight step, its network a little noise."""
    torch.manual_seed(0)
    network = SimVP(hid_S=8, hid_T=16, N_S=2, N_T=2)
    path = comfy.folder / "models/motion_predictors" / name
    path.parent.mkdir(exist_ok=True)
    save_file(network.state_dict(), path, metadata_of(network))
    return path


def error(comfy, build):
    """What ends the workflow build(graph, model, positive, negative, latent), of 128 x 96 pixels."""
    graph = comfy.graph()
    graph.dump(build(graph, *tiny(graph, width=128, height=96)), "never")
    return comfy.run_error(graph, timeout=300)


def tensor(comfy, graph, value, kind="TestTensor"):
    """A node whose outputs are a tensor as IMAGE, MASK, LATENT, FLOW, CONDITIONING and SIGMAS."""
    name = f"{zlib.crc32(value.contiguous().numpy().tobytes())}_{'x'.join(map(str, value.shape))}.safetensors"
    save_file({"tensor": value.contiguous()}, comfy.folder / "input" / name)
    return graph.node(kind, file=name)
