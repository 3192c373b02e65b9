"""The inverse of a displacement over a region: exact, torn, folded, in order."""

import pytest
import torch
from dragkit.kernels.motion.displacements import displace
from dragkit.kernels.warp.inverse import invert

from ..known_motions import ALL, DISC, HANDLES, HEIGHT, MOTIONS, RING, WIDTH, X, Y, field


def inverse(flow, region, front="longest", **options):
    """Sources [H, W, 2] and where content arrives [H, W]."""
    source, mask = torch.zeros(*region.shape, 2), torch.zeros_like(region)
    for arrived in invert(flow, region, front, **options):
        source[arrived.window] = torch.view_as_real(arrived.place + arrived.back)
        mask[arrived.window] = arrived.mask
    return source, mask


@pytest.mark.parametrize("region", [DISC, RING], ids=["disc", "ring"])
@pytest.mark.parametrize("motion", [motion for motion, _ in MOTIONS])
def test_the_inverse_undoes_the_motion_and_misses_nothing(motion, region):
    source, mask = inverse(field(motion), region)
    places = torch.stack((X, Y), -1)[mask]
    torch.testing.assert_close(motion(source[mask].double()).float(), places, atol=0.01, rtol=0)
    # what arrives is exactly what comes from a cell of the region
    origin = motion(torch.zeros(1, 2, dtype=torch.float64))
    matrix = (motion(torch.eye(2, dtype=torch.float64)) - origin).T
    back = ((torch.stack((X, Y), -1).double() - origin) @ torch.linalg.inv(matrix).T).round().long()
    inside = (back >= 0).all(-1) & (back[..., 0] < WIDTH) & (back[..., 1] < HEIGHT)
    expected = torch.zeros_like(region)
    expected[inside] = region[back[inside][:, 1], back[inside][:, 0]]
    assert (expected ^ mask).sum() <= 0.002 * expected.sum()


@pytest.mark.parametrize("choice", ALL)
def test_bent_motions_are_undone_where_they_can_be_seen(choice):
    targets = HANDLES + torch.tensor([[5.0, 2], [-3, 4], [2, -4], [-1, 3]], dtype=torch.float64)
    flow = displace(HANDLES, targets, DISC, choice)[0]
    source, mask = inverse(flow, DISC)
    grid = (source + 0.5) * 2 / torch.tensor([WIDTH, HEIGHT]) - 1
    ends = source + torch.nn.functional.grid_sample(flow[None], grid[None], align_corners=False)[0].permute(1, 2, 0)
    error = (ends - torch.stack((X, Y), -1)).norm(dim=-1)[mask]
    # at a tear or the rim of the region, between a flow and none, the sampled flow says nothing
    assert error.median() < 5e-3 and (error < 0.05).float().mean() > 0.85


def test_opposed_drags_do_not_fold_when_the_winner_takes_all():
    handles = torch.tensor([[45.0, 45], [75, 45]], dtype=torch.float64)
    targets = handles + torch.tensor([[9.0, 0], [-12, 0]], dtype=torch.float64)
    flow = displace(handles, targets, DISC, "nearest")[0]
    assert set(flow[0][DISC].tolist()) == {9.0, -12.0}
    source, mask = inverse(flow, DISC)
    back = (source - torch.stack((X, Y), -1))[mask]
    assert {tuple(one) for one in back.tolist()} == {(-9.0, 0.0), (12.0, 0.0)}
    # the longer move is in front as a whole, and only once
    assert (back[:, 0] == 12).sum() == (flow[0] == -12).sum()
    assert len(source[mask].unique(dim=0)) == mask.sum()


@pytest.mark.parametrize("stretch,torn", [(2.98, False), (3.02, True)])
@pytest.mark.parametrize("axis", [0, 1], ids=["x", "y"])
def test_a_region_tears_where_it_is_stretched_more_than_three_times(axis, stretch, torn):
    cells = (X, Y)[axis]
    inside = (cells - cells.median()).abs() < 10
    flow = torch.zeros(2, HEIGHT, WIDTH)
    flow[axis] = (stretch - 1) * (cells - cells.median())
    _, mask = inverse(flow, inside)
    between = mask[(cells - cells.median()).abs() < 25]
    assert between.all() != torn
    if torn:
        # each cell keeps its own place, two of three between them open up
        assert 0.3 < between.float().mean() < 0.75


