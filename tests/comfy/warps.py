"""Drag Warp and Region Drag in a graph, and a shift by whole pixels."""

import torch

from .graphs import tensor

WIDTH, HEIGHT = 96, 64
SETTINGS = {"displacement": "rigid", "sampling": "bilinear", "front": "longest", "seam": 4, "grow": 1, "feather": 2}
# from the centre of pixel (40, 30) by (16, -8) pixels
SHIFT = f"{40.5 / WIDTH},{30.5 / HEIGHT} -> {56.5 / WIDTH},{22.5 / HEIGHT}"


def picture(channels=3, batch=1):
    return torch.rand(batch, HEIGHT, WIDTH, channels, generator=torch.Generator().manual_seed(channels))


def box(left, top, right, bottom):
    mask = torch.zeros(1, HEIGHT, WIDTH)
    mask[:, top:bottom, left:right] = 1
    return mask


HANDLE = box(30, 20, 50, 40)
TARGET = box(46, 12, 66, 32)


class Bench:
    """A graph in which values of the test are sources, and what comes out of it."""

    def __init__(self, comfy):
        self.comfy, self.graph = comfy, comfy.graph()

    def tensor(self, value, output=0):
        """A tensor as IMAGE (0), MASK (1) or FLOW (3)."""
        return tensor(self.comfy, self.graph, value).out(output)

    def warp(self, name, image, text="", mask=None, flow=None, **settings):
        """A Drag Warp whose outputs come out as name.warped, name.inpaint, name.moved and name.flow."""
        given = {"mask": (mask, 1), "flow": (flow, 3)}
        links = {key: self.tensor(value, output) for key, (value, output) in given.items() if value is not None}
        node = self.graph.node(
            "DragKitDragWarp",
            image=self.tensor(image),
            drag_points=self.graph.node("DragKitDragPoints", points=text),
            **SETTINGS | settings,
            **links,
        )
        for i, output in enumerate(("warped", "inpaint", "moved", "flow")):
            self.graph.dump(node.out(i), f"{name}.{output}")
        return node

    def regions(self, name, **given):
        """A Region Drag whose outputs come out as name.flow, name.handle, name.region and name.points.handles, ..."""
        links = {key: self.tensor(value, 1) if torch.is_tensor(value) else value for key, value in given.items()}
        node = self.graph.node("DragKitRegionDrag", image=self.tensor(picture()), **links)
        for i, output in enumerate(("flow", "handle", "region", "points")):
            self.graph.dump(node.out(i), f"{name}.{output}")
        return node

    def run(self):
        return self.comfy.tensors(self.comfy.run(self.graph))

    def error(self):
        return self.comfy.run_error(self.graph)
