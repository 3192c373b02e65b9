"""The clamped plate: a dense solve of the same equations, the formula of a round plate, symmetry, equal points."""

import numpy as np
import pytest
import torch
from dragkit.kernels.motion.biharmonic import ClampedPlate, Plates

HEIGHT, WIDTH = 27, 38
Y, X = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
OVAL = ((X - 18.5) / 16) ** 2 + ((Y - 13) / 10.5) ** 2 < 1
RING = OVAL & ((X - 20) ** 2 + (Y - 12) ** 2 > 16)
CORNER = (X > 1) & (X < 36) & (Y > 1) & (Y < 25) & ~((X > 16) & (Y > 11))


def dense(inside, points, values):
    """The field of least |laplacian|^2 over the frame, by a dense solve for every cell inside; 0 elsewhere."""
    height, width = inside.shape
    laplacian = np.zeros((height, width, height, width))
    for y, x in np.ndindex(height, width):
        for other in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= other[0] < height and 0 <= other[1] < width:
                laplacian[(y, x, *other)] += 1
                laplacian[y, x, y, x] -= 1
    laplacian = laplacian.reshape(height * width, -1)
    read = np.zeros((len(points), height, width))
    for row, (x, y) in zip(read, points.tolist(), strict=True):
        left, top = int(x), int(y)
        for cell, weight in (((top, left), 1 - x + left), ((top, left + 1), x - left)):
            row[cell] += weight * (1 - y + top)
            row[cell[0] + 1, cell[1]] += weight * (y - top)
    free = inside.numpy().ravel()
    system, read = (laplacian.T @ laplacian)[free][:, free], read.reshape(len(points), -1)[:, free]
    response = np.linalg.solve(system, read.T)
    field = np.zeros((values.shape[1], height * width))
    field[:, free] = (response @ np.linalg.solve(read @ response, values.numpy())).T
    return torch.from_numpy(field.reshape(-1, height, width))


@pytest.mark.parametrize("inside", [OVAL, RING, CORNER], ids=["oval", "ring", "corner"])
def test_the_plate_is_a_dense_solve_of_every_cell(inside):
    points = torch.tensor([[8.0, 14], [15.3, 6.75], [10.5, 9.25], [12, 16.8]], dtype=torch.float64)
    values = torch.tensor([[1.0, -3], [1, 0], [1, 2], [1, 0.5]], dtype=torch.float64)
    plate = ClampedPlate(inside)
    # sets of points at once, each on its own
    lifted = plate.lifted(torch.stack((points, points.flip(0))), torch.stack((values, values)))
    for field, at in zip(lifted, (points, points.flip(0)), strict=True):
        torch.testing.assert_close(field, dense(inside, at, values), rtol=0, atol=1e-6)


def test_a_round_plate_follows_its_formula():
    side, radius = 131, 60
    y, x = torch.meshgrid(torch.arange(side) - 65.0, torch.arange(side) - 65.0, indexing="ij")
    r = torch.hypot(x, y).double() / radius
    centre = torch.full((1, 1, 2), 65.0, dtype=torch.float64)
    field = ClampedPlate(r < 1).lifted(centre, torch.ones(1, 1, 1, dtype=torch.float64))[0, 0]
    # deflection of a clamped round plate under a load at its centre: with zero slope at both
    expected = torch.where(r < 1, 1 - r**2 + 2 * r**2 * r.clamp(min=1e-9).log(), 0)
    torch.testing.assert_close(field, expected, rtol=0, atol=0.02)


def test_a_mirrored_plate_is_lifted_alike():
    points = torch.tensor([[[9.25, 14], [20, 7.5]]], dtype=torch.float64)
    mirrored = torch.stack((WIDTH - 1 - points[..., 0], points[..., 1]), -1)
    values = torch.ones(1, 2, 1, dtype=torch.float64)
    field = ClampedPlate(CORNER).lifted(points, values)
    other = ClampedPlate(CORNER.flip(1)).lifted(mirrored, values)
    torch.testing.assert_close(field, other.flip(3), rtol=0, atol=1e-6)


def test_points_in_one_place_lift_as_one():
    points = torch.tensor([[[9.25, 14], [20, 7.5]]], dtype=torch.float64)
    one = torch.ones(1, 2, 1, dtype=torch.float64)
    plate = ClampedPlate(CORNER)
    field = plate.lifted(points.repeat(1, 5, 1), one.repeat(1, 5, 1))
    torch.testing.assert_close(field, plate.lifted(points, one), rtol=0, atol=1e-5)


def test_plates_at_hand_are_not_solved_again(monkeypatch):
    plates, solved = Plates(2), []
    cholesky = torch.linalg.cholesky_ex
    monkeypatch.setattr(torch.linalg, "cholesky_ex", lambda system: solved.append(system) or cholesky(system))
    first = plates(CORNER)
    assert torch.equal(first.inverse, ClampedPlate(CORNER).inverse) and len(solved) == 2
    assert plates(CORNER.clone()) is first and len(solved) == 2
    others = [plates(one) for one in (CORNER.flip(1), CORNER.flip(0))]
    assert plates(CORNER.flip(1)) is others[0] and plates(CORNER) is not first
    # nor is much memory kept: this one is nearly all border
    comb = torch.zeros(68, 68, dtype=torch.bool)
    comb[2:-2:5, 2:-2:5] = True
    assert len(plates(comb).border) > 1000 and plates(comb) is not plates(comb)
    # the same cells in another shape are another region
    row = torch.ones(2, 8, dtype=torch.bool)
    assert plates(torch.nn.functional.pad(row, (2,) * 4)).inside.shape == (6, 12)
    assert plates(torch.nn.functional.pad(row.view(4, 4), (2,) * 4)).inside.shape == (8, 8)
