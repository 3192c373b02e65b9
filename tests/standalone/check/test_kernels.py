"""Every kernel is checked, goes through what its case names, computes on a card what it does on the CPU, and makes it
wait no more often when there is more to do; the card is a stand-in."""

import sys
from pathlib import Path

import dragkit
import pytest
import torch
from dragkit.standalone.check import cases, kernels
from dragkit.standalone.check.given import Given

from ...stand_in_card import CARD, stand_in_card

KERNELS = Path(dragkit.__path__[0], "kernels")
MODULES = {
    ".".join(path.relative_to(KERNELS).with_suffix("").parts)
    for path in KERNELS.rglob("*.py")
    if path.stem != "__init__"
}
each_case = pytest.mark.parametrize("case", kernels.CASES, ids=lambda case: case.name)


def test_every_kernel_is_named_by_a_check_or_has_nothing_to_do_on_a_device():
    checked = {module for case in kernels.CASES for module in case.modules}
    assert len(MODULES) > 50 and checked | set(kernels.HOST) == MODULES
    assert not checked & set(kernels.HOST)
    assert len({case.name for case in kernels.CASES}) == len(kernels.CASES)


def gone_through(run):
    """Kernel modules whose functions run() calls."""
    found = set()

    def look(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(KERNELS):
            found.add(".".join(path.relative_to(KERNELS).with_suffix("").parts))

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        run()
    finally:
        sys.setprofile(before)
    return found


@each_case
def test_a_case_goes_through_the_modules_that_it_names(case):
    assert set(case.modules) <= gone_through(lambda: case.run(Given(torch.device("cpu"))))


@each_case
def test_a_kernel_computes_on_a_card_what_it_does_on_the_cpu(case):
    with stand_in_card():
        row = kernels.agreement(case, CARD)
    assert row["outcome"] == "pass" and row["value"] <= row["limit"], row


def waits(case, size):
    with stand_in_card() as found:
        given = Given(CARD, **size)
        case.run(given)
        found.clear()
        case.run(given)
        return list(found)


@each_case
def test_more_points_steps_and_pixels_make_a_card_wait_no_more_often(case):
    few, many = waits(case, kernels.SMALL), waits(case, kernels.LARGE)
    assert len(many) <= len(few) + case.spare, (few, many)


def test_a_difference_beyond_the_tolerance_is_a_failure():
    def run(given):
        return torch.tensor([1.0, 2.0, 4.0]) + (given.device.type != "cpu") * torch.tensor([0.0, 0.0, 0.004])

    for tolerance, outcome in ((2e-3, "pass"), (0.5e-3, "fail")):
        assert kernels.agreement(cases.Case("", (), run, tolerance), CARD)["outcome"] == outcome
    # one value in three is beyond it
    for share, outcome in ((0.34, "pass"), (0.32, "fail")):
        assert kernels.agreement(cases.Case("", (), run, 0.5e-3, share), CARD)["outcome"] == outcome


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_a_failure(wrong):
    def run(given):
        return torch.tensor([1.0, wrong if given.device == device else 1.0])

    for device in (torch.device("cpu"), CARD):
        assert kernels.agreement(cases.Case("", (), run), device)["outcome"] == "fail"


def test_a_growing_number_of_waits_is_a_failure(monkeypatch):
    def counted(device, run, given):
        return run(given)

    monkeypatch.setattr(kernels, "counted", counted)
    for run, spare, outcome in (
        (lambda given: 3, 0, "pass"), (lambda given: given.points, 0, "fail"), (lambda given: given.points, 15, "pass"),
    ):  # fmt: skip
        assert kernels.waiting(cases.Case("", (), run, spare=spare), CARD)["outcome"] == outcome
