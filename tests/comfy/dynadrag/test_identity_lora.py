"""Identity LoRA on the real server: it learns the picture, stock nodes apply and keep it, the model stays as it was."""

import shutil

import pytest
import torch

from ..graphs import KINDS

LAYERS = {"to_q", "to_k", "to_v", "to_out.0"}


def tiny(graph, kind="sd15"):
    model = graph.node("TestTinyModel", kind=kind, seed=0)
    return model, model.out(1), model.out(2)


def picture(graph, batch=1):
    return graph.node("TestImage", width=64, height=48, batch=batch, seed=2)


def identity(graph, model, positive, image=None, **options):
    defaults = {
        "rank": 4, "steps": 20, "learning_rate": 2e-3, "batch": 2, "seed": 0, "checkpointing": "off",
        "vae": graph.node("TestTinyVAE", seed=0),
    }  # fmt: skip
    return graph.node(
        "DragKitIdentityLoRA", model=model, positive=positive, image=image or picture(graph), **defaults | options
    )


def applied(graph, model, lora, strength=1.0):
    return graph.node("LoraModelLoader", model=model, lora=lora, strength_model=strength, **bypass(graph))


def bypass(graph):
    return {"bypass": False} if graph.has_bypass else {}


@pytest.fixture
def new_graph(comfy):
    """Empty workflows that know whether this version's Load LoRA Model has the input bypass."""
    inputs = comfy.object_info()["LoraModelLoader"]["input"]
    has_bypass = "bypass" in {**inputs["required"], **inputs.get("optional", {})}

    def make():
        graph = comfy.graph()
        graph.has_bypass = has_bypass
        return graph

    return make


def sampled(graph, model, positive, negative, cfg=3.0):
    latent = graph.node("TestLatent", width=64, height=48, batch=1, seed=3, channels=4)
    return graph.node(
        "KSampler", model=model, positive=positive, negative=negative, latent_image=latent, cfg=cfg, seed=1, steps=3,
        sampler_name="euler", scheduler="normal", denoise=1.0,
    )  # fmt: skip


def denoised(graph, model, positive, clean, sigma, seed):
    """One step to the end from the clean latent with noise of strength sigma: what the model takes it for."""
    return graph.node(
        "SamplerCustom", model=model, add_noise=True, noise_seed=seed, cfg=1.0, positive=positive, negative=positive,
        sampler=graph.node("KSamplerSelect", sampler_name="euler"), latent_image=clean,
        sigmas=graph.node("TestSigmas", values=f"{sigma}, 0"),
    ).out(1)  # fmt: skip


def samples_of(comfy, kind="sd15"):
    """What the tiny model gives a stock sampler now, asked anew."""
    graph = comfy.graph()
    model, positive, negative = tiny(graph, kind)
    graph.dump(sampled(graph, graph.node("TestCount", model=model), positive, negative), "samples")
    return comfy.tensors(comfy.run(graph, timeout=300))["samples"]


def losses_in(report):
    before, after = report.split("loss ")[1].split(" after")[0].split(" before, ")
    return float(before), float(after)


@pytest.mark.parametrize("kind", KINDS)
def test_the_lora_learns_the_picture_and_leaves_the_model(comfy, new_graph, kind):
    """The loss through the stock loader and sampler, at noise that the training never saw."""
    before = samples_of(comfy, kind)
    graph = new_graph()
    model, positive, negative = tiny(graph, kind)
    run = identity(graph, model, positive, steps=40)
    graph.dump(run, "lora")
    graph.dump(run.out(1), "report")
    clean = graph.node("VAEEncode", pixels=picture(graph), vae=graph.node("TestTinyVAE", seed=0))
    graph.dump(clean, "clean")
    patched = applied(graph, model, run)
    cases = [(sigma, seed) for sigma in (0.3, 1.0, 4.0) for seed in (11, 12)]
    for i, (sigma, seed) in enumerate(cases):
        graph.dump(denoised(graph, model, positive, clean, sigma, seed), f"before_{i}")
        graph.dump(denoised(graph, patched, positive, clean, sigma, seed), f"after_{i}")
    graph.dump(sampled(graph, patched, positive, negative), "guided")
    graph.dump(sampled(graph, applied(graph, model, run, 0.0), positive, negative), "zero")
    found = comfy.tensors(comfy.run(graph, timeout=600))
    assert torch.equal(samples_of(comfy, kind), before) and torch.equal(found["zero"], before)
    assert found["guided"].isfinite().all() and (found["guided"] - before).norm() > 0.01 * before.norm()

    loss_before, loss_after = losses_in(found["report"])
    assert loss_after < 0.9 * loss_before and found["report"].startswith("40 steps; ")
    for i, (sigma, _) in enumerate(cases):
        errors = [float(((found[f"{name}_{i}"] - found["clean"]) / sigma).norm()) for name in ("before", "after")]
        assert errors[1] < 0.98 * errors[0], sigma

    names = {name.removeprefix("lora.") for name in found if name.startswith("lora.")}
    layers = {name.removesuffix(".lora_up.weight") for name in names if name.endswith(".lora_up.weight")}
    assert names == {f"{layer}.lora_{part}.weight" for layer in layers for part in ("up", "down")}
    assert {layer.split(".attn")[1][2:] for layer in layers} == LAYERS
    assert len(layers) == 8 * {"sd15": 16, "sd15_inpaint": 16, "sd2_v": 16, "sdxl": 17}[kind]
    assert all(found[f"lora.{layer}.lora_down.weight"].shape[0] == 4 for layer in layers)
    assert all(found[f"lora.{layer}.lora_up.weight"].abs().max() > 0 for layer in layers)


