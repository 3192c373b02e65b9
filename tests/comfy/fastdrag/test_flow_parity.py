"""The two doors on the same weights of flow matching: ComfyUI's and diffusers' transformers give the same edit."""

import pytest
import torch
from diffusers import DiffusionPipeline
from dragkit.kernels.points.drag_points import parse_points
from dragkit.standalone.methods.flow_fastdrag import flow_fastdrag_latent
from dragkit.standalone.models.flow_models import load_flow_model
from safetensors.torch import save_file

from ...standalone.flow_pipelines import flow_pipeline
from ..graphs import anchored, apply_cache, drag_points, filled, inversion, left_part, tensor, warpage, way_back

DRAG = "0.2,0.4 -> 0.35,0.4"
COLUMNS, ROWS = 16, 12


def spread(kind, model):
    """What LATENT is of the model's x: x * scale + shift, as ComfyUI has them."""
    if kind == "qwen":
        # decode is the autoencoder's of the same numbers
        mean, scale = (torch.tensor(values).view(1, -1, 1, 1) for values in (model.latents_mean, model.latents_std))
        return scale, mean
    return {"flux": (1 / 0.3611, 0.1159), "sd3": (1 / 1.5305, 0.0609)}[kind]


@pytest.mark.float32
@pytest.mark.parametrize("kind", ["flux", "sd3", "qwen"])
def test_comfyui_and_diffusers_give_the_same_latents(comfy, tmp_path, kind):
    folder = flow_pipeline(tmp_path / "model", kind)
    model, pipe = load_flow_model(folder, "a cat"), DiffusionPipeline.from_pretrained(folder)
    encoded = pipe.encode_prompt(*["a cat"] * {"flux": 2, "sd3": 3, "qwen": 1}[kind], device="cpu")
    known = {"text": encoded[0]} | ({} if kind == "qwen" else {"pooled": encoded[1 if kind == "flux" else 2]})
    known |= pipe.transformer.state_dict()
    save_file({name: value.contiguous() for name, value in known.items()}, comfy.folder / "input/flow.safetensors")

    x = torch.randn(1, 16, ROWS, COLUMNS, generator=torch.Generator().manual_seed(3))
    scale, shift = spread(kind, pipe.vae.config)
    graph = comfy.graph()
    loaded = graph.node("TestDiffusersFlow", kind=kind, file="flow.safetensors")
    latent = tensor(comfy, graph, x * scale + shift).out(2)
    mask = left_part(graph, 128, 96, 64)
    inverted = inversion(graph, loaded, loaded.out(1), latent, steps=20, strength=0.3, method="predict")
    motion = {"mask": mask, "displacement": "rigid", "border": "held"}
    moved = filled(graph, warpage(graph, inverted, drag_points(graph, DRAG), **motion))
    back = anchored(graph, apply_cache(graph, loaded, inverted.out(1)), inverted, mask)
    graph.dump(way_back(graph, back, loaded.out(1), loaded.out(1), inverted.out(2), moved), "edited")
    graph.dump(inverted.out(2), "sigmas")
    found = comfy.tensors(comfy.run(graph, timeout=120))

    torch.testing.assert_close(found["sigmas"].flip(0), torch.tensor(model.sigmas(20, 0.3)), rtol=1e-5, atol=1e-6)
    region = torch.zeros(1, 96, 128)
    region[..., :64] = 1
    edited = flow_fastdrag_latent(model, x, parse_points(DRAG), region, steps=20, strength=0.3) * scale + shift
    got = found["edited"].view(edited.shape)
    assert (got - edited).norm() / edited.norm() < 1e-4
    assert (edited - (x * scale + shift))[..., :8].norm() / edited.norm() > 0.05
