"""Regions found from handles on the real server. The models are tiny and random: they prove how it is wired."""

import torch

from ..graphs import drag_points, inversion, tiny

DRAGS = "40,30 -> 60,30\n80,50 -> 80,50"


def test_a_region_of_each_picture_goes_into_drag_warp(comfy):
    graph = comfy.graph()
    image = graph.node("TestImage", width=96, height=64, batch=2, seed=0)
    drawn = drag_points(graph, DRAGS, image=image)
    region = graph.node("DragKitRegionFromPicture", image=image, drag_points=drawn)
    graph.dump(region, "region")
    warped = graph.node(
        "DragKitDragWarp", image=image, drag_points=drawn, displacement="similarity", sampling="bilinear",
        front="longest", seam=0, grow=0, feather=0, mask=region,
    )  # fmt: skip
    graph.dump(image, "before")
    graph.dump(warped, "warped")
    found = comfy.tensors(comfy.run(graph))
    region, before = found["region"], found["before"]
    assert region.shape == (2, 64, 96) and set(region.unique().tolist()) == {0, 1}
    assert (region[:, 30, 40] == 1).all() and (region[:, 50, 80] == 0).all()
    assert not torch.equal(region[0], region[1])
    assert not torch.equal(found["warped"], before)


def test_no_point_that_moves_gives_an_empty_mask_and_says_so(comfy):
    graph = comfy.graph()
    image = graph.node("TestImage", width=96, height=64, batch=1, seed=0)
    for name, text in {"none": "", "pinned": "20,20 -> 20,20"}.items():
        drawn = drag_points(graph, text, image=image)
        graph.dump(graph.node("DragKitRegionFromPicture", image=image, drag_points=drawn), name)
    since = len(comfy.log())
    found = comfy.tensors(comfy.run(graph))
    assert not found["none"].any() and not found["pinned"].any() and found["none"].shape == (1, 64, 96)
    assert "Region from Picture: no point moves, so the mask is empty" in comfy.log(since)


def test_a_region_by_the_recording_of_an_inversion_is_drag_warps_and_latent_warpages(comfy):
    graph = comfy.graph()
    # 200 x 296 pixels are 25 x 37 cells; two latents have two regions
    model, positive, _, latent = tiny(graph, batch=2)
    image = graph.node("TestImage", width=200, height=296, batch=1, seed=0)
    drawn = drag_points(graph, "80,150 -> 120,150", image=image)
    for blocks in ("decoder", "all"):
        inverted = inversion(graph, model, positive, latent, blocks=blocks)
        region = graph.node("DragKitRegionFromAttention", drag_points=drawn, kv_cache=inverted.out(1))
        graph.dump(region, blocks)
    moved = graph.node("DragKitLatentWarpage", samples=inverted, drag_points=drawn, mode="inverse", mask=region)
    graph.dump(inverted, "before")
    graph.dump(moved, "moved")
    found = comfy.tensors(comfy.run(graph))
    for blocks in ("decoder", "all"):
        region = found[blocks]
        assert region.shape == (2, 296, 200) and set(region.unique().tolist()) == {0, 1}
        assert (region[:, 150, 80] == 1).all() and 0.005 < region.mean() < 0.3
    assert not torch.equal(found["moved"], found["before"])


def test_points_of_another_picture_than_the_recorded_one_are_refused(comfy):
    graph = comfy.graph()
    model, positive, _, latent = tiny(graph)
    inverted = inversion(graph, model, positive, latent)
    wide = graph.node("TestImage", width=320, height=160, batch=1, seed=0)
    drawn = drag_points(graph, "80,50 -> 120,50", image=wide)
    graph.dump(graph.node("DragKitRegionFromAttention", drag_points=drawn, kv_cache=inverted.out(1)), "region")
    error = comfy.run_error(graph)
    assert "drag_points were placed on a 320 x 160 picture, but the latent that was recorded has 25 x 37 cells" in error
