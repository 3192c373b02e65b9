"""Recomposition Masks on the real server."""

import torch
from dragkit.kernels.warp.picture import dilated

from ..graphs import tensor
from ..warps import HANDLE, HEIGHT, SHIFT, TARGET, WIDTH, Bench, box, picture

SIZES = {"band": 3, "grow": 5, "blend": 0.5}


def masks(bench, name, warp, **settings):
    node = bench.graph.node(
        "DragKitRecompositionMasks", moved=warp.out(2), flow=warp.out(3), **SIZES | settings
    )  # fmt: skip
    for i, output in enumerate(("mask", "keep", "refine", "paint", "changed")):
        bench.graph.dump(node.out(i), f"{name}.{output}")


def test_the_masks_are_what_moved_and_what_opened_up_whatever_is_painted_around(comfy):
    bench, image = Bench(comfy), picture()
    masks(bench, "shift", bench.warp("shift", image, SHIFT, HANDLE))
    masks(bench, "bare", bench.warp("bare", image, SHIFT, HANDLE, seam=0, grow=0, feather=0))
    masks(bench, "blend", bench.warp("blend", image, SHIFT, HANDLE, seam=20), blend=0.25, band=0, grow=0)
    masks(bench, "batch", bench.warp("batch", picture(batch=2), SHIFT, torch.cat((HANDLE, box(38, 28, 44, 34)))))
    since = len(comfy.log())
    found = bench.run()
    refine = dilated(TARGET, 3)
    paint = dilated(HANDLE * (1 - TARGET), 5) * (1 - refine)
    for name in ("shift", "bare"):
        assert torch.equal(found[f"{name}.refine"], refine) and torch.equal(found[f"{name}.paint"], paint)
        assert torch.equal(found[f"{name}.keep"], 1 - refine - paint)
        assert torch.equal(found[f"{name}.changed"], refine + paint)
        assert torch.equal(found[f"{name}.mask"], paint + 0.5 * refine)
    assert torch.equal(found["blend.mask"], HANDLE * (1 - TARGET) + 0.25 * TARGET)
    assert torch.equal(found["batch.mask"][:1], found["shift.mask"]) and len(found["batch.keep"]) == 2
    assert torch.equal(found["batch.refine"][1:], dilated(box(54, 20, 60, 26), 3))
    assert "Recomposition Masks" not in comfy.log(since)


def test_nothing_moved_and_nothing_opened_are_said(comfy):
    bench = Bench(comfy)
    masks(bench, "none", bench.warp("none", picture(), "", HANDLE))
    since = len(comfy.log())
    found = bench.run()
    assert found["none.keep"].all() and not found["none.mask"].any()
    log = comfy.log(since)
    assert "Recomposition Masks: nothing moved; no part of the picture is refined" in log
    assert "Recomposition Masks: nothing opened up beyond band; no part of the picture is painted anew" in log
    bench = Bench(comfy)
    masks(bench, "wide", bench.warp("wide", picture(), SHIFT, HANDLE), band=64)
    since = len(comfy.log())
    assert not bench.run()["wide.paint"].any()
    assert "nothing moved" not in comfy.log(since) and "nothing opened up beyond band" in comfy.log(since)


def test_what_is_no_motion_is_refused(comfy):
    def error(moved, flow):
        graph = comfy.graph()
        links = {"moved": tensor(comfy, graph, moved).out(1), "flow": tensor(comfy, graph, flow).out(3)}
        graph.dump(graph.node("DragKitRecompositionMasks", **links, **SIZES), "never")
        return comfy.run_error(graph)

    moved, flow = torch.zeros(3, HEIGHT, WIDTH), torch.zeros(1, 2, HEIGHT, WIDTH)
    assert "Recomposition Masks: moved has values that are no numbers" in error(moved * torch.nan, flow)
    assert "Recomposition Masks: flow contains NaN" in error(moved, flow * torch.nan)
    assert "Recomposition Masks: flow has a batch of 2, but there are 3" in error(moved, flow.expand(2, -1, -1, -1))
