"""The pictures that web/preview is held against are what the kernels give now."""

import json
from pathlib import Path

import torch

from ...golden import make_moved_picture

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/moved_picture_js.json").read_text(encoding="utf-8"))


def split(cases, *names):
    return [{name: case.pop(name) for name in names} for case in cases], cases


def same(found, golden):
    """Share of equal items of two lists."""
    assert len(found) == len(golden)
    return sum(a == b for a, b in zip(found, golden, strict=True)) / len(golden)


def test_moved_pictures_are_those_of_the_golden_file():
    found, golden = json.loads(json.dumps(list(make_moved_picture.cases()))), GOLDEN["cases"]
    found, how = split(found, "marks", "colours")
    golden, expected = split(golden, "marks", "colours")
    assert how == expected
    for one, other in zip(found, golden, strict=True):
        # single precision decides about a few pixels at borders
        assert same("".join(one["marks"]), "".join(other["marks"])) > 0.99
        off = (torch.tensor(one["colours"]) - torch.tensor(other["colours"])).abs()
        assert (off <= 1).float().mean() > 0.99


def test_moved_cells_are_those_of_the_golden_file():
    found, golden = json.loads(json.dumps(list(make_moved_picture.latents()))), GOLDEN["latents"]
    found, how = split(found, "from", "holes")
    golden, expected = split(golden, "from", "holes")
    assert how == expected
    for one, other in zip(found, golden, strict=True):
        assert same(one["from"], other["from"]) > 0.99 and same(one["holes"], other["holes"]) > 0.99
