"""KV-Cache Inversion and Apply KV Cache beside nodes that guide, evaluate and condition a model in their own way."""

import pytest
import torch
from safetensors.torch import save_file

from ..graphs import apply_cache, drag_points, edit, error, filled, inversion, relative, tiny, warpage, way_back

GUIDANCE = {
    "PerturbedAttentionGuidance": {"scale": 3.0},
    "SelfAttentionGuidance": {"scale": 0.5, "blur_sigma": 2.0},
    "RescaleCFG": {"multiplier": 0.7},
    "APG": {"eta": 1.0, "norm_threshold": 5.0, "momentum": 0.0},
}
SIZE = {"width": 256, "height": 192}
EXACT = {"steps": 50, "strength": 0.1, "refinement": 6}


@pytest.fixture(scope="module")
def guided(comfy):
    """Inversions and ways back by name of the guidance node, and what is evaluated; "" is without any."""
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, **SIZE)
    points = drag_points(graph)
    for name, options in {"": None, **GUIDANCE}.items():
        counted = graph.node("TestCount", model=model)
        patched = graph.node(name, model=counted, **options) if name else counted
        inverted, moved = edit(graph, patched, positive, negative, latent, points, cfg=3.0, blocks="all")
        graph.dump(inverted, f"inverted{name}")
        graph.dump(inverted.out(1), f"cache{name}")
        graph.dump(moved, f"edited{name}")
        graph.dump(counted.out(1), f"count{name}", after=moved)
    return comfy.tensors(comfy.run(graph, timeout=300))


@pytest.mark.parametrize("name", GUIDANCE)
def test_guidance_has_no_part_in_the_inversion(guided, name):
    assert torch.equal(guided[f"inverted{name}"], guided["inverted"])
    recorded = {key.removeprefix("cache."): entry for key, entry in guided.items() if key.startswith("cache.entries")}
    assert recorded and all(torch.equal(guided[f"cache{name}.{key}"], entry) for key, entry in recorded.items())


@pytest.mark.parametrize("name", ["PerturbedAttentionGuidance", "SelfAttentionGuidance"])
def test_guidance_that_evaluates_again_guides_the_way_back(guided, name):
    conds = [guided[f"count{name}.conds.{i}"].tolist() for i in range(21)]
    assert f"count{name}.conds.21" not in guided
    assert conds[:7] == [[0]] * 7 and sorted(conds[7]) == [0, 1]
    assert conds[7::2] == [conds[7]] * 7 and conds[8::2] == [[0]] * 7
    assert guided[f"edited{name}"].isfinite().all()
    assert relative(guided[f"edited{name}"], guided["edited"]) > 1e-2


def test_what_perturbed_attention_guides_by_is_seen_with_the_recording_too(comfy):
    """In one step the result is a straight line of the scale, and the order of the two nodes does not matter."""
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, **SIZE)
    inverted = inversion(graph, model, positive, latent, strength=0.1)
    moved = filled(graph, warpage(graph, inverted, drag_points(graph)))

    def back(patched, name):
        graph.dump(way_back(graph, patched, positive, negative, inverted.out(2), moved), name)

    cached = apply_cache(graph, model, inverted.out(1))
    back(cached, "plain")
    for scale in (0.0, 1.0, 3.0):
        before = graph.node("PerturbedAttentionGuidance", model=model, scale=scale)
        back(apply_cache(graph, before, inverted.out(1)), f"before_{scale:g}")
        back(graph.node("PerturbedAttentionGuidance", model=cached, scale=scale), f"after_{scale:g}")
    back(graph.node("PerturbedAttentionGuidance", model=model, scale=1.0), "without_cache")
    back(model, "plain_without_cache")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert torch.equal(found["before_0"], found["plain"])
    assert all(torch.equal(found[f"before_{scale}"], found[f"after_{scale}"]) for scale in (0, 1, 3))
    slope = found["before_1"] - found["plain"]
    torch.testing.assert_close(found["before_3"] - found["plain"], 3 * slope, atol=1e-4, rtol=1e-3)
    # the perturbed prediction, too, looks at the recording
    assert relative(found["without_cache"] - found["plain_without_cache"], slope) > 1e-2


