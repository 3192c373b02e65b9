"""Latent Warpage and BNNI on the real server."""

import torch
from dragkit.kernels.motion.displacements import DISPLACEMENTS, displace
from dragkit.kernels.points.drag_points import parse_points
from dragkit.kernels.points.masks import mask_to_grid

from ..graphs import drag_points, filled, relative, tiny, warpage


def test_an_empty_mask_lets_everything_move(comfy):
    graph = comfy.graph()
    _, _, _, latent = tiny(graph)
    empty = graph.node("SolidMask", value=0.0, width=64, height=64)
    for name, mask in {"none": {}, "empty": {"mask": empty}}.items():
        graph.dump(warpage(graph, latent, drag_points(graph), **mask), name)
    graph.dump(latent, "latent")
    found = comfy.tensors(comfy.run(graph))
    assert torch.equal(found["empty"], found["none"]) and not torch.equal(found["empty"], found["latent"])


def test_a_point_alone_takes_its_cell_to_its_target(comfy):
    graph = comfy.graph()
    latent = graph.node("TestLatent", width=320, height=192, batch=1, seed=3, channels=4)
    # of 40 x 24 cells, from the centre of (5, 3) to that of (12, 8)
    points = drag_points(graph, f"{5.5 / 40},{3.5 / 24} -> {12.5 / 40},{8.5 / 24}")
    for mode in ("inverse", "fastdrag"):
        warped = warpage(graph, latent, points, mode)
        graph.dump(warped, mode)
        graph.dump(warped.out(2), f"{mode}_flow")
    graph.dump(latent, "latent")
    found = comfy.tensors(comfy.run(graph))
    for mode in ("inverse", "fastdrag"):
        torch.testing.assert_close(found[f"{mode}_flow"][0, :, 3, 5], torch.tensor([7.0, 5.0]))
        torch.testing.assert_close(found[mode][0, :, 8, 12], found["latent"][0, :, 3, 5], rtol=0, atol=1e-3)


def test_the_region_keeps_the_rest_of_the_latent(comfy):
    graph = comfy.graph()
    latent = graph.node("TestLatent", width=320, height=192, batch=2, seed=3, channels=4)
    region = graph.node("TestImage", width=320, height=192, batch=1, seed=0)
    for mode, fill in (("inverse", "simultaneous"), ("fastdrag", "sequential")):
        warped = warpage(graph, latent, drag_points(graph), mode, mask=region.out(1))
        graph.dump(warped.out(1), f"{mode}_holes")
        graph.dump(warped.out(2), f"{mode}_flow")
        graph.dump(filled(graph, warped, fill), mode)
    graph.dump(latent, "latent")
    found = comfy.tensors(comfy.run(graph))
    outside = torch.ones(24, 40, dtype=torch.bool)
    outside[6:-6, 10:-10] = False
    assert torch.equal(found["inverse"][..., outside], found["latent"][..., outside])
    assert (found["inverse"] - found["latent"]).abs().amax() > 1
    for mode in ("inverse", "fastdrag"):
        assert found[f"{mode}_holes"].shape == (2, 24, 40) and found[f"{mode}_holes"].sum() > 0
        assert found[f"{mode}_flow"].shape == (1, 2, 24, 40)
        assert (found[mode] == 0).sum() == 0


def test_a_flow_replaces_the_points_on_any_grid(comfy):
    graph = comfy.graph()
    small = graph.node("TestLatent", width=160, height=96, batch=1, seed=4, channels=4)
    latent = graph.node("TestLatent", width=320, height=192, batch=1, seed=3, channels=4)
    flow = warpage(graph, small, drag_points(graph)).out(2)
    none = drag_points(graph, "")
    graph.dump(flow, "flow")
    graph.dump(warpage(graph, latent, none, flow=flow).out(2), "resized")
    graph.dump(warpage(graph, latent, none, flow=flow), "moved")
    graph.dump(latent, "latent")
    found = comfy.tensors(comfy.run(graph))
    assert found["resized"].shape == (1, 2, 24, 40)
    torch.testing.assert_close(found["resized"].mean((2, 3)), 2 * found["flow"].mean((2, 3)), rtol=1e-3, atol=1e-3)
    assert relative(found["moved"], found["latent"]) > 0.1


def test_every_displacement_moves_the_latent(comfy):
    graph = comfy.graph()
    latent = graph.node("TestLatent", width=320, height=192, batch=1, seed=3, channels=4)
    picture = graph.node("TestImage", width=320, height=192, batch=1, seed=0)
    region, drag = picture.out(1), "150,90 -> 170,100\n180,110 -> 170,90"
    points = drag_points(graph, drag, image=picture)
    for choice in DISPLACEMENTS:
        graph.dump(warpage(graph, latent, points, mask=region, displacement=choice).out(2), choice)
        held = warpage(graph, latent, points, mask=region, displacement=choice, border="held")
        graph.dump(held.out(2), f"{choice} held")
    graph.dump(warpage(graph, latent, points, mask=region).out(2), "default")
    graph.dump(region, "region")
    found = comfy.tensors(comfy.run(graph))
    assert torch.equal(found["default"], found["stretch"])
    handles, targets = parse_points(drag, (320, 192)).to_grid(40, 24)
    grid = mask_to_grid(found["region"], 24, 40)[0]
    for choice in DISPLACEMENTS:
        for border, name in (("free", choice), ("held", f"{choice} held")):
            expected = displace(handles, targets, grid, choice, border=border)
            torch.testing.assert_close(found[name], expected, atol=1e-4, rtol=1e-4)
    assert not torch.equal(found["rigid held"], found["rigid"])
    assert not torch.equal(found["rigid"], found["default"])
