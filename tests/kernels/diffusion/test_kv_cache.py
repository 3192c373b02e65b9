"""The self-attention cache against numbers from the published code, and against replacing keys and values."""

import json
import math
import zlib
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from dragkit.kernels.diffusion.ddim import invert, published_timesteps, sample
from dragkit.kernels.diffusion.kv_cache import KVCache, KVCacheError, replay
from dragkit.standalone.models.unet import Denoiser, self_attention
from safetensors.torch import load_file

GOLDEN = Path(__file__).parents[2] / "golden"
G = load_file(GOLDEN / "fastdrag_kv.safetensors")
MANIFEST = json.loads((GOLDEN / "fastdrag_kv_manifest.json").read_text())
A = load_file(GOLDEN / "fastdrag_ddim.safetensors")["alphas_cumprod"].tolist()
TIMES = G["inv_t"].tolist()
ALPHAS = [A[0]] + [A[t] for t in TIMES]


def reference_weight(name, shape):
    seed = zlib.crc32(name.encode()) & 0x7FFFFFFF
    r = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    if len(shape) == 1:
        return 1 + 0.02 * r if name.endswith("weight") else 0.02 * r
    return r / math.sqrt(math.prod(shape[1:]))


@pytest.fixture(scope="module")
def unet():
    unet = UNet2DConditionModel(**MANIFEST["config"]).eval()
    unet.load_state_dict({k: reference_weight("unet." + k, v.shape) for k, v in unet.state_dict().items()})
    return unet


@pytest.fixture
def denoiser(unet):
    return Denoiser(unet, G["context"])


def record(denoiser):
    cache = KVCache(TIMES)
    with denoiser.recording(cache):
        last = invert(denoiser, G["z0"], TIMES, ALPHAS)
    return cache, last


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-4 * expected.std().item())


def test_the_schedule_is_the_published_one():
    assert TIMES == published_timesteps(10, 0.3)


def test_recording_and_replaying_match_the_published_loop(denoiser):
    trace = []
    with denoiser.recording(KVCache(TIMES)):
        invert(denoiser, G["z0"], TIMES, ALPHAS, callback=lambda i, z: trace.append(z))
    close(torch.stack(trace), G["inv_latents"][1:])
    cache, _ = record(denoiser)
    assert {block for _, block in cache.entries} == set(MANIFEST["layers_with_buffer"])
    start = G["sampling_start"]
    for key, context in (("kv", denoiser.replaying(cache)), ("nokv", denoiser.replaying(cache, strength=0.0))):
        trace = []
        with context:
            sample(denoiser, start, TIMES, ALPHAS, callback=lambda i, z, t=trace: t.append(z))
        close(torch.stack(trace), G[f"{key}/latents_per_step"])
    assert (G["kv/latents_per_step"] - G["nokv/latents_per_step"]).abs().max() > 0.05


class KeyValueStore:
    """The published strategy as an attention processor: keeps projected keys and values and puts them back."""

    def __init__(self):
        self.kept, self.recording, self.nbytes = {}, True, 0

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, **kwargs):
        def heads(x):
            return x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)

        query, key, value = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
        if self.recording:
            self.kept[id(attn), self.step] = key, value
            self.nbytes += key.nbytes + value.nbytes
        else:
            key, value = self.kept[id(attn), self.step]
        out = torch.nn.functional.scaled_dot_product_attention(heads(query), heads(key), heads(value))
        return attn.to_out[0](out.transpose(1, 2).flatten(2))


def test_the_hidden_state_replaces_keys_and_values_exactly_at_half_the_memory(unet, denoiser):
    cache, last = record(denoiser)
    moved = last.roll(2, -1)
    with denoiser.replaying(cache):
        by_hidden = sample(denoiser, moved, TIMES, ALPHAS)
    plain = dict(unet.attn_processors)
    store = KeyValueStore()
    try:
        unet.set_attn_processor(
            {n: store if n[: -len(".processor")] in self_attention(unet) else p for n, p in plain.items()}
        )

        def stepping(z, t):
            store.step = t
            return denoiser(z, t)

        assert torch.equal(invert(stepping, G["z0"], TIMES, ALPHAS), last)
        store.recording = False
        by_key_value = sample(stepping, moved, TIMES, ALPHAS)
    finally:
        unet.set_attn_processor(plain)
    assert (by_hidden - by_key_value).abs().max() == 0.0
    assert cache.nbytes * 2 == store.nbytes


