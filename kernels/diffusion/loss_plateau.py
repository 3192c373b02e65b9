"""When a loss has stopped falling."""


class Plateau:
    """Has watched a loss fall and says when it no longer does: when none of the last `patience` measurements is below
    the lowest before them by more than the part `tolerance` of it.

    For losses measured each time on the same data; a loss of other data each time is too noisy for this rule.
    """

    def __init__(self, patience, tolerance):
        self.patience, self.tolerance = patience, tolerance
        self.losses = []

    def add(self, loss):
        """Takes in the next measurement."""
        self.losses.append(loss)

    @property
    def reached(self):
        before, last = self.losses[: -self.patience], self.losses[-self.patience :]
        return bool(before) and min(last) >= (1 - self.tolerance) * min(before)
