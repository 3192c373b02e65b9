"""LightningDrag beside other packs' patches."""

import torch

from ..graphs import relative_max
from .graphs import Scene, sampled


def test_other_patches_go_on_and_the_model_stays_as_it_was(comfy, file):
    scene = Scene(comfy, file)
    graph, model = scene.graph, scene.networks

    def patched(name, model):
        if name == "free_u":
            return graph.node("FreeU_V2", model=model, b1=1.3, b2=1.4, s1=0.9, s2=0.2)
        options = {"TestLora": {"seed": 5, "strength": 0.5}, "TestAttn2Patch": {"seed": 4, "weight": 0.5}}
        return graph.node(name, model=model, **options.get(name, {}))

    def plain(name):
        """The model itself; never answered from the server's cache."""
        result = sampled(graph, edit, scene.sigmas, 3.0, scene.noise, model=graph.node("TestCount", model=model))
        graph.dump(result, name)
        return result

    edit = scene.edit()
    plain("plain")
    scene.dump(edit, "edit")
    names = ("TestAttn1Patch", "TestAttn2Patch", "TestLora", "free_u")
    for name in names:
        scene.dump(scene.edit(model=patched(name, model)), name)
        scene.dump(scene.edit("", model=patched(name, model)), f"{name}_no_points")
        # the other way round
        scene.dump(edit, f"{name}_after", model=patched(name, edit.out(0)))
    scene.dump(edit, "split", model=graph.node("TestSplitBatch", model=edit.out(0)))
    control = graph.node("TestControl", conditioning=model.out(1), kind="sd15_inpaint", seed=7, strength=1.0)
    scene.dump(scene.edit(positive=control), "control")
    controlled = graph.node("TestControl", conditioning=edit.out(1), kind="sd15_inpaint", seed=7, strength=1.0)
    scene.dump(edit, "control_after", positive=controlled)

    found = comfy.tensors(comfy.run(graph, timeout=600))
    plain("plain_again")
    found |= {"plain_again": comfy.tensors(comfy.run(graph, timeout=600))["plain_again"]}
    for name in names:
        assert relative_max(found[name], found["edit"]) > 1e-3, name
        assert relative_max(found[name], found[f"{name}_no_points"]) > 1e-3, name
        assert relative_max(found[f"{name}_after"], found[name]) < 1e-5, name
    assert relative_max(found["split"], found["edit"]) < 1e-5
    assert torch.equal(found["plain_again"], found["plain"]) and relative_max(found["plain"], found["edit"]) > 1e-3
    assert (
        relative_max(found["control"], found["edit"]) > 1e-3
        and relative_max(found["control_after"], found["edit"]) > 1e-3
    )
