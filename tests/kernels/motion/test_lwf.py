"""The numbers that the editor's preview must find too: the kernels still give what the golden file holds."""

import json
from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.lwf import lwf
from dragkit.kernels.points.masks import mask_to_grid

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/lwf_js.json").read_text(encoding="utf-8"))


def mask_of(rows):
    return torch.tensor([[value == "#" for value in row] for row in rows])


@pytest.mark.parametrize("case", GOLDEN["lwf"], ids=lambda case: case["name"])
def test_the_golden_displacements(case):
    handles, targets = (torch.tensor(case[key], dtype=torch.float64).view(-1, 2) for key in ("handles", "targets"))
    flow = lwf(handles, targets, mask_of(case["mask"]))
    expected = torch.tensor(case["flow"]).view(case["height"], case["width"], 2).permute(2, 0, 1)[None]
    torch.testing.assert_close(flow, expected, rtol=0, atol=5e-6)


@pytest.mark.parametrize("case", GOLDEN["cells"], ids=lambda case: case["name"])
def test_the_golden_cells(case):
    expected = mask_of(case["cells"])
    assert torch.equal(mask_to_grid(mask_of(case["mask"])[None].float(), *expected.shape)[0], expected)