def test_replaying_the_same_latent_with_exact_inversion_is_the_identity(denoiser):
    cache = KVCache(TIMES)
    with denoiser.recording(cache):
        last = invert(denoiser, G["z0"], TIMES, ALPHAS, refinement=6)
    with denoiser.replaying(cache):
        torch.testing.assert_close(sample(denoiser, last, TIMES, ALPHAS), G["z0"], rtol=0, atol=1e-4)


def test_the_unet_is_left_as_it_was(unet, denoiser):
    before = denoiser(G["z0"], 101)
    cache, last = record(denoiser)
    with pytest.raises(KVCacheError), denoiser.replaying(cache):
        denoiser(last, 901)
    assert torch.equal(denoiser(G["z0"], 101), before)
    assert not any(module._forward_pre_hooks for module in unet.modules())


def test_a_recording_serves_every_guidance_branch_and_mixes_by_strength():
    cache = KVCache([1.0, 2.0])
    kept = torch.randn(2, 5, 3)
    cache.put(1, "block", kept)
    own = torch.randn(6, 5, 3)
    assert torch.equal(replay(cache, 1, "block", own), torch.cat([kept] * 3))
    torch.testing.assert_close(replay(cache, 1, "block", own, 0.25), 0.75 * own + 0.25 * torch.cat([kept] * 3))
    kept.zero_()
    assert replay(cache, 1, "block", own).abs().sum() > 0


def test_what_does_not_fit_is_said():
    cache = KVCache([0.5, 2.0])
    cache.put(0, "block", torch.randn(2, 5, 3))
    assert cache.step_of(0.5000001) == 0 and cache.step_of(2.0) == 1
    with pytest.raises(KVCacheError, match="noise level 1.3, which the inversion did not record"):
        cache.step_of(1.3)
    for shape in ((2, 6, 3), (3, 5, 3), (2, 5, 4)):
        with pytest.raises(KVCacheError, match="record and sample with the same model, size and batch"):
            replay(cache, 0, "block", torch.randn(shape))
    for step, block, level in ((1, "block", "2"), (0, "other", "0.5")):
        with pytest.raises(
            KVCacheError, match=f"nothing was recorded in block {block} at noise level {level}; record "
        ):
            replay(cache, step, block, torch.randn(2, 5, 3))


def test_device_copies_go_when_replaying_ends_however_it_ends(denoiser):
    cache, last = record(denoiser)
    cache._fetched[0] = "copies on a device"
    with pytest.raises(KVCacheError), denoiser.replaying(cache):
        denoiser(last, 901)
    assert not cache._fetched and cache.entries


class Copy:
    """Stands for a tensor on a device, and for the device's stream."""

    def __init__(self, step=None):
        self.step = step

    def record_stream(self, stream):
        pass

    def wait_event(self, event):
        pass


def test_entries_elsewhere_are_fetched_one_step_ahead_and_dropped_behind(monkeypatch):
    cache, fetched = KVCache([1.0, 2.0, 3.0], "cpu"), []
    for step in range(3):
        for block in "ab":
            cache.put(step, block, torch.zeros(1, 2, 3))

    def fetch(step, device):
        fetched.append(step)
        return None, {block: Copy(step) for block in "ab"}

    monkeypatch.setattr(cache, "_fetch", fetch)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Copy())
    device = torch.device("cuda:0")
    for step, expected, held in ((2, [2, 1], {2, 1}), (1, [2, 1, 0], {1, 0}), (0, [2, 1, 0], {0})):
        assert [cache.get(step, block, device).step for block in "ab"] == [step, step]
        assert fetched == expected and set(cache._fetched) == held
