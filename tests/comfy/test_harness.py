"""The tiny models and probes do what the node tests rely on: every effect that those tests look for can be seen."""

import pytest
import torch

KINDS = ["sd15", "sd15_inpaint", "sd2_v", "sdxl"]
SIZES = [(320, 192), (200, 296)]


def tiny_model(graph, kind, seed=0):
    model = graph.node("TestTinyModel", kind=kind, seed=seed)
    return model, model.out(1), model.out(2)


def sample(graph, model, positive, negative, latent, cfg=3.0, seed=0, steps=3):
    return graph.node(
        "KSampler",
        model=model,
        positive=positive,
        negative=negative,
        latent_image=latent,
        cfg=cfg,
        seed=seed,
        steps=steps,
        sampler_name="euler",
        scheduler="normal",
        denoise=1.0,
    )


def difference(a, b):
    """Relative to `a`, in the Euclidean norm."""
    return float((a - b).norm() / a.norm())


@pytest.fixture(scope="module", params=KINDS)
def results(request, comfy):
    """Samples of one tiny model, plain and with each patch and probe, by name."""
    graph = comfy.graph()
    model, positive, negative = tiny_model(graph, request.param)
    other = graph.node("TestTinyModel", kind=request.param, seed=7)
    latent = graph.node("TestLatent", width=128, height=128, batch=1, seed=3, channels=4)
    split = graph.node("TestSplitBatch", model=model)
    control = graph.node("TestControl", conditioning=positive, kind=request.param, seed=5, strength=1.0)
    models = {
        "lora": graph.node("TestLora", model=model, seed=5, strength=1.0),
        "no_lora": graph.node("TestLora", model=model, seed=5, strength=0.0),
        "attn1": graph.node("TestAttn1Patch", model=model),
        "attn2": graph.node("TestAttn2Patch", model=model, seed=5, weight=0.5),
        "freeu": graph.node("FreeU", model=model, b1=1.1, b2=1.2, s1=0.9, s2=0.2),
        "split": split,
    }
    samples = {
        "plain": sample(graph, model, positive, negative, latent),
        "seed": sample(graph, model, positive, negative, latent, seed=1),
        "cfg_1": sample(graph, model, positive, negative, latent, cfg=1.0),
        "positive": sample(graph, model, other.out(1), negative, latent),
        "negative": sample(graph, model, positive, other.out(1), latent),
        "weights": sample(graph, other, positive, negative, latent),
        "control": sample(graph, model, control, negative, latent),
        "split_control": sample(graph, split, control, negative, latent),
    }
    samples |= {name: sample(graph, patched, positive, negative, latent) for name, patched in models.items()}
    for name, node in samples.items():
        graph.dump(node, name)
    return comfy.tensors(comfy.run(graph))


def test_samples_are_finite_and_of_the_scale_of_latents(results):
    for name, latent in results.items():
        assert latent.shape == (1, 4, 16, 16)
        assert torch.isfinite(latent).all(), name
        assert 0.1 < latent.std() < 1000, name


@pytest.mark.parametrize(
    "change", ["seed", "cfg_1", "positive", "negative", "weights", "lora", "attn1", "attn2", "freeu", "control"]
)
def test_each_change_shows_in_the_result(results, change):
    assert difference(results["plain"], results[change]) > 1e-3


