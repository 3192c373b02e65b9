"""Gradients through ComfyUI's sampling."""

import pytest
import torch

from ..graphs import KINDS, relative
from .graphs import dump_run, dynadrag, gradient, picture, tiny


@pytest.mark.float32
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_finite_differences(comfy, kind):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph, kind)
    graph.dump(gradient(graph, model, positive, latent), "all")
    graph.dump(gradient(graph, model, positive, latent, "second", complete=False), "part")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in ("all", "part"):
        assert found[f"{name}.slope"] > 0
        torch.testing.assert_close(found[f"{name}.slope"], found[f"{name}.quotient"], rtol=1e-2, atol=0)
    assert found["all.ran"] == 1 and found["part.ran"] == 0


@pytest.mark.float32
@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_the_gradient_in_half_precision(comfy, dtype):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    half = graph.node("ModelComputeDtype", model=model, dtype=dtype)
    graph.dump(gradient(graph, model, positive, latent), "full")
    graph.dump(gradient(graph, half, positive, latent), "half")
    image = picture(graph)
    dump_run(graph, dynadrag(graph, half, positive, image, mask=image.out(1), rounds=1), "run")
    dump_run(graph, dynadrag(graph, half, positive, image, rounds=0), "none")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    # a half float cannot say where in a large map of features something is
    assert found["half.features"].dtype == torch.float32
    cosine = torch.cosine_similarity(found["half.gradient"].flatten(), found["full.gradient"].flatten(), 0)
    assert 0.99 < cosine < 1
    assert "stopped" not in found["run_report"] and relative(found["run_latent"], found["none_latent"]) > 1e-3
