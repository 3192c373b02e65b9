"""Moving least squares (Schaefer, McPhail, Warren, SIGGRAPH 2006): at every cell v the rigid, similar or affine motion
that fits the drags best, nearby ones most. A motion of the kind that all drags share is reproduced exactly."""

import torch

# of the weight 1 / (distance^2 + 1e-4): a hundredth of a cell, so that a handle on a cell has a finite weight
EPSILON = 1e-4
# part of the spread of the handles below which an affine motion follows the similarity, as on a line of handles
SPREAD = 1e-4
# values of a temporary [handles, cells]
CHUNK = 1 << 22


def _moments(v, handles, targets):
    """Weights [N, n] that sum to 1, and the offsets of handles and targets from their weighted means p* and q*, each
    two [N, n]; p* and q* - p* [2, n]. v [2, n] are the cells."""
    p, vectors = handles.T, (targets - handles).T
    weight = 1 / ((v[0] - p[0][:, None]).square() + (v[1] - p[1][:, None]).square() + EPSILON)
    weight = weight / weight.sum(0)
    centre, shift = p @ weight, vectors @ weight
    hat_p = p[..., None] - centre[:, None]
    hat_q = hat_p + (vectors[..., None] - shift[:, None])
    return weight, hat_p, hat_q, centre, shift


def _similarity(weight, hat_p, hat_q, turns):
    """Rotation and scale (a, b), each [n], of the matrix [[a, -b], [b, a]] that takes hat_p to hat_q."""
    # one handle, or several at one place, neither turn nor scale
    norm = (weight * (hat_p[0].square() + hat_p[1].square())).sum(0) + 1e-9
    a = (weight * (hat_p[0] * hat_q[0] + hat_p[1] * hat_q[1])).sum(0) + 1e-9
    b = (weight * (hat_p[0] * hat_q[1] - hat_p[1] * hat_q[0])).sum(0)
    if turns is not None:
        norm, a, b = (one + more for one, more in zip((norm, a, b), turns.moments(weight), strict=True))
    return a / norm, b / norm


def _similar_matrix(weight, hat_p, hat_q, turns):
    a, b = _similarity(weight, hat_p, hat_q, turns)
    return (a, -b), (b, a)


def _rigid_matrix(weight, hat_p, hat_q, turns):
    a, b = _similarity(weight, hat_p, hat_q, turns)
    length = torch.hypot(a, b)
    turned = length > 1e-6
    a, b = torch.where(turned, a / length, 1.0), torch.where(turned, b / length, 0.0)
    return (a, -b), (b, a)


def _affine_matrix(weight, hat_p, hat_q, turns):
    (a, _), (b, _) = _similar_matrix(weight, hat_p, hat_q, turns)
    x, y = hat_p
    xx, xy, yy = ((weight * product).sum(0) for product in (x * x, x * y, y * y))
    # normal equations of what the similarity leaves; damped, so that directions without a handle stay with it
    rest = hat_q[0] - (a * x - b * y), hat_q[1] - (b * x + a * y)
    damping = SPREAD * (xx + yy) + 1e-9
    if turns is not None:
        # what the rings want is in the similarity; they hold the rest there
        damping = damping + turns.moments(weight)[0] / 2
    determinant = (xx + damping) * (yy + damping) - xy * xy
    rows = []
    for part, (along_x, along_y) in zip(rest, ((a, -b), (b, a)), strict=True):
        right_x, right_y = (weight * part * x).sum(0), (weight * part * y).sum(0)
        rows.append((
            along_x + ((yy + damping) * right_x - xy * right_y) / determinant,
            along_y + ((xx + damping) * right_y - xy * right_x) / determinant,
        ))  # fmt: skip
    return tuple(rows)


def _moving(matrix_of):
    def motion(cells, handles, targets, turns=None):
        """Displacements [2, n] of the cells [2, n] (x, y) by the drags handles -> targets [N, 2] and Turns."""
        parts = []
        for v in cells.split(max(1, CHUNK // len(handles)), 1):
            weight, hat_p, hat_q, centre, shift = _moments(v, handles, targets)
            (xx, xy), (yx, yy) = matrix_of(weight, hat_p, hat_q, turns)
            dx, dy = v - centre
            parts.append(shift + torch.stack(((xx - 1) * dx + xy * dy, yx * dx + (yy - 1) * dy)))
        return torch.cat(parts, 1)

    return motion


rigid, similarity, affine = _moving(_rigid_matrix), _moving(_similar_matrix), _moving(_affine_matrix)