def test_several_conditionings_are_refused_beside_guidance_too(comfy):
    def build(g, model, positive, negative, latent):
        both = g.node("ConditioningCombine", conditioning_1=positive, conditioning_2=negative)
        return inversion(g, g.node("PerturbedAttentionGuidance", model=model, scale=3.0), both, latent)

    message = error(comfy, build)
    assert message == "KV-Cache Inversion: positive combines several conditionings; connect exactly one"


@pytest.fixture(scope="module")
def attention(comfy):
    """The identity (no drag, exact inversion) beside nodes that work on self-attention, and their inversions."""
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, **SIZE)
    nodes = {
        "HyperTile": {"tile_size": 64, "swap_size": 2, "max_depth": 0, "scale_depth": False},
        "TomePatchModel": {"ratio": 0.3},
    }
    none = drag_points(graph, "")
    for name, options in nodes.items():
        patched = graph.node(name, model=model, **options)
        inverted, edited = edit(graph, patched, positive, negative, latent, none, **EXACT)
        graph.dump(inverted, f"{name}_inverted")
        graph.dump(edited, name)
    graph.dump(inversion(graph, model, positive, latent, **EXACT), "plain")
    graph.dump(latent, "latent")
    return comfy.tensors(comfy.run(graph, timeout=300))


# ToMe merges other tokens in each evaluation, at random
@pytest.mark.parametrize(("name", "close"), [("HyperTile", 5e-3), ("TomePatchModel", 0.05)])
def test_nodes_that_work_on_self_attention_take_part(attention, name, close):
    assert relative(attention[f"{name}_inverted"], attention["plain"]) > 1e-4
    assert relative(attention[name], attention["latent"]) < close


@pytest.mark.parametrize("how", ["parts", "twice"])
def test_a_network_that_is_evaluated_otherwise_is_refused(comfy, how):
    message = error(comfy, lambda g, m, p, n, x: inversion(g, g.node("TestInstead", model=m, how=how), p, x))
    assert message.startswith("KV-Cache Inversion: a node on model has it evaluated in parts or more than once")


