"""MD in its ways, against values by hand and against the formula written out."""

import pytest
import torch
import torch.nn.functional as F
from dragkit.standalone.bench.mean_distance import discs, found_at, in_pixels, in_sides

SIZE = 12, 20


def features(seed, channels=130):
    # more channels than are enlarged at a time
    return torch.randn(1, channels, 3, 5, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_the_best_cosine_of_the_enlarged_features_is_found(mode):
    source, dragged, handles = features(0), features(1), torch.tensor([[3, 2], [19, 11], [0, 0]])
    large, other = (F.interpolate(one, SIZE, mode=mode) for one in (source, dragged))
    region = torch.rand(3, *SIZE, generator=torch.Generator().manual_seed(2)) > 0.7
    for where in (None, region[:1], region):
        found = found_at(source, dragged, handles, SIZE, where, mode)
        for i, (x, y) in enumerate(handles.tolist()):
            cosine = F.cosine_similarity(large[0, :, y, x].view(1, -1, 1, 1), other)[0]
            if where is not None:
                cosine[~where[i % len(where)]] = -2
            assert found[i].tolist() == [cosine.argmax().item() % SIZE[1], cosine.argmax().item() // SIZE[1]]


def test_by_hand():
    # one channel is large at one place, as the picture's 4 x 4 pixels of that cell
    dragged = torch.zeros(1, 2, 3, 5)
    dragged[:, 1] = 1
    dragged[0, :, 1, 3] = torch.tensor([1.0, 0.0])
    source = torch.zeros(1, 2, 3, 5)
    source[0, 0] = 1
    found = found_at(source, dragged, torch.tensor([[5, 5]]), SIZE, mode="nearest")
    # the first of its pixels
    assert found.tolist() == [[12, 4]]
    assert in_pixels(found, torch.tensor([[15, 8]])).tolist() == [5]
    assert in_sides(found, torch.tensor([[16, 7]]), SIZE).tolist() == [pytest.approx((0.2**2 + 0.25**2) ** 0.5)]
    # where a pixel is not looked at, another one is found
    assert found_at(source, dragged, torch.tensor([[5, 5]]), SIZE, torch.arange(20) > 13, "nearest").tolist() == [
        [14, 4]
    ]


def test_discs_are_around_both_ends():
    one, least = discs(torch.tensor([[20, 30], [50, 30]]), torch.tensor([[20, 10], [50, 30]]), (60, 70))
    # the drag is 20 long
    radius = 20 / 2**0.5
    assert (
        one[30, 20]
        and one[10, 20]
        and one[30, 20 + 14]
        and not one[30, 20 + 15]
        and radius == pytest.approx(14.14, 0.01)
    )
    assert one[44, 20] and not one[45, 20] and not one[30, 50]
    # five pixels are not less than five
    assert least[30, 54] and not least[30, 55] and least.sum() == 69
