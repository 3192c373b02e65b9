"""The latent warpage function: the published numbers, and those that the editor's preview must find too."""

import json
from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.lwf import circumscribed_circle, lwf, stretch_ratio
from dragkit.kernels.points.masks import mask_to_grid

from ...golden.fastdrag_warp import CASES, case

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/lwf_js.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_lwf_matches_the_published_field(name):
    g, handles, targets, mask = case(name)
    centre, radius = circumscribed_circle(mask)
    torch.testing.assert_close(centre.flip(0).float(), g["circle_center_yx"])
    torch.testing.assert_close(radius.float(), g["circle_radius"][0])
    flow = lwf(handles, targets, mask)
    moved = g["dest_yx"][:, 0] != -9999
    torch.testing.assert_close(flow[0].flip(0)[:, mask].T[moved], g["move_vector_yx"][moved], rtol=1e-4, atol=1e-4)
    cells = mask.nonzero().flip(-1).double()
    ratios = torch.stack([stretch_ratio(cells, handle, centre, radius) for handle in handles])
    torch.testing.assert_close(ratios[:, moved].float(), g["scale_factor"][:, moved], rtol=1e-3, atol=1e-4)


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
