"""Apply KV Cache knows the model of the recording by what it is, also where ComfyUI has loaded it again."""

import pytest
import torch

from ..graphs import apply_cache, edit, error, inversion, plain_sample, tiny

REFUSED = (
    "Apply KV Cache: kv_cache was recorded with another model, or with other LoRAs on it; connect the one KV-Cache "
    "Inversion used"
)


def lora(graph, model, seed=5, strength=0.2):
    return graph.node("TestLora", model=model, seed=seed, strength=strength)


def merged(graph, model, seed=9, ratio=0.5):
    other = graph.node("TestTinyModel", kind="sd15", seed=seed)
    return graph.node("ModelMergeSimple", model1=model, model2=other, ratio=ratio)


MADE = {
    "plain": lambda g, m: m,
    "lora": lora,
    "two LoRAs": lambda g, m: lora(g, lora(g, m), seed=6),
    "merged": merged,
}


@pytest.mark.parametrize("name", MADE)
def test_a_model_that_was_loaded_again_is_the_same(comfy, name):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph)
    again = MADE[name](graph, graph.node("TestReload", model=model))
    once = MADE[name](graph, model)
    _, reloaded = edit(graph, once, positive, negative, latent, back_model=again)
    _, same = edit(graph, once, positive, negative, latent)
    for key, link in {"reloaded": reloaded, "same": same}.items():
        graph.dump(link, key)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert torch.equal(found["reloaded"], found["same"])


def test_a_model_is_the_same_while_the_weights_hold_the_lora_of_another(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph)
    inverted = inversion(graph, model, positive, latent)
    # both share their weights, which this changes
    sampled = plain_sample(graph, lora(graph, model), positive, negative, latent)
    after = graph.node("TestAfter", any=inverted.out(1), after=sampled)
    graph.dump(apply_cache(graph, model, after), "patched")
    comfy.run(graph, timeout=300)


OTHERS = {
    "weights": lambda g, m: g.node("TestTinyModel", kind="sd15", seed=9),
    "a LoRA": lora,
    "a merge": merged,
}
OTHERS_OF_A_LORA = {
    "no LoRA": lambda g, m: m,
    "another strength": lambda g, m: lora(g, m, strength=0.21),
    "another LoRA": lambda g, m: lora(g, m, seed=6),
    "twice": lambda g, m: lora(g, lora(g, m)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_model_is_refused(comfy, name):
    def build(g, model, positive, negative, latent):
        return apply_cache(g, OTHERS[name](g, model), inversion(g, model, positive, latent).out(1))

    assert error(comfy, build) == REFUSED


@pytest.mark.parametrize("name", OTHERS_OF_A_LORA)
def test_another_lora_is_refused(comfy, name):
    def build(g, model, positive, negative, latent):
        recorded = inversion(g, lora(g, model), positive, latent)
        return apply_cache(g, OTHERS_OF_A_LORA[name](g, model), recorded.out(1))

    assert error(comfy, build) == REFUSED


def test_another_merge_is_refused(comfy):
    def build(g, model, positive, negative, latent):
        recorded = inversion(g, merged(g, model), positive, latent)
        return apply_cache(g, merged(g, model, ratio=0.6), recorded.out(1))

    assert error(comfy, build) == REFUSED


def test_a_model_that_was_dropped_for_want_of_memory_is_known_again(comfy):
    def run(strength):
        """Which of model and recording came from ComfyUI's cache of results."""
        graph = comfy.graph()
        model, positive, negative, latent = tiny(graph, width=136, height=104)
        inverted, applied = edit(graph, model, positive, negative, latent, apply={"strength": strength})
        graph.dump(applied, "edited")
        entry = comfy.run(graph, timeout=300)
        cached = next(data["nodes"] for event, data in entry["status"]["messages"] if event == "execution_cached")
        return {name for name, node in {"model": model, "recording": inverted}.items() if node.id in cached}

    def networks(state):
        graph = comfy.graph()
        graph.dump(graph.node("TestMemory", state=state), "networks")
        return int(comfy.tensors(comfy.run(graph, timeout=300))["networks"])

    comfy.free()
    networks("is")
    run(1.0)
    assert run(0.9) == {"model", "recording"}
    try:
        before = networks("short")
        if before == -1:
            pytest.skip("this ComfyUI drops no models when memory runs short")
        # the recording does not keep the network
        assert (before, networks("short")) == (1, 0)
        assert run(0.8) == {"recording"}
    finally:
        networks("is")
