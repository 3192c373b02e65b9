"""Latent cells on pictures of any size."""

import pytest
import torch
from dragkit.kernels.points.drag_points import DragPoints
from dragkit.kernels.points.latent_cells import CELLS, cell_of, enlarged_cells, margin, whole_cells


def test_whole_cells_lie_around_the_centre_as_vae_encode_has_them():
    # (x % 8) // 2, of comfy.sd.VAE.vae_encode_crop_pixels
    assert [margin(side, 8) for side in range(248, 257)] == [0, 0, 1, 1, 2, 2, 3, 3, 0]
    picture = torch.arange(263 * 30).view(1, 263, 30)
    cut = whole_cells(picture, 8)
    assert cut.shape == (1, 256, 24) and torch.equal(cut, picture[:, 3:259, 3:27])
    assert torch.equal(whole_cells(picture[:, None], 16, (2, 3))[:, 0], picture[:, 3:259, 7:23])
    assert whole_cells(picture, 32).shape == (1, 256, 0)


@pytest.mark.parametrize("cell", CELLS)
def test_the_cell_of_a_latent_is_found_from_the_sizes(cell):
    for width in range(2 * cell + 1, 4 * cell):
        height = 3 * cell + (width * 5) % cell
        found = cell_of(width, height, width // cell, height // cell)
        assert found == (cell if width % cell or height % cell else None)
    # other grids over the whole of a picture
    assert cell_of(256, 192, 256, 192) is cell_of(263, 191, 263, 191) is cell_of(263, 191, 128, 96) is None


@pytest.mark.parametrize("cell", [8, 16])
@pytest.mark.parametrize("size", [(363, 390), (349, 355), (352, 363)])
def test_points_are_on_the_cell_that_their_pixel_is_on(size, cell):
    left, top = (margin(side, cell) for side in size)
    # the centres of cells (2, 5) and (20, 11)
    handles, targets = ([[left + (x + 0.5) * cell, top + (y + 0.5) * cell]] for x, y in ((2, 5), (20, 11)))
    points = DragPoints.from_pixels(handles, targets, *size)
    columns, rows = (side // cell for side in size)
    for ends, cells in zip(points.to_grid(columns, rows), ([[2, 5]], [[20, 11]]), strict=True):
        torch.testing.assert_close(ends, torch.tensor(cells, dtype=torch.float64))
    # on the picture itself, and on a grid over all of it, they are where they were
    assert torch.equal(points.to_grid(*size)[0], points.to_pixels(*size)[0] - 0.5)
    assert torch.equal(points.to_grid(64, 48)[0], points.to_pixels(64, 48)[0] - 0.5)


def test_points_beyond_the_whole_cells_are_at_their_border():
    points = DragPoints.from_pixels([[0, 0], [131, 101], [50, 60]], [[131, 0], [0, 101], [70, 50]], 131, 101)
    cut = points.on_cells(131, 101, 8)
    assert cut.image_size == (128, 96)
    for ends, pixels in zip(
        cut.to_pixels(128, 96), ([[0, 0], [128, 96], [49, 58]], [[128, 0], [0, 96], [69, 48]]), strict=True
    ):
        torch.testing.assert_close(ends, torch.tensor(pixels, dtype=torch.float64))


def test_cells_are_enlarged_to_where_they_lie_on_the_picture():
    # 3 and 5 pixels are left over: 1 and 2 in front
    values = torch.rand(1, 2, 4, 6, generator=torch.Generator().manual_seed(0))
    wide = enlarged_cells(values, 6 * 8 + 5, 4 * 8 + 3, 8)
    assert wide.shape == (1, 2, 35, 53)
    whole = whole_cells(wide, 8, (2, 3))
    # half of a cell at the border, and what is left over beside it, have its value; no more than that
    torch.testing.assert_close(whole[:, :, 0, 0], values[:, :, 0, 0])
    for axis, (first, last) in {2: (1 + 4, 2 + 4), 3: (2 + 4, 3 + 4)}.items():
        lines = wide.unbind(axis)
        assert all(torch.allclose(lines[0], one) for one in lines[:first])
        assert not torch.allclose(lines[0], lines[first])
        assert all(torch.allclose(lines[-1], one) for one in lines[-last:])
        assert not torch.allclose(lines[-1], lines[-last - 1])