@pytest.mark.parametrize("pull,stretch", [(27, 3), (42, 6), (52, 20)])
def test_a_region_that_does_not_tear_is_covered_however_far_it_is_stretched(pull, stretch):
    cells = torch.stack((X, Y), -1)[DISC]
    middle = (cells.amin(0) + cells.amax(0)) / 2
    handle = (middle - torch.tensor([pull / 2, 0]))[None].double()
    flow = displace(handle, handle + torch.tensor([[pull, 0.0]]), DISC, "rigid", border="held")[0]
    ends = torch.stack((X, Y)) + flow
    assert ends.diff(dim=2).norm(dim=0).max() > stretch
    assert not inverse(flow, DISC)[1][DISC].all()
    source, mask = inverse(flow, DISC, tears=False)
    assert mask[DISC].all() and mask.sum() < 1.05 * DISC.sum()
    # what arrives lies between the ends of the cells around its source
    x, y = (source[DISC][:, i].floor().long() for i in (0, 1))
    corners = torch.stack([ends[:, y + j, x + i] for i in (0, 1) for j in (0, 1)])
    places = torch.stack((X, Y))[:, DISC]
    slack = 0.6 + 0.1 * (corners.amax(0) - corners.amin(0))
    between = (places >= corners.amin(0) - slack) & (places <= corners.amax(0) + slack)
    assert between.all(0).float().mean() > 0.97


@pytest.mark.parametrize("shift", [(0.5, 0.0), (-0.5, 1.5), (10.5, -3.5)])
def test_a_move_by_half_a_cell_leaves_no_gaps(shift):
    flow = torch.tensor(shift).view(2, 1, 1).expand(2, HEIGHT, WIDTH)
    source, mask = inverse(flow, DISC)
    assert mask.sum() == DISC.sum()
    torch.testing.assert_close(source[mask], torch.stack((X, Y), -1)[mask] - torch.tensor(shift))


def preimages(flow, region, fine=15):
    """By brute force, of a bilinear flow [2, H, W] sampled fine x fine times in each cell of region [H, W]: the longest
    move that ends within half a sample of each place, -1 where none does, and whether one ends within a cell."""
    height, width = region.shape
    axis = (torch.arange(fine) - (fine - 1) / 2) / fine
    x, y = ((cells[..., None, None] + part) for cells, part in ((X, axis), (Y, axis[:, None])))
    x, y = (torch.broadcast_tensors(x, y)[i][:height, :width][region].flatten() for i in (0, 1))
    grid = torch.stack(((x + 0.5) / width, (y + 0.5) / height), -1) * 2 - 1
    known = torch.cat((flow * region, region[None].float()))[None]
    *moved, weight = torch.nn.functional.grid_sample(
        known, grid[None, None], padding_mode="border", align_corners=False
    )[0, :, 0]
    ends = torch.stack((x, y)) + torch.stack(moved) / weight
    places = (ends + 0.5).floor()
    seen = ((places >= 0) & (places < torch.tensor([[width], [height]]))).all(0)
    close = seen & ((ends - places).abs().amax(0) < 0.75 / fine)
    length = (ends - torch.stack((x, y))).norm(dim=0)
    index = (places[1] * width + places[0]).long()
    longest = torch.full((height * width,), -1.0).scatter_reduce(0, index[close], length[close], "amax")
    near = torch.zeros(height * width).scatter(0, index[seen], 1.0) > 0
    return longest.view(height, width), near.view(height, width)


@pytest.mark.parametrize("choice", ["stretch", "similarity", "nearest-4"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_folded_motions_show_the_longest_move_and_miss_nothing(seed, choice):
    generator = torch.Generator().manual_seed(seed)
    region = (((X - 16) / 14) ** 2 + ((Y - 12) / 10) ** 2 < 1)[:24, :32]
    handles = (0.2 + 0.6 * torch.rand(1 + 2 * seed, 2, generator=generator).double()) * torch.tensor([32, 24])
    targets = handles + 2.5 * torch.randn(len(handles), 2, generator=generator)
    flow = displace(handles, targets, region, choice, reach=100)[0]
    source, mask = inverse(flow, region)
    longest, near = preimages(flow, region)
    assert (longest >= 0).sum() > 200
    missed, invented = (longest >= 0) & ~mask, mask & ~near
    assert missed.sum() <= 0.015 * mask.sum() and invented.sum() <= 0.015 * mask.sum()
    both = mask & (longest >= 0)
    length = (source - torch.stack((X, Y), -1)[:24, :32]).norm(dim=-1)
    assert ((length - longest).abs()[both] > 0.35).float().mean() < 0.02
