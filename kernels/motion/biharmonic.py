"""Biharmonic functions of a region (Jacobson et al., SIGGRAPH 2011): laplacian^2 w = 0 inside, given values at points,
zero with zero slope from the border on; as a clamped plate is lifted at points."""

import torch

# of the mean response of a point to its own charge, so that points on top of each other are lifted as one
RIDGE = 1e-8
# pairs of points whose responses are computed at once
CHUNK = 1 << 17
# border cells of the largest plate that is kept: 8 MB
KEPT = 1000


def _spectrum(height, width, like):
    """What a unit charge adds to laplacian^2 [height, width // 2 + 1], inverted: rfft2 of the Green's function of a
    periodic lattice, without its mean."""
    y, x = (2 - 2 * torch.cos(2 * torch.pi / n * torch.arange(n).to(like)) for n in (height, width))
    power = (y[:, None] + x[: width // 2 + 1]).square()
    power[0, 0] = torch.inf
    return 1 / power


def _with_neighbours(cells):
    """cells [h, w] (bool) of a periodic lattice and the four beside each."""
    return cells | cells.roll(1, 0) | cells.roll(-1, 0) | cells.roll(1, 1) | cells.roll(-1, 1)


def cells_around(points):
    """Columns and rows [..., 4] of the lattice cells around points [..., 2] (x, y), and their bilinear weights."""
    corner = points.floor()
    u, v = (points - corner).unbind(-1)
    column, row = corner.long().unbind(-1)
    weight = torch.stack(((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v), -1)
    return torch.stack((column, column + 1) * 2, -1), torch.stack((row, row, row + 1, row + 1), -1), weight


class ClampedPlate:
    """The plate over the cells inside [h, w] (bool, not empty) of a lattice that ends two cells beyond them, or one
    where opposite sides can share the second.

    A charge on every border cell and at every point makes the field, by the Green's function of a periodic lattice. So
    the unknowns are the border's, not the plate's, and the factorised system serves any points.
    """

    def __init__(self, inside):
        self.inside = inside
        self.height, self.width = inside.shape
        self.spectrum = _spectrum(*inside.shape, torch.empty(0, dtype=torch.float64, device=inside.device))
        # for offsets from (-h, -w) on, so that the difference of two places finds the response
        self.green = torch.fft.irfft2(self.spectrum, inside.shape).repeat(2, 2).flatten()
        # laplacian^2 reaches over two cells: where both are zero, so is the slope
        rows, columns = (_with_neighbours(_with_neighbours(inside)) & ~inside).nonzero().T
        self.border = rows * self.width + columns
        self.places = self._place(columns, rows)
        # charges sum to zero, so the first border cell has what the others lack, and fields are relative to it
        response = self._response(self.places[:, None], self.places)
        self.of_first = response[1:, 0]
        system = response[1:, 1:] - response[1:, :1] - response[:1, 1:] + self.green[0]
        self.inverse = torch.cholesky_inverse(torch.linalg.cholesky_ex(system)[0])

    def _place(self, columns, rows):
        return rows * 2 * self.width + columns

    def _response(self, to, of):
        return self.green[to - of + 2 * self.width * self.height + self.width]

    def _lifted(self, points, values):
        columns, rows, weight = cells_around(points)
        places = self._place(columns, rows)
        border = (self._response(self.places, places[..., None]) * weight[..., None]).sum(2)
        first, border = border[..., :1], border[..., 1:] - border[..., :1] - self.of_first + self.green[0]
        between = self._response(places[:, :, None, :, None], places[:, None, :, None])
        between = torch.einsum("snmij,sni,smj->snm", between, weight, weight) - first - first.mT + self.green[0]
        # a point's charge, answered by the border's: the Green's function of the plate
        answer = border @ self.inverse
        between = between - answer @ border.mT
        ridge = RIDGE * between.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
        between = between + ridge * torch.eye(points.shape[1], dtype=ridge.dtype, device=ridge.device)
        charge = torch.cholesky_solve(values, torch.linalg.cholesky_ex(between)[0]).mT

        lattice = charge.new_zeros(*charge.shape[:2], self.height * self.width)
        index = (rows * self.width + columns).flatten(1)[:, None].expand(-1, charge.shape[1], -1)
        lattice.scatter_add_(2, index, (charge[..., None] * weight[:, None]).flatten(2))
        lattice[..., self.border[1:]] -= charge @ answer
        lattice[..., self.border[0]] -= lattice.sum(2)
        lattice = lattice.unflatten(2, (self.height, self.width))
        field = torch.fft.irfft2(torch.fft.rfft2(lattice) * self.spectrum, self.inside.shape)
        return (field - field.flatten(2)[..., self.border[:1], None]) * self.inside

    def lifted(self, points, values):
        """Fields [S, k, h, w] that have values [S, N, k] at points [S, N, 2] (x, y; cells, read bilinearly), 0
        from the border on. The points lie between cells inside."""
        size = max(1, CHUNK // points.shape[1] ** 2)
        return torch.cat([self._lifted(*part) for part in zip(points.split(size), values.split(size), strict=True)])


class Plates:
    """The plates of the last few regions, at hand while their arrows are pulled: called as ClampedPlate is."""

    def __init__(self, most=8):
        self.most, self.made = most, {}

    def __call__(self, inside):
        key = inside.device, inside.shape, inside.cpu().numpy().tobytes()
        plate = self.made.pop(key, None) or ClampedPlate(inside)
        if len(plate.border) <= KEPT:
            self.made[key] = plate
        if len(self.made) > self.most:
            del self.made[next(iter(self.made))]
        return plate
