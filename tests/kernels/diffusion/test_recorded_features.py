"""Features of a picture's places, out of a KV cache."""

import pytest
import torch
from dragkit.kernels.diffusion.kv_cache import KVCache, KVCacheError
from dragkit.kernels.diffusion.recorded_features import finest_grid, recorded_features

HEIGHT, WIDTH = 10, 15


def recorded():
    cache, generator = KVCache([1.0, 2.0], "gpu"), torch.Generator().manual_seed(0)
    # 10 x 15 cells, and every second one of them
    for step in range(2):
        for block, tokens, channels in (("fine", 150, 4), ("coarse", 5 * 8, 6)):
            cache.put(step, block, torch.randn(2, tokens, channels, generator=generator))
    return cache


def test_every_entry_gives_directions_on_the_grid_that_is_asked_for():
    cache = recorded()
    assert finest_grid(cache, HEIGHT, WIDTH) == (10, 15)
    found = list(recorded_features(cache, 1, HEIGHT, WIDTH, 10, 15))
    assert [one.shape for one in found] == [(4, 10, 15), (6, 10, 15)] * 2
    torch.testing.assert_close(found[0].norm(dim=0), torch.ones(10, 15))
    # the place of a token, and the latent of the batch
    hidden = cache.entries[0, "fine"][1].double()
    hidden = hidden - hidden.mean(0)
    torch.testing.assert_close(found[0][:, 7, 3].double(), hidden[7 * 15 + 3] / hidden[7 * 15 + 3].norm())


def test_what_does_not_fit_the_latent_is_refused():
    with pytest.raises(KVCacheError, match="150 recorded places are no grid over a latent of 11 x 10 cells"):
        finest_grid(recorded(), 10, 11)
    with pytest.raises(KVCacheError, match="nothing was recorded"):
        finest_grid(KVCache([1.0]), HEIGHT, WIDTH)
