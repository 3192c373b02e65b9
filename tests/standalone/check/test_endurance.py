"""What `dragkit check --endurance` makes of what a ComfyUI says."""

from contextlib import contextmanager

import pytest
import torch
from dragkit.standalone.check import endurance
from dragkit.standalone.check.comfy_server import ComfyUIError
from dragkit.standalone.check.setting import Setting
from dragkit.standalone.check.workflows import DEMO_METHODS, demo_edit
from dragkit.standalone.cli import main

CPU = Setting(torch.device("cpu"))
NETWORK = {"weights": 1.5, "hooks": 2, "patches": 0}


class Fake:
    """A ComfyUI whose edits have so many evaluations; after edit() each says something else."""

    def __init__(self, evaluations=3, edit=lambda number: {}):
        self.evaluations, self.edit, self.number = evaluations, edit, 0

    def measured(self, nodes):
        if 0 < nodes["stopped"]["inputs"]["at"] <= self.evaluations:
            raise ComfyUIError("stopped")
        self.number += 1
        said = {"latent": {"finite": True, "equal": True}, "network": NETWORK, "memory": {"bytes": 1 << 30}}
        return said | self.edit(self.number), 1.0


def test_memory_is_looked_at_along_the_way():
    row = endurance._many(Fake(), CPU, 100)
    assert row["outcome"] == "pass" and row["value"] == 0 and len(row["curve"]) == 20
    assert row["curve"][0] == [5, 1024] and row["curve"][-1] == [100, 1024]
    leak = Fake(edit=lambda number: {"memory": {"bytes": number << 20}})
    row = endurance._many(leak, CPU, 100)
    assert row["outcome"] == "fail" and row["value"] == 90
    lost = Fake(edit=lambda number: {"latent": {"finite": number < 7}})
    assert "edit 7 is not finite" in endurance._many(lost, CPU, 100)["reason"]
    silent = Fake(edit=lambda number: {"memory": {"bytes": None}})
    assert "does not say" in endurance._many(silent, CPU, 100)["reason"]


@pytest.mark.parametrize("how", endurance.HOW)
def test_it_is_stopped_at_every_evaluation_and_the_next_edit_is_looked_at(how):
    assert endurance._stopped(Fake(), "FastDrag", how, False)["value"] == 3
    assert endurance._stopped(Fake(0), "FastDrag", how, False)["reason"] == "it was stopped nowhere"
    # edits 2, 3 and 4 are those after a stop
    other = Fake(edit=lambda number: {"latent": {"finite": True, "equal": number != 3}})
    assert "in evaluation 2 gives another latent" in endurance._stopped(other, "FastDrag", how, False)["reason"]
    hooked = Fake(edit=lambda number: {"network": NETWORK | {"hooks": number // 4}})
    assert "changed after evaluation 3" in endurance._stopped(hooked, "FastDrag", how, False)["reason"]


def test_all_methods_are_tried_in_one_comfyui(monkeypatch, tmp_path):
    @contextmanager
    def comfyui(path, python, arguments):
        yield Fake()

    monkeypatch.setattr(endurance, "comfyui", comfyui)
    names = [name for name, _ in endurance.checks(CPU, tmp_path, "python", 7)]
    assert names[0] == "7 edits by all methods" and len(names) == 1 + 3 * len(DEMO_METHODS)


def test_each_turn_has_another_drag_inside_the_picture():
    drags = {demo_edit("FastDrag", turn)["points"]["inputs"]["points"] for turn in range(200)}
    assert len(drags) == 200
    for drag in drags:
        assert all(0 <= float(value) <= 256 for end in drag.split("->") for value in end.split(","))


def test_it_needs_a_comfyui():
    with pytest.raises(SystemExit, match="--endurance is for a ComfyUI; name its folder with --comfyui"):
        main(["check", "--device", "cpu", "--endurance", "5"])
