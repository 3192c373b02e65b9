"""Jobs by one process and by a real Ray cluster of two workers, of which some die."""

import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import torch
from dragkit.standalone.batch import workers
from dragkit.standalone.batch.workers import WorkerLost, done_jobs
from dragkit.standalone.bench import command, dragbench, pairs, quality
from dragkit.standalone.cli import main
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.user_input import UserError

from ..bench.test_pairs import write_pair

PARTNERS = {10: 11, 11: 10}


class Squares:
    """work(job) = (job squared, the process that did it). Jobs that begin with a minus are told to die: -1 the first
    time, -2 each time."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / f"made-{os.getpid()}").touch()

    def __call__(self, job):
        if job == "fault":
            raise UserError("this job is none")
        mark = self.folder / f"begun{job}-{os.getpid()}"
        again = self._begun(job)
        mark.touch()
        # two jobs that wait for one another are in the hands of two workers
        end = time.monotonic() + 60
        while job in PARTNERS and time.monotonic() < end and not self._begun(PARTNERS[job]):
            time.sleep(0.01)
        if job == -2 or (job == -1 and not again):
            os.kill(os.getpid(), signal.SIGKILL)
        return job * job, os.getpid()

    def _begun(self, job):
        return any(self.folder.glob(f"begun{job}-*"))


class Make:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self):
        return Squares(self.folder)


def made(folder):
    return len(list(folder.glob("made-*")))


def test_one_process_makes_its_work_once_and_keeps_the_order(tmp_path):
    found = list(done_jobs(Make(tmp_path), [3, 4, 5]))
    assert found == [(0, (9, os.getpid())), (1, (16, os.getpid())), (2, (25, os.getpid()))] and made(tmp_path) == 1
    assert list(done_jobs(Make(None), [])) == []


def test_without_ray_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r'--ray needs Ray; install it with pip install "dragkit\[cluster\]"'):
        list(done_jobs(int, [1], ""))


@pytest.fixture(scope="module")
def ray():
    """A Ray of two workers on this machine, which may pickle what is in this file."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: jobs on a cluster, and workers that die, not tested")
    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=2, num_gpus=0, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    shutdown = ray.shutdown
    # one cluster serves all tests
    patch.setattr(ray, "shutdown", lambda: None)
    yield ray
    patch.undo()
    shutdown()


def test_the_workers_of_a_cluster_share_the_jobs_and_a_killed_one_loses_none(ray, tmp_path):
    jobs = [10, 11, -1, 4, 5, 6]
    found = dict(done_jobs(Make(str(tmp_path)), jobs, ""))
    assert {jobs[index]: result[0] for index, result in found.items()} == {job: job * job for job in jobs}
    assert found[0][1] != found[1][1] and os.getpid() not in {result[1] for result in found.values()}
    # the job in hand was begun twice, all others once
    assert sorted(path.name.split("-")[0] + path.name.split("-")[1] for path in tmp_path.glob("begun-1-*")) == [
        "begun1", "begun1"
    ]  # fmt: skip
    assert all(len(list(tmp_path.glob(f"begun{job}-*"))) == 1 for job in jobs if job > 0)


def test_a_job_that_kills_every_worker_is_given_up_and_the_rest_is_done(ray, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "ATTEMPTS", 2)
    found = dict(done_jobs(Make(str(tmp_path)), [2, -2, 3], ""))
    assert found[0][0] == 4 and found[2][0] == 9
    assert isinstance(found[1], WorkerLost) and str(found[1]).startswith("2 workers died over it")
    assert len(list(tmp_path.glob("begun-2-*"))) == 2


def test_cases_of_benches_are_measured_by_workers_as_by_one_process(ray, some_cases, tmp_path, monkeypatch):
    few = some_cases[:2]
    monkeypatch.setattr(quality, "cases", lambda seed, every: few)
    methods = {name: quality.METHODS[name] for name in ("nothing done", "paste at target")}
    one, many = (quality.bench_quality(True, methods=methods, ray=ray) for ray in (None, ""))
    differing = ("seconds", "floor_seconds", "peak_mib")
    one_rows, many_rows = (
        [{k: v for k, v in row.items() if k not in differing} for row in of[0]] for of in (one, many)
    )
    assert one_rows == many_rows and len(many_rows) == 4 and list(one[1]) == list(many[1])
    assert all(torch.equal(one[1][key], many[1][key]) for key in one[1])
    # in turn, named and measured by what each worker loads
    for name in ("b", "a"):
        write_pair(tmp_path / "pairs" / name, 3)
    read = pairs.read_pairs(tmp_path / "pairs")
    one = pairs.bench_pairs(read, {"rigid": pairs.METHODS["rigid"]})
    many = pairs.bench_pairs(read, ["rigid"], ray="", load=partial(command._networks_of_pairs, None, None))
    rows = [{key: value for key, value in row.items() if key != "lpips"} for row in many[0]]
    assert one[0] == rows and len(rows) == 4 and all(torch.equal(one[1][key], many[1][key]) for key in one[1])


def test_what_dragbench_gives_its_workers_can_be_sent(ray, monkeypatch):
    given = []
    monkeypatch.setattr(dragbench, "sample_names", lambda root: ["a"])
    monkeypatch.setattr(dragbench, "done_jobs", lambda *words: given.append(words) or [])
    dragbench.bench_dragbench("bench", ["warp"], "out", "features", options={"seam": 1}, ray="here")
    make, jobs, address = given[0]
    sent = ray.cloudpickle.loads(ray.cloudpickle.dumps(make))
    assert (
        sent.func is dragbench.DragBenchWork and sent.args == make.args and (jobs, address) == ([("warp", "a")], "here")
    )


def test_what_work_raises_is_raised_here(ray, tmp_path):
    with pytest.raises(UserError, match="^this job is none$"):
        list(done_jobs(Make(str(tmp_path)), ["fault"], ""))


def test_an_address_without_a_cluster_is_said(ray, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(UserError, match="no Ray cluster answers at nowhere:1"):
        list(done_jobs(int, [1], "nowhere:1"))


def test_the_edits_of_a_batch_are_those_of_one_process(ray, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    to_pil(torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0))).save("in.png")
    warp = {"image": "in.png", "method": "warp", "no-inpaint": True}
    jobs = [warp | {"points": f"20,12 -> {x},15"} for x in (25, 30)] + [warp | {"points": "99,12 -> 1,1"}]
    Path("jobs.jsonl").write_text("".join(json.dumps(job) + "\n" for job in jobs))
    for words in (["one"], ["many", "--ray"]):
        with pytest.raises(SystemExit, match=f"1 of 3 jobs failed; {words[0]}/summary.json"):
            main(["batch", "jobs.jsonl", "--out", *words])
    one, many = ({path.name: path.read_bytes() for path in Path(name).glob("*.png")} for name in ("one", "many"))
    assert one == many and set(one) == {"00001.png", "00002.png"} and one["00001.png"] != one["00002.png"]
    failed = [json.loads(Path(name, "00003.png.json").read_text()) for name in ("one", "many")]
    assert failed[0] == failed[1] and "point 1 has handle x = 99" in failed[0]["error"]
