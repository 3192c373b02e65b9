"""What the nodes make of a flow-matching model's inputs: levels, guidance, latents, and what they refuse."""

import pytest
import torch
from dragkit.kernels.warp.packed_cells import unpack

from ..graphs import apply_cache, drag_points, filled, inversion, relative, tensor, tiny, tiny_flow, warpage, way_back

STEPS = {"steps": 4, "strength": 0.75, "method": "predict"}
NODE = "KV-Cache Inversion: "


def error(comfy, build, kind="flux"):
    graph = comfy.graph()
    graph.dump(build(graph, *tiny_flow(graph, kind)), "never")
    return comfy.run_error(graph)


@pytest.fixture(scope="module")
def found(comfy):
    graph = comfy.graph()
    model, positive, negative, latent = tiny_flow(graph, "flux")
    asked, given = {}, {}
    for name, guidance in (("none", None), ("named", 2.5)):
        cond = positive if guidance is None else graph.node("FluxGuidance", conditioning=positive, guidance=guidance)
        asked[name] = graph.node("TestEvaluations", model=model, stop=0)
        inverted = inversion(graph, asked[name], cond, latent, **STEPS)
        patched = apply_cache(graph, asked[name], inverted.out(1))
        given[name] = way_back(graph, patched, cond, negative, inverted.out(2), inverted)
        graph.dump(asked[name].out(1), f"asked_{name}", after=given[name])
    whole = inversion(graph, model, positive, latent, steps=3, strength=1.0, method="predict")
    scheduler = graph.node("BasicScheduler", model=model, scheduler="beta", steps=3, denoise=1.0)
    own = inversion(graph, model, positive, latent, method="predict", schedule=scheduler)
    outputs = {
        "whole": whole,
        "whole_sigmas": whole.out(2),
        "whole_back": way_back(graph, model, positive, negative, whole.out(2), whole),
        "scheduler": scheduler,
        "own": own,
        "own_sigmas": own.out(2),
        "left_out": inversion(graph, model, positive, latent, steps=4, strength=0.75),
        "predict": inversion(graph, model, positive, latent, **STEPS),
        "next": inversion(graph, model, positive, latent, **STEPS | {"method": "next"}),
    }
    for name, link in outputs.items():
        graph.dump(link, name)
    return comfy.tensors(comfy.run(graph, timeout=120))


def test_a_picture_is_noised_up_to_the_last_level_that_still_holds_some_of_it(found):
    assert found["whole_sigmas"][0] == torch.tensor(0.9999) and found["whole_sigmas"].shape == (4,)
    assert found["whole"].isfinite().all() and found["whole_back"].isfinite().all()


def test_a_schedule_of_ones_own_replaces_steps_and_strength(found):
    assert found["scheduler"][0] == 1
    torch.testing.assert_close(found["own_sigmas"], found["scheduler"].clamp(max=0.9999))
    assert relative(found["own"], found["whole"]) > 1e-2


def test_guidance_is_one_in_both_directions_unless_it_is_named(found):
    assert (found["asked_none.guidance"] == 1).all() and (found["asked_named.guidance"] == 2.5).all()
    assert len(found["asked_none.guidance"]) == 6


def test_a_workflow_without_a_method_gets_predict_where_there_is_no_older_one(found):
    assert torch.equal(found["left_out"], found["predict"])
    assert not torch.equal(found["left_out"], found["next"])


def test_that_nothing_is_recorded_is_in_the_log(comfy):
    start = len(comfy.log())
    graph = comfy.graph()
    model, positive, _, latent = tiny_flow(graph, "flux", 12)
    inverted = inversion(graph, graph.node("TestEvaluations", model=model, stop=0), positive, latent, **STEPS)
    graph.dump(apply_cache(graph, model, inverted.out(1)), "patched")
    comfy.run(graph)
    log = comfy.log(start)
    assert f"{NODE}this model has no UNet, and the attention of transformers is not recorded yet" in log
    assert f"{NODE}positive names no guidance, so the model is given 1" in log
    assert "Apply KV Cache: no attention was recorded in kv_cache, so the model passes without it" in log


