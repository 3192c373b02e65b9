"""FastDrag's latent warpage and BNNI against numbers from the published code, and the behaviour DragKit adds."""

from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.lwf import circumscribed_circle, lwf, stretch_ratio
from dragkit.kernels.warp.bnni import bnni, bnni_sequential
from dragkit.kernels.warp.latent import inverse_map, warp
from dragkit.kernels.warp.relocate import destinations, relocate
from safetensors.torch import load_file

GOLDEN = Path(__file__).parents[2] / "golden"
WARP = load_file(GOLDEN / "fastdrag_warp.safetensors")
CASES = sorted({name.split("/")[0] for name in WARP})
BNNI = load_file(GOLDEN / "fastdrag_bnni.safetensors")


def case(name):
    g = {key.split("/")[1]: value for key, value in WARP.items() if key.split("/")[0] == name}
    handles, targets = g["handle_yx_half"].flip(-1) / 4, g["target_yx_half"].flip(-1) / 4
    return g, handles.double(), targets.double(), g["mask"][0, 0] > 0


@pytest.mark.parametrize("name", CASES)
def test_lwf_matches_the_published_field(name):
    g, handles, targets, mask = case(name)
    centre, radius = circumscribed_circle(mask)
    torch.testing.assert_close(centre.flip(0).float(), g["circle_center_yx"])
    torch.testing.assert_close(radius.float(), g["circle_radius"][0])
    flow = lwf(handles, targets, mask)
    moved = g["dest_yx"][:, 0] != -9999
    torch.testing.assert_close(flow[0].flip(0)[:, mask].T[moved], g["move_vector_yx"][moved], rtol=1e-4, atol=1e-4)
    cells = mask.nonzero().flip(-1).double()
    ratios = torch.stack([stretch_ratio(cells, handle, centre, radius) for handle in handles])
    torch.testing.assert_close(ratios[:, moved].float(), g["scale_factor"][:, moved], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_relocation_is_the_published_one_bit_for_bit(name):
    g, handles, targets, mask = case(name)
    flow = lwf(handles, targets, mask)
    cells, ends = destinations(flow, mask)
    assert torch.equal(cells.flip(-1).int(), g["pixel_yx"])
    on_handle = g["dest_yx"][:, 0] == -9999
    assert torch.equal(ends.flip(-1).int()[~on_handle], g["dest_yx"][~on_handle])
    warped, holes = relocate(g["latent"], flow, mask)
    if on_handle.any():
        return
    assert torch.equal(warped, g["out_0"])
    assert torch.equal(torch.where(holes, g["latent"], warped), g["out_ori"])
    torch.testing.assert_close(bnni_sequential(warped), g["out_interpolation"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["one_point_on_grid"])
def test_a_handle_exactly_on_a_cell_moves_by_its_whole_drag(name):
    g, handles, targets, mask = case(name)
    on_handle = (g["dest_yx"][:, 0] == -9999).nonzero()[0, 0]
    cells, ends = destinations(lwf(handles, targets, mask), mask)
    assert torch.equal(cells[on_handle].double(), handles[0])
    assert torch.equal(ends[on_handle].double(), targets[0].round())
    published = g["dest_yx"][g["dest_yx"][:, 0] != -9999]
    others = torch.arange(len(cells)) != on_handle
    assert torch.equal(ends[others].flip(-1).int(), published)


@pytest.mark.parametrize("name", sorted({key.split("/")[0] for key in BNNI}))
def test_sequential_bnni_is_the_published_one(name):
    torch.testing.assert_close(bnni_sequential(BNNI[f"{name}/in"]), BNNI[f"{name}/out"], rtol=1e-5, atol=1e-6)


def plain_bnni(latent, holes):
    """The paper's description, cell by cell."""
    out, (height, width) = latent.clone(), holes.shape
    for y, x in holes.nonzero().tolist():
        values, weights = [], []
        for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)):
            k = 1
            while 0 <= y + k * dy < height and 0 <= x + k * dx < width:
                if not holes[y + k * dy, x + k * dx]:
                    values.append(latent[:, :, y + k * dy, x + k * dx])
                    weights.append(1 / k)
                    break
                k += 1
        if values:
            out[:, :, y, x] = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
    return out