@pytest.mark.float32
@pytest.mark.parametrize("kind", KINDS)
def test_stock_nodes_apply_what_was_trained(comfy, new_graph, kind):
    """The last evaluation of the training, repeated by the model with the LoRA from Load LoRA Model."""
    graph = new_graph()
    model, positive, _ = tiny(graph, kind)
    recorded = graph.node("TestRecord", model=model)
    run = identity(graph, recorded, positive)
    for name, patched in {"with": applied(graph, model, run), "without": model}.items():
        graph.dump(graph.node("TestReplay", model=patched, record=recorded.out(1), after=run), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    torch.testing.assert_close(found["with.replayed"], found["with.recorded"], rtol=0, atol=1e-4)
    assert (found["without.replayed"] - found["with.recorded"]).abs().max() > 1e-2


def test_the_saved_file_is_an_ordinary_lora(comfy, new_graph):
    graph = new_graph()
    model, positive, negative = tiny(graph)
    run = identity(graph, model, positive, steps=5)
    # older versions call it SaveLoRANode
    save = next(name for name in ("SaveLoRA", "SaveLoRANode") if name in comfy.object_info())
    graph.node(save, lora=run, prefix="loras/identity")
    graph.dump(sampled(graph, applied(graph, model, run), positive, negative), "applied")
    since = len(comfy.log())
    applied_here = comfy.tensors(comfy.run(graph, timeout=300))["applied"]
    (file,) = (comfy.folder / "output/loras").glob("identity_*.safetensors")
    (comfy.folder / "models/loras").mkdir(exist_ok=True)
    shutil.copy(file, comfy.folder / "models/loras/identity.safetensors")
    graph = new_graph()
    model, positive, negative = tiny(graph)
    loaded = graph.node("LoraLoaderModelOnly", model=model, lora_name="identity.safetensors", strength_model=1.0)
    graph.dump(sampled(graph, loaded, positive, negative), "loaded")
    assert torch.equal(comfy.tensors(comfy.run(graph, timeout=300))["loaded"], applied_here)
    assert "lora key not loaded" not in comfy.log(since)


def test_a_seed_makes_the_lora_whatever_the_checkpointing(comfy, new_graph):
    graph = new_graph()
    model, positive, _ = tiny(graph)
    runs = {"plain": {}, "again": {"checkpointing": "on"}, "other": {"seed": 1}, "first": {"steps": 4}}
    for name, options in runs.items():
        graph.dump(identity(graph, model, positive, **{"steps": 5} | options), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    parts = {name: [value for key, value in found.items() if key.startswith(f"{name}.")] for name in runs}
    assert all(torch.equal(a, b) for a, b in zip(parts["plain"], parts["again"], strict=True))
    for name in ("other", "first"):
        assert not any(torch.equal(a, b) for a, b in zip(parts["plain"], parts[name], strict=True))


@pytest.mark.float32
def test_it_learns_beside_other_loras_patches_and_controlnets(comfy, new_graph):
    graph = new_graph()
    model, positive, _ = tiny(graph)
    cases = {
        "lora": (graph.node("TestLora", model=model, seed=5, strength=0.5), positive),
        "lcm": (graph.node("ModelSamplingDiscrete", model=model, sampling="lcm", zsnr=False), positive),
        "attn1": (graph.node("TestAttn1Patch", model=model), positive),
        "attn2": (graph.node("TestAttn2Patch", model=model, seed=5, weight=0.5), positive),
        "control": (model, graph.node("TestControl", conditioning=positive, kind="sd15", seed=5, strength=1.0)),
    }
    for name, (patched, conditioning) in cases.items():
        recorded = graph.node("TestRecord", model=patched)
        run = identity(graph, recorded, conditioning, checkpointing="on", steps=15)
        graph.dump(run.out(1), name)
        if name != "control":  # of which the record holds nothing
            with_lora = applied(graph, patched, run)
            graph.dump(graph.node("TestReplay", model=with_lora, record=recorded.out(1), after=run), f"{name}_same")
    found = comfy.tensors(comfy.run(graph, timeout=600))
    reports = {name: losses_in(found[name]) for name in cases}
    for name, (before, after) in reports.items():
        assert after < before, name
        if name != "control":
            same = found[f"{name}_same.recorded"]
            torch.testing.assert_close(found[f"{name}_same.replayed"], same, rtol=0, atol=1e-4)
    assert len({before for before, _ in reports.values()}) == len(cases)


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_it_learns_in_half_precision(comfy, new_graph, dtype):
    graph = new_graph()
    model, positive, _ = tiny(graph)
    half = graph.node("ModelComputeDtype", model=model, dtype=dtype)
    for name, patched in {"half": half, "full": model}.items():
        run = identity(graph, patched, positive)
        graph.dump(run, f"{name}_lora")
        graph.dump(run.out(1), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    (start, half), (full_start, full) = losses_in(found["half"]), losses_in(found["full"])
    assert start == pytest.approx(full_start, rel=0.02) and half < start
    assert abs(half - full) < 0.2 * (full_start - full)
    assert all(value.dtype == torch.float32 for name, value in found.items() if "_lora." in name)


# 20 steps in batches of 2 are measured by 4 evaluations before and 4 after
LAST = 4 + 20 + 4


def failing(graph, node, at, how=None, **options):
    model, positive, _ = tiny(graph)
    model = graph.node(node, model=model, **({"after": at} if how is None else {"at": at, "how": how}))
    graph.dump(identity(graph, model, positive, **options), "never")
    return graph


@pytest.mark.parametrize("checkpointing", ["off", "on"])
def test_an_interrupt_returns_at_once_and_leaves_the_model(comfy, new_graph, checkpointing):
    before = samples_of(comfy)
    for at in (1, 4, 5, 7, LAST - 4, LAST):
        graph = failing(new_graph(), "TestInterrupt", at, checkpointing=checkpointing)
        assert comfy.run_interrupted(graph) == "DragKitIdentityLoRA"
    assert torch.equal(samples_of(comfy), before)


def test_used_up_memory_is_named_with_what_to_lower_and_leaves_the_model(comfy, new_graph):
    before = samples_of(comfy)
    message = comfy.run_error(failing(new_graph(), "TestFailure", 6, "memory"))
    assert message.startswith("Identity LoRA: the device's memory is used up; set checkpointing to on")
    assert torch.equal(samples_of(comfy), before)


@pytest.mark.parametrize("at", [1, 6, LAST])
def test_a_loss_that_is_no_number_is_said(comfy, new_graph, at):
    message = comfy.run_error(failing(new_graph(), "TestFailure", at, "number"))
    assert message.startswith("Identity LoRA: the loss is not a finite number; lower learning_rate")


def test_it_stops_early_and_the_bar_ends(comfy, new_graph):
    graph = new_graph()
    model, positive, _ = tiny(graph)
    watched = graph.node("TestProgress", model=model)
    run = identity(graph, watched, positive, steps=200, learning_rate=1e-6, batch=8)
    graph.dump(run.out(1), "report")
    graph.dump(watched.out(1), "shown", after=run)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert found["report"].startswith("60 steps; ")
    assert found["report"].endswith("stopped before 200 steps because the loss no longer fell.")
    values = found["shown.values"]
    assert (found["shown.totals"] == 200 + 11).all() and (values.diff() >= 0).all()
    assert values[-2] <= 60 + 4 and values[-1] == 200 + 11


def test_bad_input_is_said_in_one_sentence(comfy, new_graph):
    def said(build=lambda graph: {}):
        graph = new_graph()
        model, positive, _ = tiny(graph)
        run = identity(graph, **{"model": model, "positive": positive, "steps": 1} | build(graph))
        graph.dump(run, "never")
        return comfy.run_error(graph, timeout=300)

    def combined(graph):
        _, positive, negative = tiny(graph)
        return {"positive": graph.node("ConditioningCombine", conditioning_1=positive, conditioning_2=negative)}

    def flow(graph):
        return {"model": graph.node("ModelSamplingSD3", model=tiny(graph)[0], shift=3.0)}

    def thin(graph):
        return {"image": graph.node("ImageCrop", image=picture(graph), width=4, height=48, x=0, y=0)}

    assert "Identity LoRA: image has 2 pictures; connect one" in said(lambda g: {"image": picture(g, batch=2)})
    assert "Identity LoRA: image is 4 x 48; it must be at least 8 pixels" in said(thin)
    assert "Identity LoRA: this model is a flow-matching model" in said(flow)
    assert "Identity LoRA: this model has no UNet" in said(lambda g: {"model": g.node("TestNoUNet")})
    assert "Identity LoRA: positive combines several conditionings" in said(combined)
