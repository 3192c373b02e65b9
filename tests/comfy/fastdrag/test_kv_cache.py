"""FastDrag's graph on the real server, with every kind of model and beside other packs' patches."""

import pytest
import torch

from ..graphs import (
    KINDS,
    apply_cache,
    drag_points,
    edit,
    filled,
    inversion,
    plain_sample,
    relative,
    tiny,
    warpage,
    way_back,
)

# short steps, on which the fixed point of the refinement is reached
EXACT = {"steps": 50, "strength": 0.1, "refinement": 6}


@pytest.fixture(scope="module", params=KINDS)
def results(request, comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, request.param)
    before = plain_sample(graph, model, positive, negative, latent)
    graph.dump(before, "model_before")
    exact = inversion(graph, model, positive, latent, **EXACT)
    counted = graph.node("TestCount", model=model)
    inverted, edited = edit(graph, counted, positive, negative, latent)
    same = apply_cache(graph, model, exact.out(1))
    none = drag_points(graph, "")
    outputs = {
        "latent": latent,
        "inverted": inverted,
        "cache": inverted.out(1),
        "sigmas": inverted.out(2),
        "edited": edited,
        "round_trip": way_back(graph, same, positive, negative, exact.out(2), exact),
        "without_cache": way_back(graph, model, positive, negative, exact.out(2), exact),
        "no_drag": way_back(graph, same, positive, negative, exact.out(2), filled(graph, warpage(graph, exact, none))),
        "drag_free_cache": edit(graph, model, positive, negative, latent, none)[1],
    }
    for name, link in outputs.items():
        graph.dump(link, name)
    graph.dump(counted.out(1), "count", after=edited)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    again = comfy.graph()
    model, positive, negative, latent = tiny(again, request.param)
    after = again.node("TestCount", model=model)  # not answered from the cache of results
    again.dump(plain_sample(again, after, positive, negative, latent), "model_after")
    return found | comfy.tensors(comfy.run(again, timeout=300))


def test_the_edit_moves_the_latent_and_stays_finite(results):
    assert results["edited"].shape == results["latent"].shape and results["edited"].isfinite().all()
    assert relative(results["edited"], results["drag_free_cache"]) > 0.05


@pytest.mark.float32
def test_an_exact_inversion_without_a_drag_returns_the_picture(results):
    assert relative(results["round_trip"], results["latent"]) < 2e-3
    assert torch.equal(results["no_drag"], results["round_trip"])
    assert relative(results["without_cache"], results["latent"]) < 2e-3


def test_each_step_is_one_evaluation_and_the_sigmas_are_the_ddim_ones(results):
    assert len(results["count.latents"]) == 14
    assert results["sigmas"].shape == (8,) and results["sigmas"][-1] == 0
    assert torch.equal(results["count.sigmas"][:7].flip(0), results["count.sigmas"][7:])
    torch.testing.assert_close(results["count.timesteps"][:7], torch.arange(7) * 100.0 + 1, atol=0.01, rtol=0)


def test_the_models_own_samples_are_as_before(results):
    assert torch.equal(results["model_after"], results["model_before"])


@pytest.fixture(scope="module")
def company(comfy):
    """The identity (no drag, exact inversion) beside what other packs and stock nodes add, by name."""
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph)
    control = graph.node("TestControl", conditioning=positive, kind="sd15", seed=5, strength=1.0)
    cases = {
        "lora": (graph.node("TestLora", model=model, seed=5, strength=0.2), positive),
        "attn1": (graph.node("TestAttn1Patch", model=model), positive),
        "attn2": (graph.node("TestAttn2Patch", model=model, seed=5, weight=0.5), positive),
        "freeu": (graph.node("FreeU", model=model, b1=1.1, b2=1.2, s1=0.9, s2=0.2), positive),
        "control": (model, control),
        "split": (graph.node("TestSplitBatch", model=model), positive),
        "all_blocks": (model, positive),
    }
    none = drag_points(graph, "")
    for name, (patched, cond) in cases.items():
        blocks = "all" if name == "all_blocks" else "decoder"
        inverted, edited = edit(graph, patched, cond, negative, latent, none, blocks=blocks, **EXACT)
        graph.dump(edited, name)
        graph.dump(inverted, f"{name}_inverted")
    graph.dump(latent, "latent")
    # an attn1 patch of another pack that comes after ours acts on what we return
    inverted, _ = edit(graph, model, positive, negative, latent)
    cached = apply_cache(graph, model, inverted.out(1))
    late = graph.node("TestAttn1Patch", model=cached)
    early = apply_cache(graph, graph.node("TestAttn1Patch", model=model), inverted.out(1))
    for name, patched in {"cached": cached, "late": late, "early": early}.items():
        graph.dump(way_back(graph, patched, positive, negative, inverted.out(2), inverted), name)
    return comfy.tensors(comfy.run(graph, timeout=300))


