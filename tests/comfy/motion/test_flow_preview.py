"""The previews of points and flows."""

import torch

from ..graphs import drag_points, warpage


def test_previews_show_pictures(comfy):
    graph = comfy.graph()
    picture = graph.node("TestImage", width=120, height=80, batch=1, seed=0)
    points = drag_points(graph, image=picture)
    preview = graph.node("DragKitDragPointsPreview", image=picture, drag_points=points, mask=picture.out(1))
    empty = graph.node("SolidMask", value=0.0, width=64, height=64)
    for name, options in {"plain": {}, "empty": {"mask": empty}}.items():
        graph.dump(graph.node("DragKitDragPointsPreview", image=picture, drag_points=points, **options), name)
    latent = graph.node("TestLatent", width=320, height=192, batch=1, seed=3, channels=4)
    flow = warpage(graph, latent, points).out(2)
    colours = graph.node("DragKitFlowPreview", flow=flow, arrow_spacing=24, width=160)
    arrows = graph.node("DragKitFlowPreview", flow=flow, arrow_spacing=16, width=160, image=picture)
    since = len(comfy.log())
    entry = comfy.run(graph)
    found = comfy.tensors(entry)
    assert torch.equal(found["empty"], found["plain"])
    shown = [comfy.images(entry, node)[0] for node in (preview, colours, arrows)]
    assert [tuple(image.shape) for image in shown] == [(80, 120, 3), (96, 160, 3), (80, 120, 3)]
    assert all(image.std() > 0.02 for image in shown)
    assert comfy.complaints(since) == []
