"""Motion that is held at the border of its region: handles hit, the border still, no fold, small and odd regions."""

import pytest
import torch
import torch.nn.functional as F
from dragkit.kernels.motion.displacements import DISPLACEMENTS, MOVING_LEAST_SQUARES, displace
from dragkit.kernels.motion.elastic import HeldRegion
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from ..known_motions import DISC, HANDLES, HEIGHT, RING, TWO, WIDTH

ALL = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
KINDS = list(MOVING_LEAST_SQUARES)
# an affine motion shears without bound beside handles in a line
FOLDLESS = ["rigid", "similarity"]
DRAGS = torch.tensor([[9.0, -4], [4, 6], [-5, 3], [6, 2]], dtype=torch.float64)


def read(flow, points):
    """flow [1, 2, H, W] between its cells at points [N, 2]: [N, 2]."""
    size = points.new_tensor(flow.shape[:1:-1])
    grid = (2 * points + 1) / size - 1
    return F.grid_sample(flow.to(points), grid[None, None], align_corners=False)[0, :, 0].T


def held(handles, targets, region, choice, **options):
    return displace(handles, targets, region, choice, border="held", **options)


def jacobians(flow):
    """Determinants of the four triangles at the corners of each square of cells that flow [1, 2, H, W] moves."""
    y, x = torch.meshgrid(*(torch.arange(n) for n in flow.shape[2:]), indexing="ij")
    end = torch.stack((x, y)) + flow[0].double()
    across, down = end.diff(dim=2), end.diff(dim=1)
    pairs = ((a, d) for a in (across[:, :-1], across[:, 1:]) for d in (down[:, :, :-1], down[:, :, 1:]))
    return torch.stack([a[0] * d[1] - a[1] * d[0] for a, d in pairs])


@pytest.mark.parametrize("choice", KINDS)
@pytest.mark.parametrize("region", [DISC, RING, ALL], ids=["disc", "ring", "all"])
def test_every_handle_reaches_its_target(region, choice):
    handles = HANDLES.round()
    flow = held(handles, handles + DRAGS, region, choice)
    torch.testing.assert_close(read(flow, handles), DRAGS, rtol=0, atol=1e-3)
    assert not flow[0][:, ~region].any()


@pytest.mark.parametrize("choice", [choice for choice in DISPLACEMENTS if choice != "stretch"])
def test_the_border_is_held(choice):
    large = DISC.repeat_interleave(6, 0).repeat_interleave(6, 1)
    for region, scale in ((large, 6), (ALL, 1)):
        drags = torch.tensor([[8.0, -3]]) * scale
        flow = held(HANDLES * scale, HANDLES * scale + drags, region, choice)[0]
        # the frame is border, too
        edge = region & (F.max_pool2d(F.pad(~region, (1,) * 4, value=True)[None].float(), 3, 1)[0] > 0)
        assert flow[:, edge].norm(dim=0).max() < 0.03 * drags.norm()
        assert flow[:, edge].norm(dim=0).mean() < 0.01 * drags.norm()
        assert flow[:, region].norm(dim=0).max() > 0.9 * drags.norm()


@pytest.mark.parametrize("choice", KINDS)
def test_close_handles_that_part_reach_their_targets(choice):
    handles = torch.tensor([[151.0, 101], [157, 101], [80, 200]], dtype=torch.float64)
    vectors = torch.tensor([[0.0, -30], [0, 30], [0, 0]], dtype=torch.float64)
    flow = held(handles, handles + vectors, torch.ones(300, 400, dtype=torch.bool), choice)
    torch.testing.assert_close(read(flow, handles), vectors, atol=0.01, rtol=0)


@pytest.mark.parametrize("choice", KINDS)
def test_a_pin_holds(choice):
    drags = torch.where(torch.tensor([[True], [False], [False], [True]]), DRAGS, 0)
    flow = held(HANDLES.round(), HANDLES.round() + drags, DISC, choice)
    assert read(flow, HANDLES.round())[1:3].abs().max() < 1e-3
    assert not held(HANDLES, HANDLES, DISC, choice).any()


def test_other_choices_fade_as_they_are():
    for choice in ("nearest", "nearest-4", "arap"):
        flow = held(HANDLES, HANDLES + DRAGS, ALL, choice)
        free = displace(HANDLES, HANDLES + DRAGS, ALL, choice)
        torch.testing.assert_close(flow, free * HeldRegion(ALL, HANDLES).fade(), rtol=0, atol=0)
        torch.testing.assert_close(read(flow, HANDLES), read(free, HANDLES), rtol=0, atol=0.1)


def test_one_handle_is_shifted_by_the_basis_function():
    handle, drag = torch.tensor([[60.0, 45]], dtype=torch.float64), torch.tensor([[2.0, -1]], dtype=torch.float64)
    expected = drag[0, :, None, None].float() * HeldRegion(ALL, handle).fade()
    for choice in KINDS:
        torch.testing.assert_close(held(handle, handle + drag, ALL, choice)[0], expected, rtol=0, atol=0.02)


def test_a_region_serves_any_targets():
    region = HeldRegion(ALL, HANDLES)
    for drags in (DRAGS, -DRAGS):
        flow = region.moved(MOVING_LEAST_SQUARES["rigid"], HANDLES + drags)
        assert torch.equal(flow[None], held(HANDLES, HANDLES + drags, ALL, "rigid"))


def test_a_long_drag_that_would_fold_in_one_step_does_not():
    handle, target = torch.tensor([[30.0, 40]], dtype=torch.float64), torch.tensor([[85.0, 50]], dtype=torch.float64)
    one_step = (target - handle)[0, :, None, None] * HeldRegion(ALL, handle).fade()
    assert jacobians(one_step[None]).min() < -0.1
    flow = held(handle, target, ALL, "rigid")
    assert jacobians(flow).min() > 0
    torch.testing.assert_close(read(flow, handle), target - handle, rtol=0, atol=1e-3)


