"""DynaDrag on the real server: gradients, parity with the command line, the pieces and the loop, what may go wrong."""

import pytest
import torch
from dragkit.kernels.dynadrag import Settings, Tracker
from dragkit.kernels.points import parse_points
from dragkit.kernels.simvp import SimVP, metadata_of
from dragkit.standalone.dynadrag import dynadrag as dynadrag_standalone
from dragkit.standalone.models import load_demo
from dragkit.standalone.photographs import photograph
from dragkit.standalone.predictors import load_motion_predictor
from safetensors.torch import save_file

KINDS = ["sd15", "sd15_inpaint", "sd2_v", "sdxl"]
DRAG = "0.4,0.5 -> 0.6,0.5\n0.3,0.3 -> 0.3,0.45"
SMALL = {
    "rounds": 1, "steps": 3, "strength": 0.67, "adam_steps": 2, "learning_rate": 0.01, "radius": 1, "mask_weight": 0.1,
    "selection": "every", "tolerance": 2.0, "preview_steps": 1, "block": "last", "checkpointing": "auto",
}  # fmt: skip


def tiny(graph, kind="sd15", width=128, height=96):
    model = graph.node("TestTinyModel", kind=kind, seed=0)
    latent = graph.node("TestLatent", width=width, height=height, batch=1, seed=3, channels=4)
    return model, model.out(1), model.out(2), latent


def relative(a, b):
    return float((a - b).norm() / b.norm())


def gradient(graph, model, positive, latent, block="last", checkpointing="off", complete=True, sigmas="3, 1"):
    return graph.node(
        "TestGradient", model=model, positive=positive, samples=latent, sigmas=graph.node("TestSigmas", values=sigmas),
        block=block, checkpointing=checkpointing, complete=complete,
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_finite_differences(comfy, kind):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph, kind)
    graph.dump(gradient(graph, model, positive, latent), "all")
    graph.dump(gradient(graph, model, positive, latent, "second", complete=False), "part")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for name in ("all", "part"):
        assert found[f"{name}.slope"] > 0
        torch.testing.assert_close(found[f"{name}.slope"], found[f"{name}.quotient"], rtol=1e-2, atol=0)
    assert found["all.ran"] == 1 and found["part.ran"] == 0


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
        if name != "plain":
            assert relative(found[f"{name}_off.gradient"], found["plain_off.gradient"]) > 1e-3, name
        if name != "control":  # whose own reaction to the latent is left out
            slope, quotient = found[f"{name}_on.slope"], found[f"{name}_on.quotient"]
            torch.testing.assert_close(slope, quotient, rtol=1e-2, atol=0)


def own_predictor(comfy, name="own.safetensors"):
    """A tiny predictor in ComfyUI's model folder; its first guess is the straight step, its network a little noise."""
    torch.manual_seed(0)
    network = SimVP(hid_S=8, hid_T=16, N_S=2, N_T=2)
    path = comfy.folder / "models/motion_predictors" / name
    path.parent.mkdir(exist_ok=True)
    save_file(network.state_dict(), path, metadata_of(network))
    return path


def predictor(comfy, graph):
    return graph.node("DragKitLoadMotionPredictor", predictor=own_predictor(comfy).name)


def dynadrag(graph, model, positive, image, points=DRAG, vae=None, **options):
    if isinstance(points, str):
        points = graph.node("DragKitDragPoints", points=points, image=image)
    vae = vae or graph.node("TestTinyVAE", seed=0)
    return graph.node(
        "DragKitDynaDrag", model=model, vae=vae, positive=positive, image=image, drag_points=points, **SMALL | options
    )


def picture(graph, width=128, height=96, batch=1):
    return graph.node("TestImage", width=width, height=height, batch=batch, seed=2)


def dump_run(graph, run, name):
    for i, part in enumerate(("latent", "picture", "points", "trajectory", "report")):
        graph.dump(run.out(i), f"{name}_{part}")


def plain_sample(graph, model, positive, negative, latent):
    return graph.node(
        "KSampler", model=model, positive=positive, negative=negative, latent_image=latent, cfg=3.0, seed=1, steps=3,
        sampler_name="euler", scheduler="normal", denoise=1.0,
    )  # fmt: skip


def samples_of(comfy, kind="sd15"):
    """What the tiny model gives a stock sampler now, asked anew."""
    graph = comfy.graph()
    model, positive, negative, latent = tiny(graph, kind)
    counted = graph.node("TestCount", model=model)
    graph.dump(plain_sample(graph, counted, positive, negative, latent), "samples")
    return comfy.tensors(comfy.run(graph, timeout=300))["samples"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_round_moves_the_picture_and_leaves_the_model(comfy, kind):
    before = samples_of(comfy, kind)
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph, kind)
    lora = graph.node("TestLora", model=model, seed=5, strength=0.5)
    image = picture(graph)
    dump_run(graph, dynadrag(graph, model, positive, image, rounds=0), "none")
    run = dynadrag(graph, lora, positive, image, mask=image.out(1), motion_predictor=predictor(comfy, graph), rounds=3)
    dump_run(graph, run, "moved")
    dump_run(graph, dynadrag(graph, model, positive, image, rounds=1), "tracked")
    found = comfy.tensors(comfy.run(graph, timeout=600))
    assert torch.equal(samples_of(comfy, kind), before)
    for name, frames in (("moved", 4), ("tracked", 2)):
        assert found[f"{name}_latent"].shape == (1, 4, 12, 16) and found[f"{name}_latent"].isfinite().all()
        assert found[f"{name}_picture"].shape == (1, 96, 128, 3)
        assert found[f"{name}_trajectory"].shape == (frames, 96, 128, 3)
        assert relative(found[f"{name}_latent"], found["none_latent"]) > 1e-3
    # in its last round the predictor goes all the way
    assert torch.equal(found["moved_points.handles"], found["moved_points.targets"])
    assert "3 rounds; 2 of 2" in found["moved_report"] and "pixels to go" in found["tracked_report"]


