"""Where a loss no longer falls."""

from dragkit.kernels.diffusion.loss_plateau import Plateau


def reached_at(losses, patience=3, tolerance=0.01):
    plateau = Plateau(patience, tolerance)
    for i, loss in enumerate(losses):
        plateau.add(loss)
        if plateau.reached:
            return i
    return None


def test_the_plateau_is_where_no_measurement_is_lower_any_more():
    assert reached_at([0.9**i for i in range(50)]) is None
    assert reached_at([1.0, 0.9, 0.9, 0.9, 0.9]) == 4
    assert reached_at([1.0] * 10) == 3
    assert reached_at([1.0, 1.1, 1.2, 0.98, 1.1, 1.2, 0.97, 0.975]) is None
    assert reached_at([1.0, 0.5, 0.6, 0.7, 0.8, 0.4]) == 4
    # many small steps are a fall, too, if together they are large enough
    assert reached_at([0.996**i for i in range(50)]) is None
    assert reached_at([0.999**i for i in range(50)]) == 3
    assert reached_at([1.0, 0.9, 0.9, 0.9], patience=2) == 3
    assert reached_at([1.0, 0.9, 0.8, 0.7, 0.6], tolerance=0.5) == 3