@st.composite
def drags_apart(draw, gap, most):
    """Region of one kind of three, handles and targets: paths that keep gap from each other and from the border."""
    region = draw(st.sampled_from([DISC, RING, ALL]))
    space = F.pad(region, (1,) * 4).nonzero(), (~F.pad(region, (1,) * 4)).nonzero()
    number = st.floats(0, 1, allow_nan=False, width=32)
    paths, time = [], torch.linspace(0, 1, 17, dtype=torch.float64)[:, None]
    cells = region.nonzero().flip(-1)
    for _ in range(draw(st.integers(1, 6))):
        start, end = (cells[int(draw(number) * (len(cells) - 1))].double() for _ in range(2))
        end = start + (end - start) * min(1, most / max(1e-9, float(torch.dist(start, end))))
        path = torch.lerp(start, end, time)
        free = torch.cdist(path, space[1].flip(-1).double() - 1).min() > gap
        if free and all(torch.cdist(path, other).min() > gap for other in paths):
            paths.append(path)
    return region, torch.stack(
        [torch.stack((path[0], path[-1])) for path in paths or [torch.full((2, 2), 40.0).double()]]
    )


@settings(max_examples=40, deadline=None)
@given(drags_apart(5, 200), st.sampled_from(FOLDLESS), st.integers(0, 99))
def test_no_step_ever_folds(drags, choice, seed):
    region, (handles, targets) = drags[0], drags[1].unbind(1)
    steps = HeldRegion(region, handles).steps(MOVING_LEAST_SQUARES[choice], targets)
    points = torch.rand(2, 4000, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    points = points * torch.tensor([[WIDTH], [HEIGHT]])
    for step in steps:
        near = step(torch.cat((points, points + torch.tensor([[1e-5], [0]]), points + torch.tensor([[0], [1e-5]])), 1))
        points, right, down = near.view(2, 3, -1).unbind(1)
        (a, b), (c, d) = (right - points) / 1e-5, (down - points) / 1e-5
        assert (a * d - b * c).min() > 0


@settings(max_examples=120, deadline=None)
@given(drags_apart(14, 24), st.sampled_from(FOLDLESS))
def test_the_flow_does_not_fold(drags, choice):
    region, (handles, targets) = drags[0], drags[1].unbind(1)
    assert jacobians(held(handles, targets, region, choice)).min() > 0


def test_a_handle_outside_pulls_what_is_nearest():
    handles = torch.tensor([[42.0, 45], [25, 45]], dtype=torch.float64)
    drag = torch.tensor([[-4.0, 3], [0, 0]], dtype=torch.float64)
    flow = held(handles, handles + drag, TWO, "rigid", reach=4)
    assert not flow[:, :, :, 60:].any()
    torch.testing.assert_close(flow[0, :, 45, 39], drag[0].float(), rtol=0, atol=0.02)
    # one that holds what is outside holds
    assert not held(handles[:1], handles[:1], TWO, "rigid", reach=4).any()


def test_a_target_outside_is_reached():
    handles = HANDLES.round()
    targets = handles + torch.tensor([[-30.0, -4], [2, 1], [0, 0], [1, -2]])
    flow = held(handles, targets, DISC, "rigid")
    torch.testing.assert_close(read(flow, handles), targets - handles, rtol=0, atol=1e-3)
    points = handles.T
    for step in HeldRegion(DISC, handles).steps(MOVING_LEAST_SQUARES["rigid"], targets):
        points = step(points)
    torch.testing.assert_close(points.T, targets, rtol=0, atol=0.01)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 2), (32, 32), (1, 300), (4, 700)])
def test_regions_of_any_size(size):
    region = F.pad(torch.ones(size, dtype=torch.bool), (3, 5, 2, 4))
    handles = torch.tensor([[3 + (size[1] - 1) // 2, 2 + (size[0] - 1) // 2]], dtype=torch.float64)
    drag = torch.tensor([[1.5, -0.5]], dtype=torch.float64)
    for choice in KINDS:
        flow = held(handles, handles + drag, region, choice)
        torch.testing.assert_close(read(flow, handles), drag, rtol=0, atol=0.01)
        assert flow.isfinite().all() and flow.norm(dim=1).max() < 1.1 * drag.norm()


def test_handles_at_the_border_and_in_one_place():
    corner = torch.tensor([[0.0, 0], [WIDTH - 1.0, HEIGHT - 1], [60, 45], [60, 45], [60.4, 45.3]], dtype=torch.float64)
    drag = torch.tensor([[3.0, 2]], dtype=torch.float64).expand(5, -1)
    flow = held(corner, corner + drag, ALL, "similarity")
    torch.testing.assert_close(read(flow, corner), drag, rtol=0, atol=0.01)


class Waits(TorchDispatchMode):
    """Counts what would wait for a GPU."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += function.name() in ("aten::_local_scalar_dense", "aten::nonzero", "aten::item", "aten::equal")
        return function(*args, **kwargs or {})


def test_more_steps_wait_no_more_often_for_a_gpu():
    waits = []
    for length in (1.0, 60):
        handle = torch.tensor([[30.0, 45]], dtype=torch.float64)
        target = handle + torch.tensor([[length, 0]])
        region = HeldRegion(ALL, handle)
        motion = MOVING_LEAST_SQUARES["rigid"]
        with Waits() as mode:
            region.moved(motion, target)
        waits.append((mode.count, len(region.steps(motion, target))))
    assert waits[0][1] < waits[1][1] and waits[0][0] == waits[1][0]
