"""The kernels against the plain loop over cells and points."""

import torch
from dragkit.kernels.motion.lwf import lwf
from dragkit.kernels.warp.bnni import bnni, bnni_sequential
from dragkit.kernels.warp.relocate import relocate
from dragkit.standalone.bench.plain_loop import bnni_plain, relocate_plain
from hypothesis import given, settings
from hypothesis import strategies as st

few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 14)


def random_latent(seed, height, width):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, height, width, generator=generator), generator


@few
@given(seeds, sides, sides, st.integers(1, 4), st.floats(0.1, 1))
def test_relocation_is_the_loops_exactly(seed, height, width, count, density):
    latent, generator = random_latent(seed, height, width)
    mask = torch.rand(height, width, generator=generator) < density
    mask[height // 2, width // 2] = True
    size = torch.tensor([width, height], dtype=torch.float64)
    handles = torch.rand(count, 2, generator=generator, dtype=torch.float64) * size
    targets = torch.rand(count, 2, generator=generator, dtype=torch.float64) * size
    # a handle on a cell moves by its whole drag
    handles[0] = handles[0].floor()
    moved, holes = relocate(latent, lwf(handles, targets, mask), mask)
    plain, plain_holes = relocate_plain(latent, handles, targets, mask)
    assert torch.equal(moved, plain) and torch.equal(holes[0], plain_holes)


@few
@given(seeds, sides, sides, st.floats(0, 1))
def test_interpolation_is_the_loops(seed, height, width, density):
    latent, generator = random_latent(seed, height, width)
    holes = torch.rand(height, width, generator=generator) < density
    for kernel, sequential in ((bnni, False), (bnni_sequential, True)):
        torch.testing.assert_close(kernel(latent, holes), bnni_plain(latent, holes, sequential), rtol=1e-5, atol=1e-5)


def test_the_published_guess_of_holes_is_the_loops_where_no_real_zero_is():
    latent, generator = random_latent(5, 11, 9)
    holes = torch.rand(11, 9, generator=generator) < 0.4
    latent = latent.masked_fill(holes, 0)
    torch.testing.assert_close(bnni_sequential(latent), bnni_plain(latent, holes, True), rtol=1e-5, atol=1e-5)
