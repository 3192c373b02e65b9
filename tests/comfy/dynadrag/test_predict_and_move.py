"""DynaDrag on the real server: gradients, parity with the command line, the pieces and the loop, what may go wrong."""

import pytest
import torch
from dragkit.kernels.dynadrag.predict_and_move import Settings, Tracker
from dragkit.kernels.motion.simvp import SimVP, metadata_of
from dragkit.kernels.points.drag_points import parse_points
from dragkit.standalone.methods.dynadrag import dynadrag as dynadrag_standalone
from dragkit.standalone.models.drag_model import load_demo
from dragkit.standalone.models.predictors import load_motion_predictor
from dragkit.standalone.scenes.photographs import photograph
from safetensors.torch import save_file

KINDS = ["sd15", "sd15_inpaint", "sd2_v", "sdxl"]
DRAG = "0.4,0.5 -> 0.6,0.5\n0.3,0.3 -> 0.3,0.45"
SMALL = {
    "rounds": 1, "steps": 3, "strength": 0.67, "adam_steps": 2, "learning_rate": 0.2, "radius": 4, "mask_weight": 0.1,
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
        assert found[f"{name}_on.left"] == 0
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
    encoded = graph.node("VAEEncode", pixels=image, vae=vae)
    inverted = graph.node(
        "DragKitKVCacheInversion", model=model, positive=positive, samples=encoded, steps=3, strength=0.67,
        refinement=0, cache_device="auto", blocks="decoder",
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
    options = {"rounds": 3, "adam_steps": 8, "mask": image.out(1)}
    dump_run(graph, dynadrag(graph, model, positive, image, rounds=0), "none")
    for weight in (0.0, 1e4):
        dump_run(
            graph,
            dynadrag(graph, model, positive, image, mask_weight=weight, **options),
            f"{weight:g}",
        )
    found = comfy.tensors(comfy.run(graph, timeout=300))
    outside = found["none_latent"].new_ones(12, 16, dtype=torch.bool)
    outside[3:-3, 4:-4] = False
    moved = {name: (found[f"{name}_latent"] - found["none_latent"])[..., outside].norm() for name in ("0", "10000")}
    assert moved["10000"] < 0.5 * moved["0"]


def test_an_empty_mask_counts_as_none(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    image = picture(graph)
    # what Load Image gives for a picture without alpha
    empty = {"mask": graph.node("SolidMask", value=0.0, width=64, height=64)}
    for name, mask in {"none": {}, "empty": empty, "painted": {"mask": image.out(1)}}.items():
        graph.dump(dynadrag(graph, model, positive, image, mask_weight=1e4, **mask), f"{name}_drag")
        steps = supervision(
            graph, model, positive, latent, DRAG, "0.5,0.5 -> 0.6,0.5\n0.3,0.4 -> 0.3,0.45", mask_weight=1e4, **mask
        )
        graph.dump(steps, f"{name}_steps")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    for what in ("drag", "steps"):
        assert torch.equal(found[f"empty_{what}"], found[f"none_{what}"])
        assert not torch.equal(found[f"painted_{what}"], found[f"none_{what}"])


def demo(graph, drag="150,178 -> 118,178\n60,90 -> 70,80"):
    node = graph.node("DragKitDemoModel", photograph="chelsea")
    return node, node.out(1), node.out(2), node.out(3), graph.node("DragKitDragPoints", points=drag, image=node.out(3))


def test_another_autoencoder_may_show_the_rounds(comfy):
    graph = comfy.graph()
    model, vae, positive, image, points = demo(graph)
    options = {"steps": 4, "strength": 0.5, "rounds": 1}
    inverted = graph.node("TestInvertedVAE", vae=vae)
    for name, shown in {"own": {}, "other": {"preview_vae": inverted}}.items():
        dump_run(graph, dynadrag(graph, model, positive, image, points, vae, **options, **shown), name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    # without a predictor the rounds' pictures are only looked at
    assert torch.equal(found["own_picture"], found["other_picture"])
    first, last = (found["own_trajectory"][i] - found["other_trajectory"][i] for i in (0, -1))
    assert not first.any() and last.abs().mean() > 0.1


def test_comfyui_and_diffusers_give_the_same_drag(comfy):
    """On one machine they agree to rounding; the smallest part of what moved is allowed."""
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
        if name == "none":
            assert error < 1e-4
            continue
        assert error < 0.02 * moved
        handles = rounds[-1].handles / 256
        torch.testing.assert_close(found[f"{name}_points.handles"], handles, rtol=0, atol=1e-3)


# of SMALL with a mask: 2 evaluations invert, 2 record, 1 is the original's z_{t-1}, then come the steps of the gradient
FIRST_STEP = 6


def failing(comfy, node, at, how=None, **options):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    model = graph.node(node, model=model, **({"after": at} if how is None else {"at": at, "how": how}))
    image = picture(graph)
    run = dynadrag(graph, model, positive, image, mask=image.out(1), adam_steps=3, rounds=2, **options)
    dump_run(graph, run, "run")
    return graph


@pytest.mark.parametrize("checkpointing", ["off", "on"])
def test_an_interrupt_returns_at_once_and_leaves_the_model(comfy, checkpointing):
    before = samples_of(comfy)
    for at in (1, 3, FIRST_STEP, FIRST_STEP + 1, FIRST_STEP + 3):
        graph = failing(comfy, "TestInterrupt", at, checkpointing=checkpointing)
        assert comfy.run_interrupted(graph) == "DragKitDynaDrag"
    assert torch.equal(samples_of(comfy), before)
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    graph.dump(gradient(graph, model, positive, latent), "after")
    assert comfy.tensors(comfy.run(graph, timeout=300))["after.left_before"] == 0


def test_used_up_memory_is_named_with_what_to_lower_and_leaves_the_model(comfy):
    before = samples_of(comfy)
    message = comfy.run_error(failing(comfy, "TestFailure", FIRST_STEP + 1, "memory"))
    assert message.startswith("DynaDrag: the device's memory is used up; set checkpointing to on")
    assert torch.equal(samples_of(comfy), before)


def test_a_loss_that_is_no_number_ends_the_drag_with_the_last_good_latent(comfy):
    graph = failing(comfy, "TestFailure", FIRST_STEP, "number")
    model, positive, _, _ = tiny(graph)
    dump_run(graph, dynadrag(graph, model, positive, picture(graph), rounds=0), "none")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert "stopped early because the loss was no finite number" in found["run_report"]
    assert relative(found["run_latent"], found["none_latent"]) < 1e-5
    # a step later the first one is taken back, for it led to where the network fails
    later = comfy.tensors(comfy.run(failing(comfy, "TestFailure", FIRST_STEP + 1, "number"), timeout=300))
    assert relative(later["run_latent"], found["none_latent"]) < 1e-5
    later = comfy.tensors(comfy.run(failing(comfy, "TestFailure", FIRST_STEP + 2, "number"), timeout=300))
    assert later["run_latent"].isfinite().all() and relative(later["run_latent"], found["none_latent"]) > 1e-4


def error(comfy, build):
    graph = comfy.graph()
    graph.dump(build(graph, *tiny(graph)), "never")
    return comfy.run_error(graph, timeout=300)


def test_bad_input_is_said_in_one_sentence(comfy):
    def said(**options):
        def build(graph, model, positive, negative, latent):
            image = picture(graph)
            changed = {name: value(graph) if callable(value) else value for name, value in options.items()}
            return dynadrag(graph, **{"model": model, "positive": positive, "image": image} | changed)

        return error(comfy, build)

    def corner(graph):
        return graph.node("MaskComposite", destination=empty(graph), source=empty(graph, 1.0, 8, 8), x=0, y=0,
                          operation="add")  # fmt: skip

    def empty(graph, value=0.0, width=128, height=96):
        return graph.node("SolidMask", value=value, width=width, height=height)

    def combined(graph):
        positive, negative = (graph.node("TestTinyModel", kind="sd15", seed=0).out(i) for i in (1, 2))
        return graph.node("ConditioningCombine", conditioning_1=positive, conditioning_2=negative)

    def thin(graph):
        return graph.node("ImageCrop", image=picture(graph), width=4, height=96, x=0, y=0)

    none = "DynaDrag: mask covers none of the handles"
    assert none in said(mask=corner)
    assert "DynaDrag: mask is 96 x 96, but the picture is 128 x 96" in said(mask=lambda g: empty(g, 1.0, 96, 96))
    assert "image has 2 pictures; connect one" in said(image=lambda g: picture(g, batch=2))
    assert "image is 4 x 96; it must be at least 8" in said(image=thin)
    assert "DynaDrag: strength 0.01 of 3 steps is less than one step" in said(strength=0.01)
    assert "DynaDrag: positive combines several conditionings" in said(positive=combined)


def supervision(graph, model, positive, latent, start, end, sigmas="3, 1", **options):
    defaults = {
        "steps": 3, "learning_rate": 0.01, "radius": 1, "mask_weight": 0.1, "block": "last", "checkpointing": "off"
    }  # fmt: skip
    points = [graph.node("DragKitDragPoints", points=text) for text in (start, end)]
    return graph.node(
        "DragKitMotionSupervision", model=model, positive=positive, samples=latent,
        sigmas=graph.node("TestSigmas", values=sigmas), from_points=points[0], to_points=points[1], **defaults | options
    )  # fmt: skip


def selection(graph, model, positive, latent, points, threshold, block="last"):
    return graph.node(
        "DragKitSelectPoints", model=model, positive=positive, samples=latent, block=block,
        sigmas=graph.node("TestSigmas", values="3, 1"), threshold=threshold,
        drag_points=graph.node("DragKitDragPoints", points=points),
    )  # fmt: skip


def test_the_pieces_make_a_round_by_hand(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    image = picture(graph)
    points = graph.node("DragKitDragPoints", points=DRAG, image=image)
    loaded = predictor(comfy, graph)
    step = graph.node(
        "DragKitMotionPrediction", motion_predictor=loaded, image=image, drag_points=points, rounds_left=5
    )
    last = graph.node(
        "DragKitMotionPrediction", motion_predictor=loaded, image=image, drag_points=points, rounds_left=1
    )
    none = graph.node(
        "DragKitMotionPrediction", motion_predictor=loaded, image=image, rounds_left=5,
        drag_points=graph.node("DragKitDragPoints", points="", image=image),
    )  # fmt: skip
    moved = graph.node(
        "DragKitMotionSupervision", model=model, positive=positive, samples=latent, from_points=points,
        to_points=step.out(1), sigmas=graph.node("TestSigmas", values="3, 1"), steps=3, learning_rate=0.01, radius=1,
        mask_weight=0.1, block="last", checkpointing="auto",
    )  # fmt: skip
    outputs = {
        "latent": latent, "flow": step, "next": step.out(1), "last": last.out(1), "none": none.out(1),
        "none_flow": none, "moved": moved,
        "all": selection(graph, model, positive, latent, DRAG, 1.0),
        "least": selection(graph, model, positive, latent, DRAG, -1.0),
        "still": supervision(graph, model, positive, latent, DRAG, DRAG),
        "pointless": supervision(graph, model, positive, latent, "", ""),
    }  # fmt: skip
    for name, link in outputs.items():
        graph.dump(link, name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert found["flow"].shape == (1, 2, 96, 128) and found["none_flow"].abs().max() == 0
    handles, targets = torch.tensor([[0.4, 0.5], [0.3, 0.3]]), torch.tensor([[0.6, 0.5], [0.3, 0.45]])
    size = torch.tensor([128, 96])
    left, left_next = (((targets - start) * size).norm(dim=1) for start in (handles, found["next.handles"].float()))
    assert (left_next < left - 0.5).all() and (left_next > 0.5).all()
    assert torch.equal(found["next.targets"].float(), targets) and torch.equal(found["last.handles"].float(), targets)
    assert found["none.handles"].shape == (0, 2)
    assert found["all.handles"].shape == (2, 2) and found["least.handles"].shape == (1, 2)
    assert relative(found["moved"], found["latent"]) > 1e-3
    assert relative(found["still"], found["latent"]) < 1e-6
    assert torch.equal(found["pointless"], found["latent"])


def test_supervision_holds_the_rest_to_the_original(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    mask = graph.node("TestImage", width=128, height=96, batch=1, seed=0).out(1)
    start, end = "0.4,0.5 -> 0.6,0.5", "0.5,0.5 -> 0.6,0.5"
    many = {"steps": 20, "learning_rate": 0.02, "mask": mask, "mask_weight": 100.0}
    elsewhere = supervision(graph, model, positive, latent, start, end, steps=20, learning_rate=0.02)
    back = supervision(graph, model, positive, elsewhere, start, end, original=latent, **many)
    stay = supervision(graph, model, positive, elsewhere, start, end, **many)
    for name, link in {"latent": latent, "elsewhere": elsewhere, "back": back, "stay": stay}.items():
        graph.dump(link, name)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    outside = torch.ones(12, 16, dtype=torch.bool)
    outside[3:-3, 4:-4] = False

    def apart(a, b):
        return float((found[a] - found[b])[..., outside].norm())

    assert apart("back", "latent") < 0.95 * apart("stay", "latent")
    assert apart("stay", "elsewhere") < 0.95 * apart("back", "elsewhere")


def test_the_pieces_say_what_is_wrong(comfy):
    one, two = "0.4,0.5 -> 0.6,0.5", DRAG

    def said(*points, **options):
        return error(
            comfy, lambda g, model, positive, n, latent: supervision(g, model, positive, latent, *points, **options)
        )

    assert "from_points has 2 pairs and to_points 1; each needs its next" in said(two, one)
    assert "Motion Supervision: sigmas must go down" in said(one, one, sigmas="0, 1")
    assert "Motion Supervision: sigmas must go down" in said(one, one, sigmas="1")

    def batch(graph, model, positive, negative, latent):
        both = graph.node("RepeatLatentBatch", samples=latent, amount=2)
        return supervision(graph, model, positive, both, one, one)

    assert "samples has shape [2, 4, 12, 16]; connect the latent of one picture" in error(comfy, batch)

    graph = comfy.graph()
    model, positive, _, latent = tiny(graph, "sdxl")
    for block in ("third", "last"):
        graph.dump(supervision(graph, model, positive, latent, one, two.splitlines()[1], block=block), block)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert torch.equal(found["third"], found["last"])  # SDXL's decoder has three blocks


def test_predictors_are_listed_and_others_refused(comfy):
    path = own_predictor(comfy)
    (path.parent / "notes.txt").write_text("no predictor")
    (path.parent / "broken.safetensors").write_bytes(b"no safetensors")
    save_file({"weight": torch.zeros(2)}, path.parent / "lora.safetensors")
    spec = comfy.object_info()["DragKitLoadMotionPredictor"]["input"]["required"]["predictor"]
    options = spec[0] if isinstance(spec[0], list) else spec[1]["options"]
    assert options == ["dragkit-motion (bundled)", "broken.safetensors", "lora.safetensors", "own.safetensors"]

    def said(name):
        return error(comfy, lambda g, *_: g.node("DragKitLoadMotionPredictor", predictor=name))

    assert said("broken.safetensors").startswith("Load Motion Predictor: broken.safetensors is no safetensors file")
    assert said("lora.safetensors").startswith("Load Motion Predictor: lora.safetensors is no motion predictor")


def test_the_bar_goes_on_and_shows_picture_and_points(comfy):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    watched = graph.node("TestProgress", model=model)
    image = picture(graph)
    run = dynadrag(graph, watched, positive, image, rounds=2, tolerance=0.5)
    dump_run(graph, run, "run")
    graph.dump(watched.out(1), "shown", after=run)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    values = found["shown.values"]
    # 2 invert, 2 record, 2 rounds of 2 steps and 1 evaluation for the picture, 2 for the last one
    assert (found["shown.totals"] == 12).all() and values[-1] == 12
    assert values[0] == 1 and (values.diff() >= 0).all()  # later versions leave some out
    previews = torch.stack([found[f"shown.previews.{i}"] for i in range(3)])
    torch.testing.assert_close(previews / 255, found["run_trajectory"], rtol=0, atol=0.5 / 255)
    assert "shown.previews.3" not in found


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_the_gradient_in_half_precision(comfy, dtype):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    half = graph.node("ModelComputeDtype", model=model, dtype=dtype)
    graph.dump(gradient(graph, model, positive, latent), "full")
    graph.dump(gradient(graph, half, positive, latent), "half")
    image = picture(graph)
    dump_run(graph, dynadrag(graph, half, positive, image, mask=image.out(1), rounds=1), "run")
    dump_run(graph, dynadrag(graph, half, positive, image, rounds=0), "none")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    cosine = torch.cosine_similarity(found["half.gradient"].flatten(), found["full.gradient"].flatten(), 0)
    assert 0.99 < cosine < 1
    assert "stopped" not in found["run_report"] and relative(found["run_latent"], found["none_latent"]) > 1e-3


def test_the_bundled_predictor_drags(comfy):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    bundled = graph.node("DragKitLoadMotionPredictor", predictor="dragkit-motion (bundled)")
    dump_run(graph, dynadrag(graph, model, positive, picture(graph), motion_predictor=bundled, rounds=3), "run")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert torch.equal(found["run_points.handles"], found["run_points.targets"])
