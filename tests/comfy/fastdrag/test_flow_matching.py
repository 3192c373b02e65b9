"""FastDrag on every kind of flow-matching model that this ComfyUI has, and the anchored background."""

import pytest
import torch
from dragkit.kernels.points.drag_points import parse_points
from dragkit.kernels.warp.bnni import bnni
from dragkit.kernels.warp.packed_cells import pack, unpack

from ..graphs import (
    anchored,
    apply_cache,
    drag_points,
    filled,
    inversion,
    left_part,
    relative,
    relative_max,
    tiny_flow,
    warpage,
    way_back,
)

KINDS = [
    "sd3", "sd35m", "auraflow", "flux", "schnell", "flux2", "chroma", "longcat", "qwen", "lumina2", "zimage", "wan",
    "hidream", "omnigen2",
]  # fmt: skip
FRAMED = ("qwen", "wan")
DISTILLED = ("flux", "flux2")
# odd: its last tokens are padded
COLUMNS, ROWS = 17, 12
STEPS = {"steps": 4, "strength": 0.75, "method": "predict"}


def half(graph):
    return left_part(graph, 170, 120, 80)


def sampled(graph, model, positive, negative, latent):
    """The model's own picture of noise."""
    return graph.node(
        "KSampler", model=model, positive=positive, negative=negative, latent_image=latent, cfg=3.0, seed=1, steps=2,
        sampler_name="euler", scheduler="simple", denoise=1.0,
    )  # fmt: skip


def outside(samples):
    """What the mask leaves out."""
    return samples[..., 9:]


@pytest.fixture(scope="module", params=KINDS)
def found(request, comfy):
    kind = request.param
    if kind not in comfy.object_info()["TestTinyModel"]["input"]["required"]["kind"][1].get("options", []):
        pytest.skip(f"this ComfyUI has no {kind}")
    graph = comfy.graph()
    model, positive, negative, latent = tiny_flow(graph, kind, COLUMNS, ROWS)
    graph.dump(sampled(graph, model, positive, negative, latent), "model_before")
    counted = graph.node("TestEvaluations", model=model, stop=0)
    inverted = inversion(graph, counted, positive, latent, **STEPS)
    exact = inversion(graph, model, positive, latent, **STEPS | {"steps": 20, "strength": 0.15, "refinement": 6})
    points = drag_points(graph, "0.3,0.4 -> 0.42,0.4")
    warped = warpage(graph, inverted, points, mask=half(graph), displacement="rigid", border="free")
    moved = filled(graph, warped)
    back = anchored(graph, apply_cache(graph, counted, inverted.out(1)), inverted, half(graph))
    edited = way_back(graph, back, positive, negative, inverted.out(2), moved, cfg=3.0)
    uncounted = anchored(graph, model, inverted, half(graph))
    lora = graph.node("TestLora", model=model, seed=5, strength=0.5)
    lora_inverted = inversion(graph, lora, positive, latent, **STEPS)
    lora_back = anchored(graph, lora, lora_inverted, half(graph))
    outputs = {
        "latent": latent,
        "inverted": inverted,
        "cache": inverted.out(1),
        "sigmas": inverted.out(2),
        "warped": warped,
        "holes": warped.out(1),
        "flow": warped.out(2),
        "moved": moved,
        "edited": edited,
        "round_trip": way_back(graph, model, positive, negative, inverted.out(2), inverted),
        "exact": way_back(
            graph, apply_cache(graph, model, exact.out(1)), positive, negative, exact.out(2),
            filled(graph, warpage(graph, exact, drag_points(graph, ""))),
        ),
        "dpmpp": way_back(graph, uncounted, positive, negative, inverted.out(2), moved, cfg=3.0, sampler="dpmpp_2m"),
        "lora_inverted": lora_inverted,
        "lora": way_back(graph, lora_back, positive, negative, lora_inverted.out(2), lora_inverted, cfg=3.0),
    }  # fmt: skip
    for name, link in outputs.items():
        graph.dump(link, name)
    graph.dump(counted.out(1), "count", after=edited)
    found = comfy.tensors(comfy.run(graph, timeout=300))
    again = comfy.graph()
    model, positive, negative, latent = tiny_flow(again, kind, COLUMNS, ROWS)
    after = again.node("TestEvaluations", model=model, stop=0)  # not answered from the cache of results
    again.dump(sampled(again, after, positive, negative, latent), "model_after")
    return found | comfy.tensors(comfy.run(again, timeout=300)) | {"kind": kind}


def test_the_latent_is_the_models_and_each_step_one_evaluation(found):
    shape = found["latent"].shape
    assert (len(shape) == 5) == (found["kind"] in FRAMED) and shape[-2:] == (ROWS, COLUMNS)
    assert found["inverted"].shape == found["edited"].shape == shape
    assert all(found[name].isfinite().all() for name in ("inverted", "edited", "round_trip"))
    # as many to noise as sigmas say, and on the way back a batch of two or two of one
    up = found["count.sigmas"][:3]
    torch.testing.assert_close(up, found["sigmas"].flip(0)[1:], rtol=1e-6, atol=0)
    assert found["sigmas"].shape == (4,) and 0 < found["sigmas"][0] < 1 and found["sigmas"][-1] == 0
    assert found["count.latents"].sum() == 3 + 6


def test_without_a_drag_the_picture_comes_back(found):
    assert relative(found["exact"], found["latent"]) < 1e-2
    assert 1e-4 < relative(found["round_trip"], found["latent"])


@pytest.mark.float32
@pytest.mark.parametrize("name", ["edited", "dpmpp", "lora"])
def test_an_anchored_background_is_the_picture_itself(found, name):
    assert relative_max(outside(found[name]), outside(found["latent"])) < 2e-6
    inside = found[name][..., :8], found["latent"][..., :8]
    assert relative(*inside) > 1e-2


def test_a_drag_moves_the_latent_as_the_kernels_say(found):
    before, after = found["inverted"], found["warped"]
    if found["kind"] in FRAMED:
        before, after = before[:, :, 0], after[:, :, 0]
    scale = 2 if found["kind"] == "flux2" else 1
    if scale == 2:
        before, after = unpack(before), unpack(after)
    assert found["flow"].shape == (1, 2, scale * ROWS, scale * COLUMNS) == (1, 2, *after.shape[-2:])
    # where the drag begins the motion is the arrow itself
    points = parse_points("0.3,0.4 -> 0.42,0.4")
    (handle,), (target,) = points.to_grid(scale * COLUMNS, scale * ROWS)
    x, y = handle.round().long().tolist()
    motion = found["flow"][0, :, y, x]
    torch.testing.assert_close(motion, (target - handle).float(), rtol=0.05, atol=1e-3)
    holes = found["holes"].bool()
    assert holes.any() and not after[:, :, holes[0]].any()
    assert torch.equal(outside(found["warped"]), outside(found["inverted"]))
    filled = bnni(after, holes[0])
    if scale == 2:
        filled = pack(filled)
    moved = found["moved"][:, :, 0] if found["kind"] in FRAMED else found["moved"]
    torch.testing.assert_close(moved, filled)


def test_a_lora_takes_part(found):
    assert relative(found["lora_inverted"], found["inverted"]) > 1e-3


def test_a_taught_guidance_is_one_in_both_directions(found):
    expected = 1.0 if found["kind"] in DISTILLED else None
    if expected is not None:
        assert (found["count.guidance"] == expected).all()
    else:
        assert not (found["count.guidance"] == 1.0).any()


def test_the_models_own_samples_are_as_before(found):
    assert torch.equal(found["model_after"], found["model_before"])
