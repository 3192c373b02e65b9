"""As-rigid-as-possible motion of a grid of squares (Sorkine, Alexa, SGP 2007; squares as in Sykora et al., NPAR 2009):
the handles reach their targets while every square turns as a whole and stretches as little as it can."""

import torch

from .mls import rigid

# squares along the longer side of the region
SQUARES = 24
ITERATIONS = 40
# weight of the handles against one square, and of the first guess, which holds squares that no handle is tied to
HANDLE, GUESS = 1e3, 1e-6


def _bilinear(points, used, step):
    """Corners [N, 4] (row-major indices) of the used square nearest to each point [N, 2], and their weights [N, 4];
    a point outside its square extrapolates it."""
    rows, columns = used.nonzero().T
    centres = torch.stack((columns, rows), 1).double() + 0.5
    nearest = (points[:, None] / step - centres).abs().amax(-1).argmin(1)
    row, column = rows[nearest], columns[nearest]
    u, v = (points / step - torch.stack((column, row), 1)).T
    corner = row * (used.shape[1] + 1) + column
    below = used.shape[1] + 1
    index = torch.stack((corner, corner + 1, corner + below, corner + below + 1), 1)
    return index, torch.stack(((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v), 1)


def arap_nodes(handles, targets, used, step):
    """Displacements [2, h + 1, w + 1] of the corners of squares of side step, of which used [h, w] (bool) hold
    content; handles and targets [N, 2] in cells from the first corner. Zero at corners of no used square."""
    height, width = used.shape
    rows, columns = used.nonzero().T
    corner = rows * (width + 1) + columns
    squares = torch.stack((corner, corner + 1, corner + width + 1, corner + width + 2), 1)
    vertices, squares = squares.unique(return_inverse=True)
    axes = [torch.arange(n + 1, dtype=torch.float64) * step for n in (width, height)]
    rest = torch.stack(torch.meshgrid(*axes, indexing="xy"), -1).flatten(0, 1)[vertices]
    index, weight = _bilinear(handles, used, step)
    index = torch.searchsorted(vertices, index)

    count = len(vertices)
    system = torch.eye(count, dtype=torch.float64) * GUESS
    local = torch.eye(4, dtype=torch.float64) - 0.25
    pairs = squares[:, :, None] * count + squares[:, None]
    system.view(-1).index_add_(0, pairs.flatten(), local.repeat(len(squares), 1, 1).flatten())
    tie = torch.zeros(len(handles), count, dtype=torch.float64).scatter_add_(1, index, weight)
    system += HANDLE * tie.T @ tie
    solve = torch.cholesky_inverse(torch.linalg.cholesky(system))

    moved = rigid(rest.T, handles, targets).T
    fixed = HANDLE * tie.T @ (targets - handles) + GUESS * moved
    square = rest[squares] - rest[squares].mean(1, keepdim=True)
    for _ in range(ITERATIONS):
        now = (rest + moved)[squares]
        a = (square * now).sum((1, 2))
        b = (square[..., 0] * now[..., 1] - square[..., 1] * now[..., 0]).sum(1)
        length = torch.hypot(a, b).clamp(min=1e-12)
        a, b = (a / length)[:, None], (b / length)[:, None]
        turned = torch.stack((a * square[..., 0] - b * square[..., 1], b * square[..., 0] + a * square[..., 1]), -1)
        moved = solve @ fixed.index_add(0, squares.flatten(), (turned - square).flatten(0, 1))
    nodes = torch.zeros((height + 1) * (width + 1), 2, dtype=torch.float64)
    nodes[vertices] = moved
    return nodes.T.view(2, height + 1, width + 1)
