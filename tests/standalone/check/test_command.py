"""`dragkit check`: what becomes of a check, the table, the file, and the exit status."""

import json
import re

import pytest
import torch
from dragkit.standalone.bench import results
from dragkit.standalone.check import command
from dragkit.standalone.check.outcome import failed, not_tried, passed
from dragkit.standalone.check.setting import Setting
from dragkit.standalone.cli import main

CPU = Setting(torch.device("cpu"), quick=True)


def fails(error):
    def run():
        raise error

    return run


CHECKS = [
    ("a value", lambda: passed(0.5, "s", 1.0)),
    ("a number that is none", lambda: failed("not finite", float("nan"), "s", 1.0)),
    ("two", lambda: {"first": passed(3, "ms", goal=2.0), "second": not_tried("needs a card")}),
    ("an error", fails(ValueError("the latent is\nbroken"))),
    ("no memory", fails(torch.OutOfMemoryError("tried to allocate"))),
]


@pytest.fixture
def checks(monkeypatch):
    monkeypatch.setattr(command, "parts", lambda *_: [("part", CHECKS)])


def test_a_check_gives_rows_whatever_becomes_of_it(checks, capsys):
    rows = command.run_checks(CPU)
    assert [(row["check"], row["outcome"]) for row in rows] == [
        ("a value", "pass"), ("a number that is none", "fail"), ("two: first", "pass"), ("two: second", "not tried"),
        ("an error", "fail"), ("no memory", "not tried"),
    ]  # fmt: skip
    assert "value" not in rows[1] and rows[4]["reason"] == "ValueError: the latent is"
    assert "little memory" in rows[5]["reason"]
    assert "part: done" in capsys.readouterr().err


def test_the_table_says_values_limits_goals_and_reasons(checks):
    text = command.table(command.run_checks(CPU))
    for line in (
        r"pass +a value +0.5 s; at most 1$", r"fail +a number that is none +not finite$",
        r"pass +two: first +3 ms; goal on an H100 2$", r"not tried +two: second +needs a card$",
        r"^2 pass, 2 fail, 2 not tried$",
    ):  # fmt: skip
        assert re.search(line, text, re.MULTILINE), line


def test_a_failure_is_the_exit_status_and_the_file_is_written(checks, tmp_path, capsys):
    path = tmp_path / "check.json"
    with pytest.raises(SystemExit, match="dragkit: 2 of 6 checks failed"):
        main(["check", "--device", "cpu", "--quick", "--json", str(path)])
    document = results.read(path)
    assert document["command"] == "dragkit check --device cpu --quick" and document["machine"]["device"] == "cpu"
    assert document["rows"] == json.loads(json.dumps(document["rows"])) and len(document["rows"]) == 6
    assert {row["outcome"] for row in document["rows"]} == {"pass", "fail", "not tried"}
    assert "2 pass, 2 fail" in capsys.readouterr().out


def test_without_a_failure_it_ends_well(monkeypatch, capsys):
    monkeypatch.setattr(command, "parts", lambda *_: [("part", CHECKS[:1])])
    main(["check", "--device", "cpu"])
    assert "1 pass, 0 fail, 0 not tried" in capsys.readouterr().out


def test_a_device_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="--device is cuda, but torch .* finds no such device here"):
        main(["check", "--device", "cuda"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert command.device_of(None).type == "cpu"


def test_every_part_has_checks_whose_names_are_their_own():
    names = {part: [name for name, _ in checks] for part, checks in command.parts(CPU)}
    assert set(names) == {
        "machine", "kernels against the CPU", "kernels wait for the device", "pictures", "nodes in ComfyUI", "KV cache",
        "networks", "edits", "memory",
    }  # fmt: skip
    for part, found in names.items():
        assert found and len(set(found)) == len(found), part


def test_what_the_cpu_cannot_show_is_not_tried_and_says_why():
    for wanted in ("kernels wait for the device", "KV cache", "networks"):
        checks = next(checks for part, checks in command.parts(CPU) if part == wanted)
        rows = [run() for name, run in checks if re.search("every kernel|pinned|while the|^SDXL size", name)]
        assert rows and all(row["outcome"] == "not tried" and "card" in row["reason"] for row in rows), wanted


def test_memory_that_is_used_up_is_one_sentence_at_the_command_line(monkeypatch):
    monkeypatch.setattr(command, "run_checks", lambda *_: fails(torch.OutOfMemoryError("CUDA out of memory"))())
    with pytest.raises(SystemExit) as caught:
        main(["check", "--device", "cpu"])
    assert str(caught.value) == (
        "dragkit: the device's memory is used up; use a smaller picture, or close other programs that use it"
    )