@pytest.mark.parametrize("name", ["lora", "attn1", "attn2", "freeu", "control", "split", "all_blocks"])
def test_the_way_back_is_exact_in_company(company, name):
    assert relative(company[name], company["latent"]) < 5e-3


@pytest.mark.parametrize("name", ["lora", "attn1", "attn2", "freeu", "control"])
def test_company_takes_part_in_the_inversion(company, name):
    assert relative(company[f"{name}_inverted"], company["split_inverted"]) > 1e-3


def test_other_attention_patches_act_whatever_the_order(company):
    assert torch.equal(company["late"], company["early"])
    assert relative(company["late"], company["cached"]) > 1e-4


def test_guidance_in_one_batch_or_apart_and_batches_give_the_same(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, batch=2)
    apart = graph.node("TestSplitBatch", model=model)
    _, together = edit(graph, model, positive, negative, latent, cfg=3.0)
    _, separate = edit(graph, model, positive, negative, latent, cfg=3.0, back_model=apart)
    _, plain = edit(graph, model, positive, negative, latent, cfg=1.0)
    for name, link in {"together": together, "separate": separate, "plain": plain}.items():
        graph.dump(link, name)
    for i in range(2):
        one = graph.node("LatentFromBatch", samples=latent, batch_index=i, length=1)
        graph.dump(edit(graph, model, positive, negative, one, cfg=3.0)[1], f"one_{i}")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert relative(found["separate"], found["together"]) < 1e-4
    assert relative(found["plain"], found["together"]) > 1e-2
    assert relative(found["together"], torch.cat((found["one_0"], found["one_1"]))) < 1e-4


def test_strength_and_range_of_the_cache(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph)
    inverted = inversion(graph, model, positive, latent)
    moved = filled(graph, warpage(graph, inverted, drag_points(graph)))
    variants = {
        "full": apply_cache(graph, model, inverted.out(1)),
        "half": apply_cache(graph, model, inverted.out(1), strength=0.5),
        "zero": apply_cache(graph, model, inverted.out(1), strength=0.0),
        "never": apply_cache(graph, model, inverted.out(1), start=0.5, end=0.5),
        "late": apply_cache(graph, model, inverted.out(1), start=0.5),
        "plain": model,
    }
    for name, patched in variants.items():
        graph.dump(way_back(graph, patched, positive, negative, inverted.out(2), moved), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert torch.equal(found["zero"], found["plain"]) and torch.equal(found["never"], found["plain"])
    distances = [relative(found[name], found["plain"]) for name in ("full", "half", "late")]
    assert min(distances) > 1e-3 and distances[0] > distances[1]


def test_start_and_end_say_which_part_of_the_way_back_is_replayed(comfy):
    """Against ways back that are made by hand of two parts, one with the whole cache and one without."""
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, width=128, height=96)
    inverted = inversion(graph, model, positive, latent)
    moved = filled(graph, warpage(graph, inverted, drag_points(graph)))
    cached = apply_cache(graph, model, inverted.out(1))
    # 3 of the 7 steps
    parts, part = graph.node("SplitSigmas", sigmas=inverted.out(2), step=3), 0.43
    runs = {
        "first": (apply_cache(graph, model, inverted.out(1), end=part), cached, model),
        "last": (apply_cache(graph, model, inverted.out(1), start=part), model, cached),
    }
    for name, (patched, first, last) in runs.items():
        graph.dump(way_back(graph, patched, positive, negative, inverted.out(2), moved), name)
        between = way_back(graph, first, positive, negative, parts, moved)
        graph.dump(way_back(graph, last, positive, negative, parts.out(1), between), f"{name}_by_hand")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in runs:
        assert relative(found[name], found[f"{name}_by_hand"]) < 1e-5
    assert relative(found["first"], found["last"]) > 1e-3


def test_the_same_graph_gives_the_same_picture_again(comfy):
    def run():
        graph = comfy.graph()
        model, positive, negative, latent = tiny(graph)
        model = graph.node("TestCount", model=model)  # never answered from the cache of results
        graph.dump(edit(graph, model, positive, negative, latent)[1], "edited")
        return comfy.tensors(comfy.run(graph, timeout=300))["edited"]

    assert torch.equal(run(), run())


