"""What a check gives: a row that says pass, fail or not tried, and why."""

import math

PASS, FAIL, NOT_TRIED = "pass", "fail", "not tried"


def _row(outcome, value=None, unit="", limit=None, reason="", goal=None):
    """limit is what the value must not exceed, goal what it should not on an H100 or its like: that decides nothing."""
    if isinstance(value, float) and not math.isfinite(value):
        value = None
    found = {"outcome": outcome, "value": value, "unit": unit, "limit": limit, "goal": goal, "reason": reason}
    return {key: one for key, one in found.items() if one not in (None, "")}


def passed(value=None, unit="", limit=None, reason="", goal=None):
    return _row(PASS, value, unit, limit, reason, goal)


def failed(reason, value=None, unit="", limit=None):
    return _row(FAIL, value, unit, limit, reason)


def not_tried(reason):
    return _row(NOT_TRIED, reason=reason)


def judged(value, unit, limit, reason):
    """Passed where the value is at most the limit, else failed for that reason."""
    if value is not None and value <= limit:
        return passed(value, unit, limit)
    return failed(reason, value, unit, limit)


def sentence(error):
    """The first line of an exception, with its kind where that is not said."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
