"""The KV cache by each policy: where it lies, that results are equal, and that fetching it costs no time."""

import torch

from ...kernels.diffusion.ddim import alphas_cumprod, invert, published_timesteps, sample
from ...kernels.diffusion.kv_cache import RESERVE, KVCache
from .networks import network, sizes, too_large
from .outcome import failed, not_tried, passed
from .setting import DTYPES, NEEDS_CARD

# seconds of sampling with the cache in the computer's memory over those with it on the card
GOAL = 1.1


class _Falling:
    """Free memory that is used up by the entry of that number."""

    def __init__(self, enough_for):
        self.left = enough_for

    def __call__(self):
        self.left -= 1
        return 4 * RESERVE if self.left >= 0 else 0


# policy and free memory, and where its entries lie: on the device, in the computer's memory, or both
POLICIES = {
    "gpu": (lambda: None, {"card"}),
    "cpu": (lambda: None, {"pinned"}),
    "auto with memory to spare": (lambda: lambda: 4 * RESERVE, {"card"}),
    "auto without memory": (lambda: lambda: 0, {"pinned"}),
    "auto when memory runs out": (lambda: _Falling(4), {"card", "pinned"}),
}


def _place(entry):
    if entry.device.type != "cpu":
        return "card"
    return "pinned" if entry.is_pinned() else "pageable"


def _edits(setting, size, dtype):
    """{policy: (places of its entries, sampled latent, seconds of sampling)}."""
    from ..bench.cost import denoiser_of

    denoiser = denoiser_of(network(setting, size, dtype))
    timesteps = published_timesteps(10, 0.7)
    alphas = [1.0] + alphas_cumprod()[timesteps].tolist()
    latent = torch.randn(1, 4, size.cells, size.cells, generator=torch.Generator().manual_seed(0)).to(setting.device)
    found = {}
    for policy, (free, _) in POLICIES.items():
        cache = KVCache(timesteps, policy.split()[0], free())
        with denoiser.recording(cache):
            noisy = invert(denoiser, latent, timesteps, alphas)
        seconds = []
        # what is copied from is another latent, so that the cache decides the result
        start = noisy.roll(3, 3)
        for _ in range(3):
            with denoiser.replaying(cache):
                took, after = setting.timed(lambda start=start: sample(denoiser, start, timesteps, alphas))
            seconds.append(took)
        found[policy] = {_place(entry) for entry in cache.entries.values()}, after, min(seconds)
    return found


def _policies(setting, size, name):
    if why := too_large(setting, size, DTYPES[name]):
        return not_tried(why)
    found, rows = _edits(setting, size, DTYPES[name]), {}
    expected = found["gpu"][1]
    for policy, (places, after, seconds) in found.items():
        wanted = POLICIES[policy][1]
        if setting.is_card and places != wanted:
            rows[policy] = failed(f"its entries are in memory that is {' and '.join(sorted(places))}")
        elif not after.isfinite().all() or not torch.equal(after, expected):
            largest = (after - expected).abs().max().item()
            rows[policy] = failed("the latent differs from that of the policy gpu", largest, "", 0)
        else:
            rows[policy] = passed(seconds, "s", reason="the latent equals that of the policy gpu bit for bit")
    if setting.is_cuda:
        ratio = found["cpu"][2] / found["gpu"][2]
        rows["time of cpu beside gpu"] = passed(ratio, "times", goal=GOAL)
    return rows


def checks(setting):
    size = sizes(setting)[0]
    name = "float16" if setting.is_card else "float32"
    yield f"policies, {size.label}, {name}", lambda: _policies(setting, size, name)
    if not setting.is_cuda:
        for what in ("data moves to pinned memory and back", "fetching goes on while the network computes"):
            yield what, lambda: not_tried(NEEDS_CARD)
