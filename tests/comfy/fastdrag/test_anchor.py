"""Anchor Background on UNets, beside other nodes and with samplers of every kind; Fill Holes with Noise."""

import pytest
import torch

from ..graphs import (
    anchored,
    apply_cache,
    drag_points,
    error,
    filled,
    inversion,
    left_part,
    relative,
    relative_max,
    tensor,
    tiny,
    tiny_flow,
    warpage,
    way_back,
)  # fmt: skip

SIZE = {"width": 136, "height": 96}
STEPS = {"steps": 10, "strength": 0.4}


def half(graph, width=136):
    return left_part(graph, width, 96, 64)


@pytest.fixture(scope="module")
def found(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, **SIZE, batch=2)
    inverted = inversion(graph, model, positive, latent, **STEPS)
    drag = drag_points(graph, "0.2,0.4 -> 0.35,0.4")
    moved = filled(graph, warpage(graph, inverted, drag, mask=half(graph), displacement="rigid", border="free"))
    cached = apply_cache(graph, model, inverted.out(1))
    held = anchored(graph, cached, inverted, half(graph))
    sigmas = inverted.out(2)
    few = graph.node("TestSigmas", values="2.0, 0.5, 0")

    def back(patched, levels=sigmas, sampler="euler", start=moved):
        return way_back(graph, patched, positive, negative, levels, start, cfg=3.0, sampler=sampler)

    guided = graph.node("PerturbedAttentionGuidance", model=anchored(graph, model, inverted, half(graph)), scale=3.0)
    outputs = {
        "latent": latent,
        "free": back(cached),
        "euler": back(held),
        "ddim": back(held, sampler="ddim"),
        "dpmpp_2m": back(held, sampler="dpmpp_2m"),
        # looks between the levels, and at others than the recording knows
        "heun": back(anchored(graph, model, inverted, half(graph)), sampler="heun"),
        "few": back(anchored(graph, model, inverted, half(graph)), few),
        "guided": back(guided),
        "everywhere": back(anchored(graph, cached, inverted, graph.node("SolidMask", value=0.0, width=64, height=64))),
        "predict": inversion(graph, model, positive, latent, **STEPS, method="predict"),
        "next": inversion(graph, model, positive, latent, **STEPS, method="next"),
        "left_out": inverted,
    }
    for name, link in outputs.items():
        graph.dump(link, name)
    return comfy.tensors(comfy.run(graph, timeout=300))


@pytest.mark.float32
@pytest.mark.parametrize("name", ["euler", "ddim", "dpmpp_2m", "heun", "few", "guided"])
def test_outside_the_mask_the_latent_is_the_one_that_was_inverted(found, name):
    outside = [found[one][..., 8:] for one in (name, "latent", "free")]
    assert relative_max(outside[0], outside[1]) < 1e-6 < relative_max(outside[2], outside[1])


def test_inside_the_mask_the_model_paints(found):
    inside = [found[one][..., :8] for one in ("euler", "free", "latent", "guided")]
    assert relative(inside[0], inside[2]) > 0.05 and inside[0].isfinite().all()
    # what lies outside is seen from inside
    assert 0 < relative(inside[0], inside[1]) < relative(inside[0], inside[2])
    assert relative(inside[3], inside[0]) > 1e-3


def test_without_a_mask_nothing_is_anchored(found):
    assert torch.equal(found["everywhere"], found["free"])


def test_a_workflow_without_a_method_is_as_before(found):
    assert torch.equal(found["left_out"], found["next"])
    assert relative(found["predict"], found["next"]) > 1e-3


def test_what_does_not_belong_to_the_recording_is_said(comfy):
    def another_size(g, model, positive, negative, latent):
        inverted = inversion(g, model, positive, latent, **STEPS)
        start = g.node("TestLatent", width=136, height=104, batch=1, seed=3, channels=4)
        patched = anchored(g, model, inverted, half(g, 128))
        return way_back(g, patched, positive, negative, inverted.out(2), start)

    message = error(comfy, another_size)
    assert message.startswith(
        "Anchor Background: the sampler has a latent of shape [1, 4, 13, 17], but [1, 4, 12, 16] "
    )

    def another_mask(g, model, positive, negative, latent):
        return anchored(g, model, inversion(g, model, positive, latent, **STEPS), half(g, 500))

    assert error(comfy, another_mask).startswith("Anchor Background: mask is 500 x 96, which has other proportions")

    def another_kind(g, model, positive, negative, latent):
        other = g.node("TestTinyModel", kind="flux", seed=0)
        return anchored(g, other, inversion(g, model, positive, latent, **STEPS), half(g, 128))

    assert error(comfy, another_kind).startswith(
        "Anchor Background: kv_cache was recorded with a model of another kind"
    )


def test_noise_fills_the_holes_alone_and_follows_its_seed(comfy):
    graph = comfy.graph()
    model, _, _, _ = tiny(graph)
    flow, _, _, flow_latent = tiny_flow(graph, "wan", 32, 24, batch=2)
    sigmas, flow_sigmas = (graph.node("TestSigmas", values=values) for values in ("3.0, 1.0, 0", "0.9, 0.5, 0"))
    latent = graph.node("TestLatent", width=256, height=192, batch=2, seed=3, channels=4)
    holes = torch.zeros(1, 24, 32)
    holes[:, 4:20, 5:29] = 1
    mask = tensor(comfy, graph, holes).out(1)

    def fill(model, samples, sigmas, seed=0):
        return graph.node(
            "DragKitFillWithNoise", model=model, samples=samples, holes=mask, sigmas=sigmas, seed=seed
        )  # fmt: skip

    for name, node in {
        "latent": latent, "noise": fill(model, latent, sigmas),
        "other": fill(model, latent, sigmas, 1), "flow_latent": flow_latent,
        "flow_noise": fill(flow, flow_latent, flow_sigmas),
    }.items():  # fmt: skip
        graph.dump(node, name)
    found = comfy.tensors(comfy.run(graph))
    inside = holes[0] > 0
    for name in ("", "flow_"):
        assert torch.equal(found[f"{name}noise"][..., ~inside], found[f"{name}latent"][..., ~inside])
        eps = torch.randn(found[f"{name}latent"].shape, generator=torch.Generator().manual_seed(0))[..., inside]
        values = found[f"{name}noise"][..., inside]
        if name:
            # Wan's latents have a mean and a spread of their own in each channel; these are of the first
            torch.testing.assert_close(values[:, 0], 0.9 * eps[:, 0] / 0.1 * 2.8184 - 0.7571, rtol=1e-3, atol=1e-3)
        else:
            torch.testing.assert_close(values, 3 * eps / 0.18215)
    assert not torch.equal(found["noise"][..., inside], found["other"][..., inside])


def test_noise_without_a_level_is_refused(comfy):
    def build(g, model, positive, negative, latent):
        sigmas = g.node("TestSigmas", values="0")
        holes = g.node("SolidMask", value=1.0, width=128, height=96)
        return g.node("DragKitFillWithNoise", model=model, samples=latent, holes=holes, sigmas=sigmas, seed=0)

    assert error(comfy, build).startswith("Fill Holes with Noise: sigmas begins at 0, at which there is no noise")
