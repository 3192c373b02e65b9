"""The latent warpage function: the published numbers, and those that the editor's preview must find too."""

import json
from pathlib import Path

import pytest
import torch
from dragkit.kernels.motion.lwf import MISS, circumscribed_circle, lwf, stretch_ratio
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


def formula(handles, targets, mask, cells):
    """Displacements [n, 2] of cells [n, 2] by the published formula."""
    circle = circumscribed_circle(mask)
    ratios = torch.stack([stretch_ratio(cells, handle, *circle) for handle in handles], 1)
    weights = 1 / (torch.cdist(cells, handles) + 1e-4)
    return (weights * ratios) @ (targets - handles) / weights.sum(1, keepdim=True)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [(256, 192), (300, 420), (900, 1300)])
def test_lwf_is_the_formula_on_a_latent_and_near_it_on_a_picture(size, seed):
    generator = torch.Generator().manual_seed(seed)
    extent = torch.tensor(size[::-1], dtype=torch.float64)
    handles = (0.1 + 0.8 * torch.rand(7, 2, generator=generator, dtype=torch.float64)) * extent
    targets = handles + 0.1 * extent * torch.randn(7, 2, generator=generator, dtype=torch.float64)
    mask = torch.ones(size, dtype=torch.bool)
    mask[: size[0] // 5, : size[1] // 3] = False
    # cells all over, and around the handles, where it bends most
    near = (handles[:, None] + 30 * torch.randn(7, 500, 2, generator=generator)).flatten(0, 1)
    cells = torch.cat((torch.rand(4000, 2, generator=generator) * extent, near)).round()
    cells = cells.clamp(min=0).minimum(extent - 1)
    x, y = cells.long().T
    flow = lwf(handles, targets, mask)[0][:, y, x].T.double()
    expected = torch.where(mask[y, x][:, None], formula(handles, targets, mask, cells), 0)
    tolerance = 1e-5 if max(size) <= 256 else MISS
    assert (flow - expected).norm(dim=1).max() < tolerance


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
