"""The thing that handles lie on, found by likeness."""

import pytest
import torch
from dragkit.kernels.points import walk_region as kernel
from dragkit.kernels.points.attention_region import attention_region
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.kernels.points.picture_region import picture_region
from dragkit.kernels.points.walk_region import RegionError, walk_region

WIDTH, HEIGHT = 150, 110
NONE = torch.zeros(1, dtype=torch.bool)


def iou(one, other):
    return ((one & other).sum() / (one | other).sum()).item()


def scene(noise=0.04):
    """A picture [3, H, W] of a ground with two ellipses of one colour, and these [2, H, W] (bool)."""
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    things = torch.stack([((x - a) / 22) ** 2 + ((y - b) / 15) ** 2 < 1 for a, b in ((45, 40), (105, 75))])
    ground, colour = torch.tensor([0.3, 0.5, 0.2]), torch.tensor([0.7, 0.4, 0.3])
    picture = torch.where(things.any(0), colour[:, None, None], ground[:, None, None])
    grain = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    return (picture + noise * grain).clamp(0, 1), things


def drags(*handles, way=(20, 0)):
    handles = torch.tensor(handles, dtype=torch.float64)
    return DragPoints.from_pixels(handles, handles + torch.tensor(way), WIDTH, HEIGHT)


def test_the_thing_under_the_handle_is_found_and_no_other_of_its_colour():
    picture, (left, right) = scene()
    assert iou(picture_region(picture, drags((40, 38))), left) > 0.93
    assert iou(picture_region(picture, drags((112, 79))), right) > 0.93
    assert iou(picture_region(picture, drags((40, 38), (112, 79))), left | right) > 0.93
    # where it lies, and not how bright the picture is
    assert iou(picture_region(picture * 0.3, drags((40, 38))), left) > 0.93


def test_a_pin_keeps_what_it_lies_on():
    picture, (left, right) = scene()
    joined = left | right
    joined[50:60, 45:105] = True
    picture = torch.where(joined, picture[:, 40, 45][:, None, None], picture)
    ends = torch.tensor([[40.0, 38], [112, 79]], dtype=torch.float64)
    alone = picture_region(picture, DragPoints.from_pixels(ends[:1], ends[:1] + 5, WIDTH, HEIGHT))
    targets = ends + torch.tensor([[5.0, 5], [0, 0]])
    pinned = picture_region(picture, DragPoints.from_pixels(ends, targets, WIDTH, HEIGHT))
    assert (alone & right).sum() > 0.8 * right.sum()
    assert (pinned & right).sum() < 0.35 * right.sum() and (pinned & left).sum() > 0.9 * left.sum()


def test_chances_are_those_of_random_walks():
    # on a line where every step is as likely, the chance to come to an end is the distance from the other
    likeness = {offset: torch.ones(1 - offset[0], 9 - abs(offset[1])).double() for offset in kernel.NEIGHBOURS}
    likeness = {(down, right): weight for (down, right), weight in likeness.items() if not down}
    ends = torch.zeros(2, 1, 9, dtype=torch.bool)
    ends[0, 0, 0] = ends[1, 0, 8] = True
    chance, degree = kernel._chances(likeness, *ends)
    torch.testing.assert_close(chance, 1 - torch.arange(9.0).double()[None] / 8, atol=1e-4, rtol=0)
    assert degree.tolist() == [[1, 2, 2, 2, 2, 2, 2, 2, 1]]


@pytest.mark.parametrize("seed", range(8))
def test_the_cut_is_the_level_of_least_conductance(seed, monkeypatch):
    monkeypatch.setattr(kernel, "LARGEST", 0.8)
    generator = torch.Generator().manual_seed(seed)
    likeness = {
        (down, right): torch.rand(7 - down, 9 - abs(right), generator=generator, dtype=torch.float64)
        for down, right in kernel.NEIGHBOURS
    }
    likeness = {offset: weight**6 for offset, weight in likeness.items()}
    chance = torch.rand(7, 9, generator=generator, dtype=torch.float64)
    chance[2:5, 3:7] += 0.5
    degree = kernel._passed(likeness, torch.ones(7, 9, dtype=torch.float64))
    level = kernel._cut(likeness, chance, degree, 1)

    def conductance(region):
        region = region.double()
        cut = (region * kernel._passed(likeness, 1 - region)).sum()
        return cut / (degree * region).sum().minimum((degree * (1 - region)).sum())

    allowed = chance.flatten().sort(descending=True)[0][: round(kernel.LARGEST * 63)]
    torch.testing.assert_close(level, min(allowed, key=lambda one: conductance(chance >= one)))