def random_case(seed, height=20, width=27, channels=3, batch=2):
    g = torch.Generator().manual_seed(seed)
    latent = torch.randn(batch, channels, height, width, generator=g)
    return latent, torch.rand(height, width, generator=g) < 0.3


def test_bnni_fills_every_hole_from_valued_cells_only():
    latent, holes = random_case(1)
    torch.testing.assert_close(bnni(latent, holes), plain_bnni(latent, holes))


def test_bnni_has_no_direction():
    latent, holes = random_case(2)
    turned = bnni(latent.flip(3), holes.flip(1)).flip(3)
    torch.testing.assert_close(turned, bnni(latent, holes))
    assert (bnni_sequential(latent.flip(3), holes.flip(1)).flip(3) - bnni_sequential(latent, holes)).abs().max() > 0.1


def test_bnni_reaches_cells_without_a_value_in_row_and_column():
    latent = torch.arange(25.0).view(1, 1, 5, 5)
    holes = torch.ones(5, 5, dtype=torch.bool)
    holes[0, 0] = False
    assert torch.equal(bnni(latent, holes), torch.zeros(1, 1, 5, 5))
    assert torch.equal(bnni(latent, torch.ones(5, 5)), latent)


def test_bnni_keeps_real_zeros():
    latent, holes = random_case(3)
    latent[:, 0, 4, 4] = 0
    holes[4, 4] = False
    assert torch.equal(bnni(latent, holes)[:, :, 4, 4], latent[:, :, 4, 4])
    assert torch.equal(bnni_sequential(latent, holes)[:, :, 4, 4], latent[:, :, 4, 4])


METHODS = [warp, relocate]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "channels,batch,dtype", [(4, 1, torch.float32), (16, 3, torch.float16), (4, 2, torch.bfloat16)]
)
def test_no_drag_and_empty_mask_change_nothing(method, channels, batch, dtype):
    latent = torch.randn(batch, channels, 24, 31).to(dtype)
    mask = torch.zeros(24, 31, dtype=torch.bool)
    mask[4:18, 6:25] = True
    points = torch.tensor([[10.3, 8.2], [20.0, 12.0]], dtype=torch.float64)
    nothing = torch.zeros(0, 2, dtype=torch.float64)
    for flow, region in (
        (lwf(points, points, mask), mask),
        (lwf(nothing, nothing, mask), mask),
        (lwf(points, points + 3, mask & False), mask & False),
    ):
        moved, holes = method(latent, flow, region)
        assert torch.equal(moved, latent) and moved.dtype == dtype
        assert not holes.any()


@pytest.mark.parametrize("method", METHODS)
def test_batch_equals_loop_and_the_input_is_not_written(method):
    latent = torch.randn(3, 5, 24, 31)
    kept = latent.clone()
    mask = torch.ones(24, 31, dtype=torch.bool)
    flow = lwf(torch.tensor([[10.3, 8.2]]), torch.tensor([[15.0, 11.0]]), mask)
    moved, holes = method(latent, flow, mask)
    assert torch.equal(latent, kept) and holes.shape == (1, 24, 31)
    assert torch.equal(moved, torch.cat([method(one[None], flow, mask)[0] for one in latent]))
    assert not torch.equal(moved, latent)


def test_the_source_of_a_move_by_fractions_of_a_cell_is_exact():
    x, y = torch.meshgrid(torch.arange(40.0), torch.arange(30.0), indexing="xy")
    flow = torch.tensor([2.3, -1.6]).view(2, 1, 1).expand(2, 30, 40)
    source, holes = inverse_map(flow, torch.ones(30, 40, dtype=torch.bool))
    expected = torch.stack((x - 2.3, y + 1.6))
    torch.testing.assert_close(source[:, ~holes], expected[:, ~holes])
    assert holes[:, :2].all() and holes[-1].all() and not holes[:-2, 3:].any()


