"""What `dragkit check` makes of what the probes in a ComfyUI say."""

from contextlib import contextmanager

import pytest
import torch
from dragkit.standalone.check import comfyui_networks as networks
from dragkit.standalone.check.comfy_server import PACK, ComfyUIError
from dragkit.standalone.check.networks import sizes
from dragkit.standalone.check.setting import Setting

CPU, CARD = (Setting(torch.device(name), quick=True) for name in ("cpu", "cuda"))
SIZE = sizes(CPU)[0]


class Fake:
    """Says what it was given, in turn, and the last of it from then on."""

    def __init__(self, *answers, seconds=1.0):
        self.answers, self.seconds, self.asked = list(answers), seconds, []

    def measured(self, nodes):
        self.asked.append(nodes)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer, self.seconds


def evaluation(**said):
    return {"evaluation": {"seconds": 0.05, "peak": None, "finite": True, "differs": 0.001} | said}


def latent(**said):
    return {"latent": {"finite": True, "spread": 1.0, "equal": True} | said}


def outcomes(rows):
    return {name: row["outcome"] for name, row in rows.items()}


def test_an_answer_that_is_not_finite_or_too_far_from_float32_fails():
    fake = Fake(evaluation(), evaluation(finite=False, differs=None), evaluation(differs=0.3))
    rows = networks._precisions(fake, ["float32", "float16", "bfloat16"], "DiT", False, 16)
    assert outcomes(rows) == {
        "float32: one evaluation": "pass", "float16": "fail", "bfloat16: one evaluation": "pass",
        "bfloat16 beside float32": "fail",
    }  # fmt: skip
    rows = networks._precisions(Fake(evaluation(peak=3 << 20)), ["float32"], "SDXL", False, 16)
    assert rows["float32: most memory"]["value"] == 3


def test_a_policy_that_gives_another_latent_fails_and_times_are_ratios():
    fake = Fake(evaluation(), *[latent()] * 2, *[latent(equal=False)] * 2, latent())
    rows = networks._fastdrag(fake, CPU, SIZE, "float32")
    assert outcomes(rows) == {"FastDrag": "pass", "cache in cpu": "fail", "cache in auto": "pass"}
    # a second for 14 evaluations of 0.05 s each
    assert rows["FastDrag"]["value"] == pytest.approx(1 / 0.7)
    assert networks._fastdrag(Fake(evaluation(), latent(finite=False)), CPU, SIZE, "float32")["FastDrag"][
        "outcome"
    ] == "fail"  # fmt: skip
    rows = networks._fastdrag(Fake(evaluation(), latent()), CARD, SIZE, "float32")
    assert rows["time of the cache in cpu beside gpu"] == {
        "outcome": "pass", "value": 1.0, "unit": "times", "goal": 1.1
    }  # fmt: skip


def test_each_turn_of_an_edit_has_another_picture():
    fake = Fake(evaluation(), latent())
    networks._method(fake, CPU, SIZE, "float32", "LightningDrag")
    turns = [nodes["sources"]["inputs"]["turn"] for nodes in fake.asked[1:]]
    assert turns == [0, 1] and {nodes["model"]["inputs"]["kind"] for nodes in fake.asked} == {"SD1.5 inpainting"}


def test_gradients_that_vanish_differ_or_do_not_fit_are_said():
    def said(differs=0.0, **ways):
        good = {"seconds": 0.1, "peak": None, "good": True}
        return {"gradient": {"off": good, "on": good, "differs": differs} | ways}

    def rows(found):
        return outcomes(networks._gradient(Fake(evaluation(), found), CPU, SIZE, "float32"))

    same = "the same gradient with checkpointing"
    both = {"without checkpointing": "pass", "with checkpointing": "pass"}
    assert rows(said()) == both | {same: "pass"}
    assert rows(said(0.1)) == both | {same: "fail"}
    assert rows(said(None, off=None)) == both | {"without checkpointing": "not tried"}
    assert rows(said(on={"seconds": 0.1, "peak": None, "good": False}))["with checkpointing"] == "fail"


def test_memory_that_runs_out_is_said_once_and_changes_nothing():
    error = ComfyUIError("SamplerCustom: Allocation on device\nThis error means ...")
    row = networks._used_up(Fake(latent(), error, latent()), CPU)
    assert row["outcome"] == "pass" and 'said: "SamplerCustom: Allocation on device"' in row["reason"]
    assert "stand-in" in row["reason"] and "stand-in" not in networks._used_up(Fake(latent(), error, latent()), CARD)[
        "reason"
    ]  # fmt: skip
    assert networks._used_up(Fake(latent(), error, latent(equal=False)), CPU)["outcome"] == "fail"
    assert "said nothing" in networks._used_up(Fake(latent()), CPU)["reason"]


def test_memory_that_grows_fails():
    def used(*sizes):
        return Fake(*({"memory": {"bytes": None if one is None else one << 20}} for one in sizes))

    assert networks._growth(used(*range(0, 2200, 100)), CPU, 20)["outcome"] == "fail"
    assert networks._growth(used(5000, 500, 520), CPU, 20)["outcome"] == "pass"
    assert networks._growth(used(None), CPU, 20)["outcome"] == "not tried"


def test_all_of_it_is_tried_in_one_comfyui(monkeypatch, tmp_path):
    started = []

    @contextmanager
    def comfyui(path, python, arguments):
        started.append(arguments)
        yield Fake(evaluation())

    monkeypatch.setattr(networks, "comfyui", comfyui)
    names = [name for name, _ in networks.checks(CPU, tmp_path, "python")]
    assert started == [("--cpu",)] and len(set(names)) == len(names)
    for wanted in ("FastDrag", "InstantDrag", "LightningDrag", "DynaDrag", "SDXL", "DiT", "used up", "over 20 edits"):
        assert any(wanted in name for name in names), wanted
    monkeypatch.setattr(networks, "PACK", tmp_path)
    assert not list(networks.checks(CPU, tmp_path, "python")) and (PACK / "nodes").is_dir()


def test_a_comfyui_that_does_not_start_is_a_failure(monkeypatch, tmp_path):
    @contextmanager
    def comfyui(path, python, arguments):
        raise ComfyUIError("ComfyUI did not start: no torch")
        yield

    monkeypatch.setattr(networks, "comfyui", comfyui)
    ((name, run),) = networks.checks(CPU, tmp_path, "python")
    assert name == "ComfyUI" and run()["reason"] == "ComfyUI did not start: no torch"
