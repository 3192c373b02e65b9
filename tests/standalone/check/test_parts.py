"""The parts of `dragkit check` on a small network: what passes, and that what is wrong does not."""

import pytest
import torch
from dragkit.kernels.diffusion.kv_cache import KVCache
from dragkit.standalone.check import caches, edits, machine, memory, networks, pictures
from dragkit.standalone.check.networks import Size
from dragkit.standalone.check.setting import DTYPES, Setting

from ...stand_in_card import CARD, stand_in_card

CPU = Setting(torch.device("cpu"), quick=True)
SMALL = Size("SD1.5", memory.TINY, 8, False)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(memory, "QUICK", 3)


ON_CARD = {
    "FastDrag": lambda on: edits._fastdrag(on, SMALL, torch.float32),
    "InstantDrag": lambda on: edits._instantdrag(on, SMALL, torch.float16),
    "DynaDrag": lambda on: edits._dynadrag(on, SMALL, "float32"),
    "network": lambda on: networks._of_unet(on, SMALL, list(DTYPES)),
    "against the CPU": lambda on: networks._against_cpu(on, SMALL),
    "DiT": networks._dit,
    "memory": memory._out_of_memory,
    "picture": lambda on: pictures._warped(on, 64, "similarity", "held"),
    "latent": lambda on: pictures._latent(on, "inverse"),
}


def outcomes(found):
    return {found["outcome"]} if "outcome" in found else {row["outcome"] for row in found.values()}


@pytest.mark.parametrize("what", ON_CARD)
def test_nothing_of_an_edit_is_on_the_wrong_device(what):
    with stand_in_card():
        assert outcomes(ON_CARD[what](Setting(CARD, quick=True))) == {"pass"}


def test_each_precision_computes_here():
    assert {run()["outcome"] for _, run in machine.checks(CPU)} == {"pass"}


def test_every_policy_of_the_cache_gives_the_same_latent():
    rows = caches._policies(CPU, SMALL, "float32")
    assert set(rows) == set(caches.POLICIES) and outcomes(rows) == {"pass"}


def test_a_cache_that_changes_what_it_keeps_fails(monkeypatch):
    get = KVCache.get
    monkeypatch.setattr(
        KVCache, "get", lambda self, *where: get(self, *where) * (1.001 if self.device_policy == "cpu" else 1)
    )
    rows = caches._policies(CPU, SMALL, "float32")
    assert rows["cpu"]["outcome"] == "fail" and rows["gpu"]["outcome"] == "pass"


def test_memory_that_runs_out_midway_leaves_both_kinds_of_entries():
    free = caches.POLICIES["auto when memory runs out"][0]()
    assert [free() > caches.RESERVE for _ in range(6)] == [True] * 4 + [False] * 2


def test_precisions_are_held_against_float32(monkeypatch):
    rows = networks._of_unet(CPU, SMALL, list(DTYPES))
    assert outcomes(rows) == {"pass"} and rows["bfloat16 beside float32"]["value"] > 0
    monkeypatch.setattr(networks, "TOLERANCES", {"float16": 0.0, "bfloat16": 0.1})
    rows = networks._of_unet(CPU, SMALL, list(DTYPES))
    assert rows["float16 beside float32"]["outcome"] == "fail"


def test_an_answer_that_is_not_finite_fails(monkeypatch):
    made = networks.network

    def network(*options, **named):
        unet = made(*options, **named)
        unet.conv_out.weight.fill_(torch.nan)
        return unet

    for module in (networks, edits):
        monkeypatch.setattr(module, "network", network)
    assert outcomes(networks._of_unet(CPU, SMALL, ["float32"])) == {"fail"}
    assert edits._instantdrag(CPU, SMALL, torch.float32)["outcome"] == "fail"


def test_the_small_dit_is_finite_in_every_precision():
    rows = networks._dit(CPU)
    assert set(rows) == set(DTYPES) and outcomes(rows) == {"pass"}


def test_memory_that_is_too_small_for_one_way_leaves_the_other(monkeypatch):
    made = edits._gradient

    def gradient(denoiser, z, dtype):
        run = made(denoiser, z, dtype)

        def checked():
            if not denoiser.unet.is_gradient_checkpointing:
                raise torch.OutOfMemoryError("used up")
            return run()

        return checked

    monkeypatch.setattr(edits, "_gradient", gradient)
    rows = edits._dynadrag(CPU, SMALL, "float32")
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "without checkpointing": "not tried", "with checkpointing": "pass",
    }  # fmt: skip