@pytest.mark.parametrize("angle", [0.3, -1.0])
def test_the_source_of_a_rotation_is_the_inverse_rotation(angle):
    x, y = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="xy")
    c, s = torch.cos(torch.tensor(angle)), torch.sin(torch.tensor(angle))
    flow = torch.stack((c * x - s * y - x, s * x + c * y - y))
    source, holes = inverse_map(flow, torch.ones(41, 41, dtype=torch.bool))
    inner = x.square() + y.square() < 15**2
    expected = torch.stack((c * x + s * y, -s * x + c * y)) + 20
    torch.testing.assert_close(source[:, inner], expected[:, inner], atol=1e-3, rtol=0)
    assert not holes[inner].any()


def test_values_between_cells_follow_a_slope_and_keep_noise_alive():
    x, y = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="xy")
    noise = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    latent = torch.cat((x[None, None], y[None, None], noise), 1)
    flow = torch.full((1, 2, 64, 64), 0.5)
    moved, _ = warp(latent, flow, torch.ones(64, 64))
    inner = moved[0, :, 3:-3, 3:-3]
    torch.testing.assert_close(inner[:2], torch.stack((x, y))[:, 3:-3, 3:-3] - 0.5, atol=1e-3, rtol=0)
    # bilinear values would have a standard deviation of one half
    assert inner[2].std() > 0.65 * noise.std()


def test_warp_leaves_everything_outside_the_mask_and_the_frame():
    latent = torch.randn(1, 4, 24, 24)
    mask = torch.zeros(24, 24, dtype=torch.bool)
    mask[8:16, 14:24] = True
    flow = torch.zeros(1, 2, 24, 24)
    flow[:, 0] = 6
    moved, holes = warp(latent, flow, mask)
    assert torch.equal(moved[:, :, ~mask], latent[:, :, ~mask])
    assert torch.equal(holes[0, 8:16, 14:20], torch.ones(8, 6, dtype=torch.bool))
    torch.testing.assert_close(moved[:, :, 8:16, 20:], latent[:, :, 8:16, 14:18])
    assert (moved[:, :, holes[0]] == 0).all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_what_is_dragged_passes_in_front(mirrored):
    latent = torch.zeros(1, 1, 9, 30)
    latent[..., 4:7], latent[..., 12:15] = 1.0, 2.0
    flow = torch.zeros(1, 2, 9, 30)
    flow[:, 0, :, 4:7] = 8
    if mirrored:
        latent, flow = latent.flip(3), -flow.flip(3)
    moved, holes = warp(latent, flow, torch.ones(9, 30))
    if mirrored:
        moved, holes = moved.flip(3), holes.flip(2)
    torch.testing.assert_close(moved[..., 12:15], torch.ones(1, 1, 9, 3))
    assert holes[0, :, 4:7].all() and holes.sum() == 27


def test_warp_has_no_preferred_direction():
    latent = torch.randn(1, 4, 31, 31, dtype=torch.float64)
    mask = torch.ones(31, 31, dtype=torch.bool)
    handles, targets = torch.tensor([[9.2, 14.7], [20.1, 8.3]]), torch.tensor([[15.9, 17.2], [14.6, 6.1]])
    moved, holes = warp(latent, lwf(handles, targets, mask), mask)
    turned = torch.tensor([30.0, 30.0])
    moved_turned, holes_turned = warp(latent.flip(2, 3), lwf(turned - handles, turned - targets, mask), mask)
    # equally near samples of two cells differ a little; an order of visiting would show as differences of about one
    torch.testing.assert_close(moved_turned.flip(2, 3), moved, atol=0.05, rtol=0)
    assert torch.equal(holes_turned.flip(1, 2), holes)


def test_lwf_stretches_without_gaps_where_the_paper_leaves_some():
    g, handles, targets, mask = case("one_point_ellipse")
    flow = lwf(handles, targets, mask)
    assert relocate(g["latent"], flow, mask)[1].sum() == 299
    assert warp(g["latent"], flow, mask)[1].sum() < 120