@pytest.mark.parametrize(("name", "same_as"), [("split", "plain"), ("split_control", "control"), ("no_lora", "plain")])
def test_each_neutral_change_leaves_the_result(results, name, same_as):
    assert difference(results[same_as], results[name]) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_gives_the_same_bits_after_everything_is_forgotten(comfy, kind):
    graph = comfy.graph()
    model, positive, negative = tiny_model(graph, kind)
    counted = graph.node("TestCount", model=model)
    latent = graph.node("TestLatent", width=128, height=128, batch=1, seed=3, channels=4)
    result = sample(graph, counted, positive, negative, latent)
    graph.dump(result, "latent")
    graph.dump(counted.out(1), "count", after=result)
    first = comfy.tensors(comfy.run(graph))
    comfy.free()
    second = comfy.tensors(comfy.run(graph))
    assert torch.equal(first["latent"], second["latent"])
    assert len(second["count.latents"]) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_prediction_depends_on_the_timestep_alone(comfy, kind):
    """One step from sigma to 0 returns the denoised latent x - sigma eps (v prediction: a x - b v); the network's
    input x / sqrt(1 + sigma^2) is held fixed, so what differs between two sigmas is the timestep's doing."""
    sigmas = (0.5, 5.0)
    graph = comfy.graph()
    model, positive, negative = tiny_model(graph, kind)
    latent = graph.node("TestLatent", width=128, height=128, batch=1, seed=3, channels=4)
    graph.dump(latent, "z")
    for sigma in sigmas:
        scaled = graph.node("LatentMultiply", samples=latent, multiplier=(1 + sigma**2) ** 0.5)
        result = graph.node(
            "SamplerCustom",
            model=model,
            positive=positive,
            negative=negative,
            add_noise=False,
            noise_seed=0,
            cfg=1.0,
            sampler=graph.node("KSamplerSelect", sampler_name="euler"),
            sigmas=graph.node("TestSigmas", values=f"{sigma}, 0"),
            latent_image=scaled,
        )
        graph.dump(result.out(1), f"{sigma}")
    found = comfy.tensors(comfy.run(graph))
    predictions = []
    for sigma in sigmas:
        scale = (1 + sigma**2) ** 0.5
        if kind == "sd2_v":
            predictions.append((found["z"] / scale - found[f"{sigma}"]) * scale / sigma)
        else:
            predictions.append((found["z"] * scale - found[f"{sigma}"]) / sigma)
    assert 1 < predictions[0].std() < 10  # about 0.6 / 0.18215, the factor between model and LATENT
    assert 0.03 < difference(*predictions) < 0.6


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_batch_equals_its_members_at_any_size(comfy, kind, size):
    graph = comfy.graph()
    model, positive, negative = tiny_model(graph, kind)
    positive = graph.node("TestControl", conditioning=positive, kind=kind, seed=5, strength=1.0)
    model = graph.node("TestAttn2Patch", model=model, seed=5, weight=0.5)
    both = graph.node("TestLatent", width=size[0], height=size[1], batch=2, seed=3, channels=4)
    parts = [graph.node("LatentFromBatch", samples=both, batch_index=i, length=1) for i in range(2)]
    sigmas = graph.node("TestSigmas", values="3, 1, 0")
    sampler = graph.node("KSamplerSelect", sampler_name="euler")
    settings = {"positive": positive, "negative": negative, "sampler": sampler, "sigmas": sigmas, "cfg": 3.0}
    for name, latent in (("both", both), ("first", parts[0]), ("second", parts[1])):
        result = graph.node(
            "SamplerCustom", model=model, add_noise=False, noise_seed=0, latent_image=latent, **settings
        )
        graph.dump(result, name)
    found = comfy.tensors(comfy.run(graph))
    assert found["both"].shape == (2, 4, size[1] // 8, size[0] // 8)
    assert difference(found["both"], torch.cat([found["first"], found["second"]])) < 1e-5
    assert difference(found["first"], found["second"]) > 0.1


@pytest.mark.parametrize(
    ("split", "cfg", "latents", "conds"),
    [
        (False, 3.0, [4, 4, 4], [[1, 0]] * 3),
        (True, 3.0, [2] * 6, [[1], [0]] * 3),
        (False, 1.0, [2, 2, 2], [[0]] * 3),
    ],
)
def test_count_sees_every_evaluation(comfy, split, cfg, latents, conds):
    graph = comfy.graph()
    model, positive, negative = tiny_model(graph, "sd15")
    if split:
        model = graph.node("TestSplitBatch", model=model)
    counted = graph.node("TestCount", model=model)
    latent = graph.node("TestLatent", width=128, height=128, batch=2, seed=3, channels=4)
    result = sample(graph, counted, positive, negative, latent, cfg=cfg)
    graph.dump(counted.out(1), "count", after=result)
    found = comfy.tensors(comfy.run(graph))
    assert found["count.latents"].tolist() == latents
    assert [found[f"count.conds.{i}"].tolist() for i in range(len(conds))] == conds
    assert found["count.timesteps"][0] == 999
    assert found["count.sigmas"].tolist() == sorted(found["count.sigmas"].tolist(), reverse=True)


def test_interrupt_stops_the_sampler_and_the_server_goes_on(comfy):
    graph = comfy.graph()
    model, positive, negative = tiny_model(graph, "sd15")
    stopped = graph.node("TestInterrupt", model=model, after=2)
    counted = graph.node("TestCount", model=stopped)
    latent = graph.node("TestLatent", width=128, height=128, batch=1, seed=3, channels=4)
    graph.dump(sample(graph, counted, positive, negative, latent, steps=20), "latent")
    assert comfy.run_interrupted(graph) == "KSampler"
    assert "latent" in comfy.tensors(comfy.run(plain_graph(comfy)))


def plain_graph(comfy):
    graph = comfy.graph()
    latent = graph.node("TestLatent", width=64, height=64, batch=1, seed=3, channels=4)
    graph.dump(latent, "latent")
    return graph


def test_inpaint_model_takes_the_stock_inpaint_conditioning(comfy):
    graph = comfy.graph()
    model, positive, negative = tiny_model(graph, "sd15_inpaint")
    picture = graph.node("TestImage", width=128, height=128, batch=1, seed=2)
    for seed in (0, 1):
        inpaint = graph.node(
            "InpaintModelConditioning",
            positive=positive,
            negative=negative,
            vae=graph.node("TestTinyVAE", seed=seed),
            pixels=picture,
            mask=picture.out(1),
            noise_mask=False,
        )
        latent = graph.node("TestLatent", width=128, height=128, batch=1, seed=3, channels=4)
        graph.dump(sample(graph, model, inpaint.out(0), inpaint.out(1), latent), f"{seed}")
    found = comfy.tensors(comfy.run(graph))
    assert difference(found["0"], found["1"]) > 1e-2


def test_vae_round_trip_has_the_shapes_and_scale_of_the_real_one(comfy):
    graph = comfy.graph()
    picture = graph.node("TestImage", width=320, height=192, batch=2, seed=2)
    vae = graph.node("TestTinyVAE", seed=0)
    latent = graph.node("VAEEncode", pixels=picture, vae=vae)
    decoded = graph.node("VAEDecode", samples=latent, vae=vae)
    graph.dump(picture, "picture")
    graph.dump(latent, "latent")
    graph.dump(decoded, "decoded")
    preview = graph.node("PreviewImage", images=picture)
    entry = comfy.run(graph)
    found = comfy.tensors(entry)
    assert found["latent"].shape == (2, 4, 24, 40)
    assert 1 < found["latent"].std() < 20
    assert found["decoded"].shape == (2, 192, 320, 3)
    assert found["decoded"].std() > 0.05
    shown = comfy.images(entry, preview)
    assert len(shown) == 2
    assert (shown[1] - found["picture"][1]).abs().max() < 1 / 255 + 1e-6


def test_errors_reach_the_client(comfy):
    graph = comfy.graph()
    graph.dump(graph.node("TestLatent", width=0, height=64, batch=1, seed=0, channels=4), "latent")
    assert "width" in comfy.submit_error(graph)
    graph = comfy.graph()
    graph.dump(graph.node("TestSigmas", values="one"), "sigmas")
    assert comfy.run_error(graph) == "could not convert string to float: 'one'"


def test_log_keeps_what_the_server_says(comfy):
    before = len(comfy.log())
    comfy.run(plain_graph(comfy))
    assert "got prompt" in comfy.log(before)
    assert comfy.complaints(before) == []


def test_everything_the_harness_uses_is_installed(comfy):
    info = comfy.object_info()
    assert info["TestTinyModel"]["output"] == ["MODEL", "CONDITIONING", "CONDITIONING"]
    assert (comfy.folder / "custom_nodes/dragkit/__init__.py").is_file()
    assert not (comfy.folder / "custom_nodes/dragkit/tests").exists()