def test_sizes_places_and_numbers_of_points_that_are_at_the_edge_of_what_there_is():
    picture, _ = scene()
    none = torch.zeros(0, 2)
    assert not picture_region(picture, DragPoints(none, none)).any()
    pin = torch.tensor([[0.3, 0.4]])
    assert not picture_region(picture, DragPoints(pin, pin)).any()
    for corner in ((0, 0), (WIDTH, HEIGHT)):
        region = picture_region(picture, drags(corner, way=(0, -1) if corner[1] else (0, 1)))
        row, column = (min(int(at), side - 1) for at, side in zip(corner[::-1], (HEIGHT, WIDTH), strict=True))
        assert region.shape == (HEIGHT, WIDTH) and region[row, column]
    flat = torch.full((3, 400, 20), 0.5)
    share = picture_region(flat, DragPoints(pin, pin + 0.1)).float().mean()
    assert 0 < share < 0.3
    # a pin on top of a handle does not take its place
    both = DragPoints(torch.cat((pin, pin)), torch.cat((pin + 0.1, pin)))
    region = picture_region(picture, both)
    assert region[int(0.4 * HEIGHT), int(0.3 * WIDTH)] and region.float().mean() < 0.3
    for size in ((1, 1), (3, 2)):
        assert picture_region(torch.rand(3, *size), DragPoints(pin, pin + 0.1)).shape == size


def test_values_that_are_no_numbers_are_refused():
    picture, _ = scene()
    picture[1, 50, 60] = torch.nan
    with pytest.raises(RegionError, match="has values that are no numbers"):
        picture_region(picture, drags((40, 38)))


def features_of(things):
    """Two entries [C, h, w] on cells of 8 pixels, in which a thing has another direction than the ground."""
    cells = torch.nn.functional.adaptive_avg_pool2d(things[None].float(), (HEIGHT // 8, WIDTH // 8))[0]
    generator = torch.Generator().manual_seed(0)
    for channels in (5, 8):
        ways = torch.randn(3, channels, generator=generator)
        parts = torch.cat((cells, 1 - cells.sum(0, keepdim=True)))
        grain = 0.02 * torch.randn(channels, *cells.shape[1:], generator=generator)
        yield torch.einsum("nc,nhw->chw", ways, parts) + grain


def test_recorded_features_find_it_at_the_size_and_in_the_place_of_the_picture():
    _, things = scene()
    height, width = HEIGHT // 8, WIDTH // 8
    # 6 rows and 6 columns are no whole cell
    whole = things[:, 3:-3, 3:-3]
    region = attention_region(features_of(whole), (height, width), drags((45, 40)), width, height)
    assert region.shape == (HEIGHT, WIDTH) and iou(region, things[0]) > 0.6
    rows, columns = region.nonzero().double().mean(0).tolist()
    assert abs(rows - 40) < 4 and abs(columns - 45) < 4
    points = drags((45, 40))
    unknown = DragPoints(points.handles, points.targets)
    assert attention_region(features_of(whole), (height, width), unknown, width, height).shape == (height, width)


def test_a_latent_of_another_picture_is_refused():
    _, things = scene()
    with pytest.raises(RegionError, match="placed on a 150 x 110 picture, but .* has 13 x 18 cells"):
        attention_region(features_of(things), (13, 18), drags((45, 40)), 13, 18)


def test_regions_are_found_in_any_order_of_points_and_the_same_each_time():
    picture, _ = scene()
    one, two = (picture_region(picture, drags(*order)) for order in (((40, 38), (50, 44)), ((50, 44), (40, 38))))
    assert torch.equal(one, two)
    assert torch.equal(walk_region([picture], torch.tensor([[40.0, 38]]), NONE, 1.0), walk_region(
        [picture[:1], picture[1:]], torch.tensor([[40.0, 38]]), NONE, 1.0
    ))  # fmt: skip