def test_advanced_sampler_and_ddim_take_the_sigmas(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph)
    inverted, euler = edit(graph, model, positive, negative, latent)
    moved = filled(graph, warpage(graph, inverted, drag_points(graph)))
    patched = apply_cache(graph, model, inverted.out(1))
    advanced = graph.node(
        "SamplerCustomAdvanced",
        noise=graph.node("DisableNoise"),
        guider=graph.node("BasicGuider", model=patched, conditioning=positive),
        sampler=graph.node("KSamplerSelect", sampler_name="euler"),
        sigmas=inverted.out(2),
        latent_image=moved,
    )
    graph.dump(euler, "euler")
    graph.dump(advanced, "advanced")
    graph.dump(way_back(graph, patched, positive, negative, inverted.out(2), moved, sampler="ddim"), "ddim")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert relative(found["advanced"], found["euler"]) < 1e-5
    assert relative(found["ddim"], found["euler"]) < 1e-5


def test_interrupt_stops_the_inversion_and_leaves_the_model(comfy):
    def reference():
        graph = comfy.graph()
        model, positive, negative, latent = tiny(graph)
        model = graph.node("TestCount", model=model)
        graph.dump(edit(graph, model, positive, negative, latent)[1], "edited")
        return comfy.tensors(comfy.run(graph, timeout=300))["edited"]

    before = reference()
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph)
    stopping = graph.node("TestInterrupt", model=model, after=3)
    graph.dump(edit(graph, stopping, positive, negative, latent)[1], "edited")
    assert comfy.run_interrupted(graph) == "DragKitKVCacheInversion"
    assert torch.equal(reference(), before)


def test_what_only_the_run_can_know_is_said_in_one_sentence(comfy):
    def error(build):
        graph = comfy.graph()
        graph.dump(build(graph), "never")
        return comfy.run_error(graph, timeout=300)

    def picture(graph, width=120, height=80):
        return graph.node("TestImage", width=width, height=height, batch=1, seed=0)

    assert "picture is 120 x 80 pixels" in error(lambda g: drag_points(g, "60,20 -> 190,40", image=picture(g)))
    assert "size of the picture is unknown" in error(lambda g: drag_points(g, "60,20 -> 190,40"))
    message = error(lambda g: drag_points(g, image=picture(g), mask=picture(g, 80, 80).out(1)))
    assert "mask is 80 x 80, but the picture is 120 x 80" in message

    def with_latent(build):
        def inner(graph):
            model, positive, negative, latent = tiny(graph)
            return build(graph, model, positive, negative, latent)

        return error(inner)

    message = with_latent(lambda g, m, p, n, latent: warpage(g, latent, drag_points(g), mask=picture(g, 64, 64).out(1)))
    assert "Latent Warpage: mask is 64 x 64" in message

    def noise_mask(g, model, positive, negative, latent):
        masked = g.node("SetLatentNoiseMask", samples=latent, mask=g.node("SolidMask", value=1.0, width=64, height=64))
        return inversion(g, model, positive, masked)

    assert "samples carries a noise mask" in with_latent(noise_mask)
    assert "less than one step" in with_latent(lambda g, m, p, n, x: inversion(g, m, p, x, steps=10, strength=0.01))
    combined = "positive combines several conditionings"
    assert combined in with_latent(
        lambda g, m, p, n, x: inversion(g, m, g.node("ConditioningCombine", conditioning_1=p, conditioning_2=n), x)
    )

    def by_area(g, model, positive, negative, latent):
        part = g.node("ConditioningSetArea", conditioning=negative, width=128, height=128, x=0, y=0, strength=1.0)
        both = g.node("ConditioningCombine", conditioning_1=positive, conditioning_2=part)
        return inversion(g, model, both, latent)

    assert combined in with_latent(by_area)

    def other_model(g, model, positive, negative, latent):
        other = g.node("TestTinyModel", kind="sd15", seed=9)
        return apply_cache(g, other, inversion(g, model, positive, latent).out(1))

    assert "recorded with another model" in with_latent(other_model)

    def back(sigmas=None, size=(200, 296), batch=1, sampler="euler"):
        def build(g, model, positive, negative, latent):
            inverted = inversion(g, model, positive, latent)
            cached = apply_cache(g, model, inverted.out(1))
            levels = inverted.out(2) if sigmas is None else g.node("TestSigmas", values=sigmas)
            start = g.node("TestLatent", width=size[0], height=size[1], batch=batch, seed=3, channels=4)
            return way_back(g, cached, positive, negative, levels, start, sampler=sampler)

        return with_latent(build)

    assert "noise level 3, which the inversion did not record" in back(sigmas="3, 1, 0")
    assert "same model, size and batch" in back(size=(200, 200))
    assert "did not record" in back(sampler="dpm_2")


def test_the_queue_refuses_a_range_that_ends_before_it_starts(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph)
    inverted = inversion(graph, model, positive, latent)
    graph.dump(apply_cache(graph, model, inverted.out(1), start=0.8, end=0.2), "never")
    assert "Apply KV Cache: start is 0.8 and end is 0.2" in comfy.submit_error(graph)
