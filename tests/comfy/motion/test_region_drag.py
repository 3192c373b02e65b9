"""Region Drag on the real server."""

import json

import pytest
import torch

from ..warps import HANDLE, HEIGHT, SETTINGS, SHIFT, TARGET, WIDTH, Bench, box, picture


@pytest.fixture(scope="module")
def found(comfy):
    """What all graphs give that are no error, run at once."""
    bench = Bench(comfy)
    image = picture()
    bench.warp("shift", image, SHIFT, HANDLE)
    moved = bench.regions("masks", handle_mask=HANDLE, target_mask=TARGET)
    warped = bench.graph.node(
        "DragKitDragWarp",
        image=bench.tensor(image),
        drag_points=moved.out(3),
        mask=moved.out(1),
        flow=moved,
        **SETTINGS,
    )
    bench.graph.dump(warped, "masks.warped")
    latent = bench.graph.node("TestLatent", width=WIDTH * 8, height=HEIGHT * 8, batch=1, seed=3, channels=4)
    bench.graph.dump(latent, "latent")
    warped = bench.graph.node(
        "DragKitLatentWarpage", samples=latent, drag_points=moved.out(3), mode="inverse", mask=moved.out(2), flow=moved,
        displacement="stretch",
    )  # fmt: skip
    bench.graph.dump(warped, "masks.latent")
    bench.graph.dump(warped.out(1), "masks.holes")
    bench.regions("no_regions")
    bench.regions("batch_of_masks", handle_mask=torch.cat((HANDLE, box(0, 0, 8, 8))),
                  target_mask=torch.cat((TARGET, box(4, 50, 12, 58))))  # fmt: skip
    corners = [[30, 20], [50, 20], [50, 40], [30, 40]]
    pair = {name: [[(x + dx) / WIDTH, (y + dy) / HEIGHT] for x, y in corners]
            for name, (dx, dy) in {"handle": (0, 0), "target": (16, -8)}.items()}  # fmt: skip
    document = {"format": "dragkit.points", "version": 1, "image": [WIDTH, HEIGHT], "points": [], "regions": [pair]}
    drawn = bench.graph.node("DragKitDragPoints", points=json.dumps(document))
    bench.regions("polygons", regions=drawn.out(3))
    return bench.run()


def test_a_pair_of_masks_is_a_motion_for_drag_warp(found):
    torch.testing.assert_close(found["masks.flow"], found["shift.flow"], atol=1e-4, rtol=0)
    assert torch.equal(found["masks.handle"], HANDLE) and torch.equal(found["masks.region"], HANDLE.maximum(TARGET))
    torch.testing.assert_close(found["masks.warped"], found["shift.warped"], atol=1e-4, rtol=0)
    extent = torch.tensor([[WIDTH, HEIGHT]])
    torch.testing.assert_close(found["masks.points.handles"] * extent, torch.tensor([[40.0, 30.0]]).double())
    torch.testing.assert_close(found["masks.points.targets"] * extent, torch.tensor([[56.0, 22.0]]).double())


def test_and_for_latent_warpage(found):
    # a cell for each pixel
    latent, moved, target = found["latent"], found["masks.latent"], TARGET[0].bool()
    torch.testing.assert_close(moved[..., target], latent[..., HANDLE[0].bool()], atol=1e-2, rtol=0)
    assert torch.equal(found["masks.holes"], HANDLE * (1 - TARGET))
    outside = (HANDLE.maximum(TARGET) == 0)[0]
    assert torch.equal(moved[..., outside], latent[..., outside])


def test_polygons_from_the_editor_move_as_masks_do(found):
    for output in ("flow", "handle", "region", "points.handles", "points.targets"):
        torch.testing.assert_close(found[f"polygons.{output}"], found[f"masks.{output}"], atol=1e-4, rtol=0)


def test_each_mask_of_a_batch_is_one_region(found):
    flow = found["batch_of_masks.flow"]
    torch.testing.assert_close(flow[:, :, 30, 40], torch.tensor([[16.0, -8.0]]))
    torch.testing.assert_close(flow[:, :, 4, 4], torch.tensor([[4.0, 50.0]]))
    assert len(found["batch_of_masks.points.handles"]) == 2


def test_no_regions_are_no_motion(found):
    assert found["no_regions.flow"].shape == (1, 2, HEIGHT, WIDTH) and not found["no_regions.flow"].any()
    assert not found["no_regions.region"].any() and found["no_regions.points.handles"].shape == (0, 2)


def test_regions_that_make_no_pairs_are_said_in_one_sentence(comfy):
    def error(**masks):
        bench = Bench(comfy)
        bench.regions("never", **masks)
        message = bench.error()
        assert "\n" not in message
        return message

    two = HANDLE + box(0, 0, 8, 8)
    assert "handle_mask has 2 separate regions and target_mask has 1" in error(handle_mask=two, target_mask=TARGET)
    assert "Region Drag: target_mask is empty or not connected" in error(handle_mask=HANDLE)
    small = HANDLE[..., :64]
    assert "Region Drag: handle_mask is 64 x 64, but" in error(handle_mask=small, target_mask=TARGET)
