"""DynaDrag's nodes work at guidance 1 with one conditioning at every step, whatever else is on the model."""

import pytest
import torch

from ..graphs import error
from .graphs import dump_run, dynadrag, picture, supervision, tiny


def test_guidance_has_no_part_in_an_edit_or_in_motion_supervision(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    guided = graph.node("PerturbedAttentionGuidance", model=model, scale=3.0)
    for name, patched in {"plain": model, "guided": guided}.items():
        dump_run(graph, dynadrag(graph, patched, positive, picture(graph)), name)
        moved = supervision(graph, patched, positive, latent, "0.4,0.5 -> 0.4,0.5", "0.6,0.5 -> 0.6,0.5")
        graph.dump(moved, f"{name}_supervised")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for part in ("latent", "picture", "supervised"):
        assert torch.equal(found[f"guided_{part}"], found[f"plain_{part}"])


def ranged(graph, positive):
    return graph.node("ConditioningSetTimestepRange", conditioning=positive, start=0.0, end=0.01)


def supervised(graph, model, positive, latent):
    return supervision(graph, model, positive, latent, "0.4,0.5 -> 0.4,0.5", "0.6,0.5 -> 0.6,0.5")


def edited(graph, model, positive, latent):
    return dynadrag(graph, model, positive, picture(graph))


@pytest.mark.parametrize(("node", "build"), [("DynaDrag", edited), ("Motion Supervision", supervised)])
def test_a_step_without_conditioning_is_refused(comfy, node, build):
    message = error(comfy, lambda g, m, p, n, x: build(g, m, ranged(g, p), x))
    assert message.startswith(f"{node}: positive has no conditioning at noise level ")


@pytest.mark.parametrize("how", ["parts", "twice"])
@pytest.mark.parametrize(("node", "build"), [("DynaDrag", edited), ("Motion Supervision", supervised)])
def test_a_network_that_is_evaluated_otherwise_is_refused(comfy, how, node, build):
    message = error(comfy, lambda g, m, p, n, x: build(g, g.node("TestInstead", model=m, how=how), p, x))
    assert message.startswith(f"{node}: a node on model has it evaluated in parts or more than once")