def test_a_step_that_the_network_is_not_evaluated_for_is_named(comfy):
    cached = {"reuse_threshold": 3.0, "start_percent": 0.0, "end_percent": 1.0, "verbose": False}

    def skipping(name, **options):
        return lambda g, m, p, n, x: inversion(g, g.node(name, model=m, **options), p, x)

    for name in ("EasyCache", "LazyCache"):
        message = error(comfy, skipping(name, **cached))
        assert message.startswith("KV-Cache Inversion: a node on model skips parts of it at noise level ")
    message = error(comfy, skipping("TestInstead", how="never"))
    assert message == 'KV-Cache Inversion: model has no self-attention to record in blocks "decoder"'
    # on the way back what is evaluated looks at the recording
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, **SIZE)
    back = graph.node("EasyCache", model=model, **cached)
    counted = graph.node("TestCount", model=back)
    _, skipped = edit(graph, model, positive, negative, latent, back_model=counted)
    _, whole = edit(graph, model, positive, negative, latent)
    for name, link in {"skipped": skipped, "whole": whole}.items():
        graph.dump(link, name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert 1e-4 < relative(found["skipped"], found["whole"]) < 1


def in_range(graph, conditioning, start, end):
    return graph.node("ConditioningSetTimestepRange", conditioning=conditioning, start=start, end=end)


def follow(graph, first, second, at):
    """The first conditioning until a part of the way from noise to picture, the second from there."""
    parts = in_range(graph, first, 0.0, at), in_range(graph, second, at, 1.0)
    return graph.node("ConditioningCombine", conditioning_1=parts[0], conditioning_2=parts[1])


# of the whole noise schedule; with 10 steps at 0.7 the inversion goes from timestep 1 to 601
@pytest.mark.parametrize("span", [(0.0, 0.9), (0.5, 1.0), (0.6, 0.5)])
def test_a_step_without_conditioning_is_refused(comfy, span):
    message = error(comfy, lambda g, m, p, n, x: inversion(g, m, in_range(g, p, *span), x))
    assert message.startswith("KV-Cache Inversion: positive has no conditioning at noise level ")


@pytest.fixture(scope="module")
def spans(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, **SIZE)
    full = graph.node("SolidMask", value=1.0, **SIZE)
    half = graph.node("SolidMask", value=0.5, **SIZE)
    area = {"x": 0, "y": 0, "strength": 1.0}
    masked = {"strength": 1.0, "set_cond_area": "default"}
    conditionings = {
        "plain": positive,
        "negative": negative,
        "range": in_range(graph, positive, 0.1, 1.0),
        "follow_same": follow(graph, positive, positive, 0.5),
        "follow": follow(graph, negative, positive, 0.75),
        "area": graph.node("ConditioningSetArea", conditioning=positive, **SIZE, **area),
        "mask": graph.node("ConditioningSetMask", conditioning=positive, mask=full, **masked),
        "half": graph.node("ConditioningSetMask", conditioning=positive, mask=half, **masked),
        "default": graph.node("ConditioningSetDefaultCombine", cond=positive, cond_DEFAULT=negative),
        "default_after": graph.node(
            "ConditioningSetDefaultCombine", cond=in_range(graph, positive, 0.75, 1.0), cond_DEFAULT=negative
        ),
    }
    for name, conditioning in conditionings.items():
        inverted, edited = edit(graph, model, conditioning, negative, latent)
        graph.dump(inverted, f"inverted_{name}")
        graph.dump(inverted.out(1), f"cache_{name}")
        graph.dump(edited, name)
    return comfy.tensors(comfy.run(graph, timeout=300))


@pytest.mark.parametrize("name", ["range", "follow_same", "area", "mask", "half", "default"])
def test_one_conditioning_at_each_step_for_the_whole_picture_is_as_one_without_bounds(spans, name):
    assert relative(spans[f"inverted_{name}"], spans["inverted_plain"]) < 1e-5
    assert relative(spans[name], spans["plain"]) < 1e-5


# timesteps 1, 101, 201 of 1000 lie after 0.75 of the way from noise to picture
@pytest.mark.parametrize("name", ["follow", "default_after"])
def test_conditionings_that_follow_each_other_are_recorded_each_at_its_steps(spans, name):
    for step in range(7):
        keys = [key for key in spans if key.startswith(f"cache_plain.entries.({step},")]
        assert len(keys) == 9
        for key in keys:
            recorded = spans[key.replace("plain", name)]
            # step 3 is the first of the other conditioning; what it sees is still the same latent
            same = torch.equal(recorded, spans[key])
            assert same == (step < 3) or (step == 3 and "('output', 3," in key)
    assert relative(spans[name], spans["plain"]) > 1e-2


def test_a_conditioning_for_a_part_of_the_picture_is_refused(comfy):
    def message(build):
        return error(comfy, lambda g, m, p, n, x: inversion(g, m, build(g, p), x))

    def mask(g, positive, strength=1.0, bounds="default"):
        node = g.node("TestImage", width=128, height=96, batch=1, seed=0)
        return g.node(
            "ConditioningSetMask", conditioning=positive, mask=node.out(1), strength=strength, set_cond_area=bounds
        )

    area = {"width": 64, "height": 96, "x": 32, "y": 0}
    builds = [
        lambda g, p: g.node("ConditioningSetArea", conditioning=p, **area, strength=1.0),
        mask,
        lambda g, p: mask(g, p, bounds="mask bounds"),
        lambda g, p: g.node("ConditioningSetAreaStrength", conditioning=p, strength=0.0),
        lambda g, p: g.node("ConditioningSetDefaultCombine", cond=mask(g, p), cond_DEFAULT=p),
    ]
    for build in builds:
        assert message(build).startswith("KV-Cache Inversion: positive leaves out a part of the picture; ")


def test_a_control_net_with_a_range_follows_it_in_both_directions(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, **SIZE)
    none = drag_points(graph, "")
    # the steps are at timesteps 1, 21, 41, 61, 81
    for name, end in {"control": 1.0, "early": 0.95, "never": 0.5}.items():
        control = graph.node("TestControl", conditioning=positive, kind="sd15", seed=5, strength=1.0, end=end)
        inverted, edited = edit(graph, model, control, negative, latent, none, **EXACT)
        graph.dump(inverted, f"{name}_inverted")
        graph.dump(edited, name)
    graph.dump(inversion(graph, model, positive, latent, **EXACT), "plain")
    graph.dump(latent, "latent")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in ("control", "early", "never"):
        assert relative(found[name], found["latent"]) < 5e-3
    assert torch.equal(found["never_inverted"], found["plain"])
    assert relative(found["early_inverted"], found["plain"]) > 1e-3
    assert relative(found["early_inverted"], found["control_inverted"]) > 1e-3


def hooked(comfy, graph, conditioning, *starts):
    """The conditioning with a LoRA as a hook, with a keyframe at each start."""
    path, random = comfy.folder / "models/loras/hook.safetensors", torch.Generator().manual_seed(0)
    path.parent.mkdir(exist_ok=True)
    key = "diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_out.0"
    shapes = {f"{key}.lora_up.weight": (128, 4), f"{key}.lora_down.weight": (4, 128)}
    save_file({name: torch.randn(shape, generator=random) for name, shape in shapes.items()}, path)
    hooks = graph.node("CreateHookLoraModelOnly", lora_name=path.name, strength_model=1.0)
    keyframes = {}
    for i, start in enumerate(starts):
        frame = graph.node("CreateHookKeyframe", strength_mult=1.0 + i, start_percent=start, **keyframes)
        keyframes = {"prev_hook_kf": frame}
    if starts:
        hooks = graph.node("SetHookKeyframes", hooks=hooks, hook_kf=frame)
    return graph.node(
        "ConditioningSetProperties", cond_NEW=conditioning, strength=1.0, set_cond_area="default", hooks=hooks
    )


def test_a_lora_as_a_hook_acts_in_both_directions_and_one_with_a_schedule_is_refused(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, **SIZE)
    none = drag_points(graph, "")
    for name, starts in {"hook": (), "one_frame": (0.0,)}.items():
        conditioning = hooked(comfy, graph, positive, *starts)
        inverted, edited = edit(graph, model, conditioning, negative, latent, none, **EXACT)
        graph.dump(inverted, f"{name}_inverted")
        graph.dump(edited, name)
    graph.dump(inversion(graph, model, positive, latent, **EXACT), "plain")
    graph.dump(latent, "latent")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in ("hook", "one_frame"):
        assert relative(found[f"{name}_inverted"], found["plain"]) > 1e-3
        assert relative(found[name], found["latent"]) < 5e-3
    message = error(comfy, lambda g, m, p, n, x: inversion(g, m, hooked(comfy, g, p, 0.0, 0.8), x))
    assert message.startswith("KV-Cache Inversion: positive has hooks with several keyframes, ")


def test_that_guidance_rests_is_in_the_log(comfy):
    def log(patch):
        start = len(comfy.log())
        graph = comfy.graph()
        model, positive, _, latent = tiny(graph, width=128, height=96)
        model = graph.node("TestCount", model=model)
        graph.dump(inversion(graph, patch(graph, model), positive, latent), "never")
        comfy.run(graph, timeout=300)
        return comfy.log(start)

    sentence = "KV-Cache Inversion: runs at guidance 1, without the guidance that other nodes have put on model"
    for name, options in GUIDANCE.items():
        assert sentence in log(lambda g, m, name=name, options=options: g.node(name, model=m, **options))
    assert sentence not in log(lambda g, m: m)