def test_a_latent_without_the_axis_of_frames_is_not_spread_over_one(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny_flow(graph, "wan")
    graph.dump(latent, "latent")
    framed = comfy.tensors(comfy.run(graph))["latent"]
    graph = comfy.graph()
    model, positive, _, latent = tiny_flow(graph, "wan")
    for name, value in {"flat": framed[:, :, 0], "framed": framed}.items():
        graph.dump(inversion(graph, model, positive, tensor(comfy, graph, value).out(2), **STEPS), name)
    found = comfy.tensors(comfy.run(graph))
    assert found["flat"].shape == (1, 16, 1, 6, 10) and torch.equal(found["flat"], found["framed"])


@pytest.mark.parametrize("kind", ["flux", "sd3"])
def test_interrupt_stops_the_inversion_and_the_model_is_as_before(comfy, kind):
    def run(stop):
        graph = comfy.graph()
        model, positive, negative, latent = tiny_flow(graph, kind, 14)
        counted = graph.node("TestEvaluations", model=model, stop=stop)
        inverted = inversion(graph, counted, positive, latent, **STEPS)
        graph.dump(
            way_back(graph, apply_cache(graph, model, inverted.out(1)), positive, negative, inverted.out(2), inverted),
            "x",
        )
        return graph

    before = comfy.tensors(comfy.run(run(0)))["x"]
    assert comfy.run_interrupted(run(2)) == "DragKitKVCacheInversion"
    assert torch.equal(comfy.tensors(comfy.run(run(0)))["x"], before)


def test_what_cannot_be_inverted_is_said_in_a_sentence(comfy):
    def other(of):
        return lambda g, m, p, n, x: inversion(g, g.node("TestOtherModel", model=m, of=of), p, x, **STEPS)

    assert error(comfy, other("picture")).startswith(f"{NODE}this model makes a picture of a picture, not of noise, ")
    assert error(comfy, other("pixels")).startswith(f"{NODE}this model works on pixels, not on latents, ")
    assert error(comfy, other("sound")).startswith(f"{NODE}this model makes no pictures; ")

    def of_shape(*shape):
        return lambda g, m, p, n, x: inversion(g, m, p, tensor(comfy, g, torch.ones(shape)).out(2), **STEPS)

    assert error(comfy, of_shape(1, 4, 6, 10)).startswith(
        f"{NODE}samples has 4 channels, but this model's latents have 16; "
    )
    frames = "samples has 3 frames; only a picture, which is one, can be dragged"
    assert error(comfy, of_shape(1, 16, 3, 6, 10), "wan") == f"{NODE}{frames}"
    for build in (
        lambda g, m, p, n, x: warpage(g, tensor(comfy, g, torch.ones(1, 16, 3, 6, 10)).out(2), drag_points(g)),
        lambda g, m, p, n, x: g.node(
            "DragKitBNNI", samples=tensor(comfy, g, torch.ones(1, 16, 3, 6, 10)).out(2), mode="simultaneous",
            holes=g.node("SolidMask", value=1.0, width=10, height=6),
        ),
    ):  # fmt: skip
        assert error(comfy, build).endswith(frames)

    def scheduled(values):
        return lambda g, m, p, n, x: inversion(g, m, p, x, schedule=g.node("TestSigmas", values=values))

    assert error(comfy, scheduled("0.9, 0.2")).startswith(
        f"{NODE}schedule goes from 0.9 to 0.2; it must go down at every step, to 0, "
    )
    assert error(comfy, scheduled("0, 0.5, 0.9")).startswith(f"{NODE}schedule goes from 0 to 0.9; ")
    assert error(comfy, scheduled("14.6, 3, 0")).startswith(
        f"{NODE}schedule begins at 14.6, but this model's noisiest "
    )
    assert error(comfy, scheduled("nan, 0")).startswith(f"{NODE}schedule must be at least two numbers; ")
    assert error(comfy, scheduled("0")).startswith(f"{NODE}schedule must be at least two numbers; ")


def test_a_unet_is_recorded_whatever_it_predicts(comfy):
    graph = comfy.graph()
    unet, positive, negative, latent = tiny(graph, width=128, height=96)
    model = graph.node("ModelSamplingSD3", model=unet, shift=2.0)
    inverted = inversion(graph, model, positive, latent, **STEPS)
    moved = filled(graph, warpage(graph, inverted, drag_points(graph)))
    for name, patched in {"cached": apply_cache(graph, model, inverted.out(1)), "plain": model}.items():
        graph.dump(way_back(graph, patched, positive, negative, inverted.out(2), moved), name)
    graph.dump(inverted.out(1), "cache")
    graph.dump(inverted.out(2), "sigmas")
    found = comfy.tensors(comfy.run(graph))
    assert len([key for key in found if key.startswith("cache.entries.")]) == 3 * 9
    assert found["sigmas"][0] < 1 and relative(found["cached"], found["plain"]) > 1e-3


def test_the_finer_cells_of_flux_2_lie_on_the_whole_cells_of_the_picture(comfy):
    if "flux2" not in comfy.object_info()["TestTinyModel"]["input"]["required"]["kind"][1]["options"]:
        pytest.skip("this ComfyUI has no FLUX.2")
    graph = comfy.graph()
    # 12 x 8 cells of 16 pixels, 4 pixels from each border of the picture
    _, _, _, latent = tiny_flow(graph, "flux2", 12, 8)
    picture = graph.node("TestImage", width=200, height=136, batch=1, seed=0)
    points = drag_points(graph, "100,68 -> 132,60", image=picture)
    mask = torch.zeros(1, 136, 200)
    mask[:, 4 + 16 : 4 + 16 * 7, 4 + 16 * 2 : 4 + 16 * 11] = 1
    region = tensor(comfy, graph, mask).out(1)
    warped = warpage(graph, latent, points, mask=region, displacement="rigid", border="free")
    graph.dump(latent, "latent")
    graph.dump(warped, "warped")
    graph.dump(warped.out(1), "holes")
    graph.dump(warped.out(2), "flow")
    found = comfy.tensors(comfy.run(graph))
    assert found["warped"].shape == (1, 128, 8, 12) and found["holes"].shape == (1, 16, 24)
    inside = torch.zeros(16, 24, dtype=torch.bool)
    inside[2:14, 4:22] = True
    # 4 cells of 8 pixels to the right and one up
    expected = torch.tensor([4.0, -1.0]).view(1, 2, 1, 1) * inside
    torch.testing.assert_close(found["flow"], expected, atol=1e-4, rtol=0)
    changed = (unpack(found["warped"]) != unpack(found["latent"])).any(1)[0]
    assert torch.equal(changed, inside)
    moved = unpack(found["warped"])[..., 2:13, 8:22], unpack(found["latent"])[..., 3:14, 4:18]
    torch.testing.assert_close(*moved, atol=1e-4, rtol=1e-4)


def test_several_latents_in_one_are_refused(comfy):
    if "LTXVConcatAVLatent" not in comfy.object_info():
        pytest.skip("this ComfyUI has no nested latents")

    def build(g, model, positive, negative, latent):
        video, sound = (tensor(comfy, g, torch.ones(shape)).out(2) for shape in ((1, 16, 1, 6, 10), (1, 8, 4, 4)))
        return inversion(
            g, model, positive, g.node("LTXVConcatAVLatent", video_latent=video, audio_latent=sound), **STEPS
        )

    assert error(comfy, build, "wan").startswith(
        f"{NODE}samples holds several latents, such as a video and its sound; "
    )


def test_region_from_attention_says_that_there_is_none(comfy):
    def build(g, model, positive, negative, latent):
        inverted = inversion(g, model, positive, latent, **STEPS)
        return g.node("DragKitRegionFromAttention", drag_points=drag_points(g), kv_cache=inverted.out(1))

    assert error(comfy, build).startswith("Region from Attention: no attention was recorded in kv_cache, ")


def test_motion_supervision_works_on_models_that_predict_noise(comfy):
    def supervision(g, model, positive, negative, latent):
        points = drag_points(g)
        return g.node(
            "DragKitMotionSupervision", model=model, positive=positive, samples=latent,
            sigmas=g.node("TestSigmas", values="0.9, 0.5, 0"), from_points=points, to_points=points, steps=1,
            learning_rate=0.01, radius=1, mask_weight=0.1, block="last", checkpointing="off",
        )  # fmt: skip

    assert error(comfy, supervision).startswith("Motion Supervision: this model is a flow-matching model; ")
