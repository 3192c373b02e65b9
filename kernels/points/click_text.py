"""Handles as the clicks that segmentation nodes take: a JSON list of {"x", "y"} in whole pixels (SAM3 Detect)."""

import json


def click_text(positions, width, height):
    """positions [N, 2] (x, y), fractions of a width x height picture, as text; [] without any."""
    pixels = (positions * positions.new_tensor([width, height])).long().tolist()
    # the right and lower border of the picture belong to its last pixels
    return json.dumps([{"x": min(x, width - 1), "y": min(y, height - 1)} for x, y in pixels])