def test_a_network_that_does_not_fit_is_not_tried(monkeypatch):
    monkeypatch.setattr(Setting, "free", lambda self: 2 << 30)
    assert networks.too_large(CPU, SMALL) is None
    whole = next(size for size in networks.sizes(Setting(CARD)) if size.name == "SDXL")
    assert networks.too_large(CPU, whole) == "needs 11.1 GiB of memory; 2.0 are free"
    assert networks.too_large(CPU, whole, torch.float16) == "needs 6.3 GiB of memory; 2.0 are free"
    assert outcomes(networks._of_unet(CPU, whole, list(DTYPES))) == {"not tried"}


def test_gradients_are_the_same_with_checkpointing(monkeypatch):
    rows = edits._dynadrag(CPU, SMALL, "float32")
    assert outcomes(rows) == {"pass"} and len(rows) == 3
    # a gradient that vanishes
    monkeypatch.setattr(edits, "_gradient", lambda denoiser, z, dtype: lambda: torch.zeros_like(z))
    assert "fail" in outcomes(edits._dynadrag(CPU, SMALL, "float32"))


def test_an_edit_is_held_against_its_evaluations():
    row = edits._fastdrag(CPU, SMALL, torch.float32)
    assert row["outcome"] == "pass" and row["value"] > 0 and row["goal"] == 1.05
    assert edits._instantdrag(CPU, SMALL, torch.float32)["value"] > 0


@pytest.mark.parametrize("border", ["free", "held"])
@pytest.mark.parametrize("choice", ["stretch", "nearest", "similarity", "arap"])
def test_a_picture_is_warped_and_the_rest_stays(choice, border):
    row = pictures._warped(CPU, 96, choice, border)
    assert row["outcome"] == "pass" and row["unit"] == "ms"


def test_a_warp_that_changes_the_rest_or_nothing_fails(monkeypatch):
    from dragkit.kernels.warp import picture

    warp = picture.drag_warp
    monkeypatch.setattr(picture, "drag_warp", lambda image, flow, region, **way: warp(image, 0 * flow, region, **way))
    assert pictures._warped(CPU, 64, "nearest", "free")["reason"] == "nothing has moved"
    monkeypatch.setattr(
        picture, "drag_warp", lambda *given, **way: (found := warp(*given, **way))._replace(image=found.image + 1e-3)
    )  # fmt: skip
    assert pictures._warped(CPU, 64, "nearest", "free")["reason"] == "a pixel that nothing moved has changed"


@pytest.mark.parametrize("mode", ["inverse", "fastdrag"])
def test_the_latent_warp_has_the_goal_of_a_card(mode):
    row = pictures._latent(CPU, mode)
    assert row["outcome"] == "pass" and row["goal"] == 2


def test_after_memory_has_run_out_the_model_is_as_before(monkeypatch):
    row = memory._out_of_memory(CPU)
    assert (
        row["outcome"] == "pass" and "the device's memory is used up" in row["reason"] and "stand-in" in row["reason"]
    )

    def run_out(change):
        def callback(done, total):
            if done == total - 1:
                change(made[-1])
                raise torch.OutOfMemoryError("used up")

        return callback

    made, model = [], memory._model
    monkeypatch.setattr(memory, "_model", lambda setting: made.append(model(setting)) or made[-1])
    for change, reason in (
        (lambda one: one.denoiser.unet.conv_out.weight.add_(1), "weights have changed"),
        (lambda one: one.denoiser.unet.conv_in.register_forward_hook(lambda *_: None), "hooks are left"),
        (lambda one: setattr(one.denoiser, "context", one.denoiser.context + 1), "gives another latent"),
    ):
        monkeypatch.setattr(memory, "_run_out", lambda setting, change=change: run_out(change))
        row = memory._out_of_memory(CPU)
        assert row["outcome"] == "fail" and reason in row["reason"]
    monkeypatch.setattr(memory, "_run_out", lambda setting: None)
    assert "said nothing" in memory._out_of_memory(CPU)["reason"]


def test_memory_that_grows_from_edit_to_edit_fails(few, monkeypatch):
    assert memory._growth(CPU)["outcome"] in ("pass", "not tried")
    used = iter([10 << 20, 50 << 20])
    monkeypatch.setattr(memory, "used_bytes", lambda device: next(used))
    row = memory._growth(CPU)
    assert row["outcome"] == "fail" and row["value"] == 40
