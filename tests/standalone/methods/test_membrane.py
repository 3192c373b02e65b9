import pytest
import torch
from dragkit.standalone.methods.membrane import MembraneError, fill, pull_sheet, sheet_back, span

HEIGHT, WIDTH = 96, 160


def points(*pairs):
    return torch.tensor(pairs, dtype=torch.float64)


def ramp():
    """[1, 3, H, W]: x, y and a constant, in 0..1."""
    y, x = torch.meshgrid(torch.arange(HEIGHT) / HEIGHT, torch.arange(WIDTH) / WIDTH, indexing="ij")
    return torch.stack((x, y, torch.full_like(x, 0.25)))[None]


@pytest.mark.parametrize("hole", [(slice(20, 50), slice(30, 93)), (slice(40, 41), slice(10, 150)), (slice(5, 6),) * 2])
def test_a_linear_picture_is_filled_as_it_was(hole):
    # a linear function solves Laplace's equation
    unknown = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    unknown[(..., *hole)] = True
    image = ramp()
    found = span(image.masked_fill(unknown, 7.0), unknown)
    assert torch.equal(found[..., ~unknown[0, 0]], image[..., ~unknown[0, 0]])
    assert (found - image).abs().max() < 0.02


def test_fill_leaves_what_is_outside_and_fades_with_the_mask():
    image = torch.rand(1, 4, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, HEIGHT, WIDTH)
    mask[:, 20:40, 30:70] = 1
    mask[:, 40, 30:70] = 0.25
    found = fill(image, mask)
    assert torch.equal(found[..., mask[0] == 0], image[..., mask[0] == 0])
    inside = found[..., 25:35, 40:60]
    assert inside.std() < 0.1 and (inside - 0.5).abs().max() < 0.3
    full = fill(image, (mask > 0).float())
    torch.testing.assert_close(found[..., 40, 30:70], torch.lerp(image, full, 0.25)[..., 40, 30:70])
    for nothing in (torch.zeros_like(mask), torch.ones_like(mask)):
        assert torch.equal(fill(image, nothing), image)


@pytest.mark.parametrize("whole", [True, False])
def test_a_handle_arrives_and_the_border_holds(whole):
    region = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    if not whole:
        region[:, :30] = False
    handles, targets = points([60, 40], [110, 60]), points([75, 45], [100, 50])
    back = sheet_back(handles, targets, region)
    for handle, target in zip(handles.long(), targets.long(), strict=True):
        torch.testing.assert_close(back[:, target[1], target[0]], (handle - target).float(), atol=0.6, rtol=0)
    assert not back[:, ~region].any()
    # a handle at the border of the region pulls nothing outside it
    assert not sheet_back(points([31, 40]), points([50, 40]), region)[:, ~region].any()
    assert not back[:, 0].any() and not back[:, -1].any() and not back[:, :, 0].any() and not back[:, :, -1].any()
    # the sheet is not torn, at the border of the region either
    assert back.diff(dim=1).abs().max() < 6 and back.diff(dim=2).abs().max() < 6


def test_a_long_pull_does_not_fold():
    handles, targets = points([40, 48]), points([120, 48])
    back = sheet_back(handles, targets, torch.ones(HEIGHT, WIDTH, dtype=torch.bool))
    # sources along the row of the pull keep their order
    source = torch.arange(WIDTH) + back[0, 48]
    assert source.diff().min() > -1e-3 and abs(source[120] - 40) < 0.6


def test_pull_sheet_samples_what_was_there_and_keeps_the_rest_bit_for_bit():
    image = ramp()
    region = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    region[10:80, 20:140] = True
    handles, targets = points([60, 40]), points([80, 44])
    for sampling in ("bilinear", "bicubic"):
        found = pull_sheet(image, handles, targets, region, sampling)
        torch.testing.assert_close(found[..., 44, 80], image[..., 40, 60], atol=0.01, rtol=0)
        assert torch.equal(found[..., ~region], image[..., ~region])
    for nothing in (points([60, 40]), torch.zeros(0, 2, dtype=torch.float64)):
        assert torch.equal(pull_sheet(image, nothing, nothing, region), image)


def test_transparent_colours_take_no_part():
    image = torch.zeros(1, 4, HEIGHT, WIDTH)
    image[:, 0] = 1  # red that nobody sees
    image[:, :, 30:60, 40:100] = torch.tensor([0, 1.0, 0, 1]).view(1, 4, 1, 1)
    found = pull_sheet(image, points([70, 45]), points([80.5, 49.5]), torch.ones(HEIGHT, WIDTH, dtype=torch.bool))
    assert (found[:, 3] > 0.02).sum() > 1000
    seen = (found[:, 3] > 0.02)[0]
    assert found[0, 0][seen & (found[0] != image[0]).any(0)].max() < 0.01
    torch.testing.assert_close(found[0, :, 49, 80], torch.tensor([0, 1.0, 0, 1]), atol=1e-3, rtol=0)


@pytest.mark.parametrize("height,width", [(1, 1), (1, 300), (8, 8), (3, 500)])
def test_small_pictures(height, width):
    image = torch.rand(1, 3, height, width)
    handle, target = points([0, 0]), points([width - 1, height - 1])
    found = pull_sheet(image, handle, target, torch.ones(height, width, dtype=torch.bool))
    assert found.shape == image.shape and found.isfinite().all()


def test_a_handle_outside_the_mask_is_named():
    region = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    region[:, :50] = True
    with pytest.raises(MembraneError, match="point 2 starts outside the mask"):
        sheet_back(points([10, 10], [60, 10]), points([12, 10], [70, 10]), region)
