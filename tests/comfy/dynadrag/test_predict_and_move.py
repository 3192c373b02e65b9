"""DynaDrag on the real server: what a drag gives, and what may go wrong."""

import pytest
import torch

from ..graphs import DRAG, KINDS, error, relative
from .graphs import dump_run, dynadrag, gradient, picture, predictor, samples_of, supervision, tiny


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


def test_a_picture_of_odd_size_keeps_it_and_its_border(comfy):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    image = picture(graph, 131, 101)
    mask = graph.node("SolidMask", value=1.0, width=131, height=101)
    graph.dump(image, "image")
    dump_run(graph, dynadrag(graph, model, positive, image, "131,101 -> 50,50", mask=mask, rounds=0), "odd")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert found["odd_trajectory"].shape == (1, 96, 128, 3)
    # 3 columns and 5 rows are no cell: 1 and 2 of them lie in front
    same = (found["odd_picture"] == found["image"]).all(-1)[0]
    border = torch.ones(101, 131, dtype=torch.bool)
    border[2:98, 1:129] = False
    assert same[border].all() and same[~border].float().mean() < 0.1
    size = found["odd_points.image_size"]
    assert size.tolist() == [131, 101]
    torch.testing.assert_close(found["odd_points.handles"] * size, torch.tensor([[129.0, 98.0]], dtype=torch.float64))
    torch.testing.assert_close(found["odd_points.targets"] * size, torch.tensor([[50.0, 50.0]], dtype=torch.float64))


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


def test_the_bundled_predictor_drags(comfy):
    graph = comfy.graph()
    model, positive, _, _ = tiny(graph)
    bundled = graph.node("DragKitLoadMotionPredictor", predictor="dragkit-motion (bundled)")
    dump_run(graph, dynadrag(graph, model, positive, picture(graph), motion_predictor=bundled, rounds=3), "run")
    found = comfy.tensors(comfy.run(graph, timeout=300))
    assert torch.equal(found["run_points.handles"], found["run_points.targets"])
