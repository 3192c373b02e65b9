"""The workflows that `dragkit check --comfyui` runs, and its networks there."""

import pytest
import torch
from dragkit.standalone.check import comfyui_networks as networks
from dragkit.standalone.check.comfy_server import Server
from dragkit.standalone.check.comfyui import POLICIES
from dragkit.standalone.check.networks import sizes
from dragkit.standalone.check.setting import DTYPES, Setting
from dragkit.standalone.check.workflows import dynadrag, fastdrag

QUICK = Setting(torch.device("cpu"), quick=True)
SD15, SDXL = sizes(QUICK)


@pytest.fixture
def server(comfy):
    return Server(comfy.url, comfy.folder)


def outcomes(found):
    return {row["outcome"] for row in ([found] if "outcome" in found else found.values())}


def test_they_run_and_policies_and_checkpointing_change_nothing(comfy):
    pictures = [comfy.images(comfy.run(fastdrag(policy), timeout=300))[0] for policy in POLICIES]
    assert pictures[0].std() > 0.05
    assert all(torch.equal(one, pictures[0]) for one in pictures[1:])
    kept, again = (comfy.images(comfy.run(dynadrag(way), timeout=300))[0] for way in ("off", "on"))
    # beside another order of sums
    assert (kept - again).abs().mean() < 1 / 255
    assert kept.shape == pictures[0].shape and not torch.equal(kept, pictures[0])


@pytest.mark.parametrize(("kind", "cells"), [("SD1.5", 8), ("SDXL", 8), ("DiT", 16)])
def test_networks_of_each_kind_are_alike_in_every_precision(server, kind, cells):
    rows = networks._precisions(server, list(DTYPES), kind, False, cells)
    assert len(rows) == 5 and outcomes(rows) == {"pass"}
    # rounded, or it was no other precision
    assert rows["bfloat16 beside float32"]["value"] > rows["float16 beside float32"]["value"] > 0


@pytest.mark.parametrize("size", [SD15, SDXL], ids=lambda size: size.name)
def test_fastdrag_is_held_against_its_evaluations_and_policies_agree(server, size):
    rows = networks._fastdrag(server, QUICK, size, "float32")
    assert len(rows) == 3 and outcomes(rows) == {"pass"}
    assert rows["FastDrag"]["value"] > 0.5 and rows["FastDrag"]["goal"] == 1.05


@pytest.mark.parametrize("method", ["InstantDrag", "LightningDrag"])
def test_the_other_methods_are_held_against_theirs(server, method):
    row = networks._method(server, QUICK, SD15, "float32", method)
    assert row["outcome"] == "pass" and row["value"] > 0.5


def test_gradients_are_taken_with_and_without_checkpointing(server):
    rows = networks._gradient(server, QUICK, SD15, "float32")
    assert len(rows) == 3 and outcomes(rows) == {"pass"}


def test_memory_runs_out_and_does_not_grow(server):
    row = networks._used_up(server, QUICK)
    assert row["outcome"] == "pass" and "llocation" in row["reason"]
    assert networks._growth(server, QUICK, 2)["outcome"] in ("pass", "not tried")
