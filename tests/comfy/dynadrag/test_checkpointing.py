"""Gradients with and without checkpointing."""

import pytest
import torch

from ..graphs import relative
from .graphs import gradient, tiny


@pytest.mark.float32
def test_checkpointing_changes_nothing_beside_other_packs_patches(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    cases = {
        "plain": (model, positive),
        "lora": (graph.node("TestLora", model=model, seed=5, strength=0.5), positive),
        "attn1": (graph.node("TestAttn1Patch", model=model), positive),
        "attn2": (graph.node("TestAttn2Patch", model=model, seed=5, weight=0.5), positive),
        "control": (model, graph.node("TestControl", conditioning=positive, kind="sd15", seed=5, strength=1.0)),
    }
    for name, (patched, conditioning) in cases.items():
        for mode in ("off", "on"):
            graph.dump(gradient(graph, patched, conditioning, latent, checkpointing=mode), f"{name}_{mode}")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in cases:
        assert torch.equal(found[f"{name}_on.gradient"], found[f"{name}_off.gradient"]), name
        assert found[f"{name}_on.left"] == 0
        if name != "plain":
            assert relative(found[f"{name}_off.gradient"], found["plain_off.gradient"]) > 1e-3, name
        if name != "control":  # whose own reaction to the latent is left out
            slope, quotient = found[f"{name}_on.slope"], found[f"{name}_on.quotient"]
            torch.testing.assert_close(slope, quotient, rtol=1e-2, atol=0)