def test_no_round_and_no_points_are_a_plain_reconstruction(comfy):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    image, vae = picture(graph), graph.node("TestTinyVAE", seed=0)
    dump_run(graph, dynadrag(graph, model, positive, image, vae=vae, rounds=0), "none")
    dump_run(graph, dynadrag(graph, model, positive, image, "", vae=vae), "pointless")
    dump_run(graph, dynadrag(graph, model, positive, image, "0.4,0.5 -> 0.4,0.5", vae=vae), "still")
    inverted = graph.node(
        "DragKitKVCacheInversion", model=model, positive=positive, samples=graph.node("VAEEncode", pixels=image, vae=vae),
        steps=3, strength=0.67, refinement=0, cache_device="auto", blocks="decoder",
    )  # fmt: skip
    back = graph.node(
        "SamplerCustom", model=model, add_noise=False, noise_seed=0, cfg=1.0, positive=positive, negative=positive,
        sampler=graph.node("KSamplerSelect", sampler_name="euler"), sigmas=inverted.out(2), latent_image=inverted,
    )  # fmt: skip
    graph.dump(back, "reconstruction")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert relative(found["none_latent"], found["reconstruction"]) < 1e-5
    assert torch.equal(found["pointless_latent"], found["none_latent"])
    assert torch.equal(found["still_latent"], found["none_latent"])
    assert found["none_trajectory"].shape[0] == 1 and "0 rounds" in found["none_report"]


def test_a_picture_of_odd_size_loses_what_is_no_whole_cell(comfy):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    image = picture(graph, 131, 101)
    mask = graph.node("SolidMask", value=1.0, width=131, height=101)
    dump_run(graph, dynadrag(graph, model, positive, image, "131,101 -> 50,50", mask=mask, rounds=0), "odd")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert found["odd_picture"].shape == found["odd_trajectory"].shape == (1, 96, 128, 3)
    size = found["odd_points.image_size"]
    assert size.tolist() == [128, 96] and found["odd_points.handles"].tolist() == [[1, 1]]
    assert (found["odd_points.targets"] * size).tolist() == [[50, 50]]


def test_the_mask_keeps_the_rest(comfy):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    image = picture(graph)
    options = {"rounds": 3, "mask": image.out(1)}
    dump_run(graph, dynadrag(graph, model, positive, image, rounds=0), "none")
    for weight in (0.0, 1e4):
        dump_run(graph, dynadrag(graph, model, positive, image, mask_weight=weight, **options), f"{weight:g}")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    outside = found["none_latent"].new_ones(12, 16, dtype=torch.bool)
    outside[3:-3, 4:-4] = False
    moved = {name: (found[f"{name}_latent"] - found["none_latent"])[..., outside].norm() for name in ("0", "10000")}
    assert moved["10000"] < 0.5 * moved["0"]


def demo(graph, drag="150,178 -> 118,178\n60,90 -> 70,80"):
    node = graph.node("DragKitDemoModel", photograph="chelsea")
    return node, node.out(1), node.out(2), node.out(3), graph.node("DragKitDragPoints", points=drag, image=node.out(3))


def test_comfyui_and_diffusers_give_the_same_drag(comfy):
    """Adam's first steps are the gradient's sign, which rounding decides where the gradient vanishes."""
    path = own_predictor(comfy)
    options = {"steps": 4, "strength": 0.75, "preview_steps": 2, "rounds": 2}
    graph = comfy.graph()
    model, vae, positive, image, points = demo(graph)
    mask = graph.node("TestImage", width=256, height=256, batch=1, seed=0).out(1)
    loaded = graph.node("DragKitLoadMotionPredictor", predictor=path.name)
    predicted = dynadrag(
        graph, model, positive, image, points, vae, mask=mask, motion_predictor=loaded, block="last", **options
    )
    tracked = dynadrag(graph, model, positive, image, points, vae, block="second", selection="none", **options)
    none = dynadrag(graph, model, positive, image, points, vae, **options | {"rounds": 0})
    for name, run in {"predicted": predicted, "tracked": tracked, "none": none}.items():
        dump_run(graph, run, name)
    graph.dump(mask, "mask")
    found = comfy.tensors(comfy.run(graph, timeout=600))

    picture, points = photograph("chelsea")[None], parse_points("150,178 -> 118,178\n60,90 -> 70,80", (256, 256))
    common = {"steps": 4, "strength": 0.75, "preview_steps": 2}
    runs = {
        "none": {"guide": Tracker(), "settings": Settings(rounds=0)},
        "tracked": {"guide": Tracker(), "settings": Settings(rounds=2, steps=2, selection="none"), "block": 2},
        "predicted": {
            "predictor": load_motion_predictor(path), "settings": Settings(rounds=2, steps=2), "mask": found["mask"]
        },
    }  # fmt: skip
    for name, run in runs.items():
        after, rounds, finite = dynadrag_standalone(load_demo(), picture, points, **common | run)
        assert finite
        after = after.movedim(1, -1)
        error = (found[f"{name}_picture"] - after).abs().mean()
        moved = (found[f"{name}_picture"] - found["none_picture"]).abs().mean()
        print(name, error, moved)
        if name == "none":
            assert error < 1e-4
            continue
        assert error < 0.02 * moved
        handles = rounds[-1].handles / 256
        torch.testing.assert_close(found[f"{name}_points.handles"], handles, rtol=0, atol=1e-3)
