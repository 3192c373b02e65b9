"""Who does many jobs: this process, or the workers of a Ray cluster."""

import os
from collections import Counter, deque
from pathlib import Path

from ..user_input import UserError

# a job that a worker died over as often is not tried again
ATTEMPTS = 3


class WorkerLost(UserError):
    """A job over which its workers died."""


def done_jobs(make, jobs, ray=None):
    """Yields (index of the job, what work(job) gave) as they are done, for work = make(), which is called once in each
    worker; both may be pickled. ray: None: this process works; an address, or "" for the cluster that Ray finds or
    begins. A job is done again where its worker died; over ATTEMPTS deaths it gives a WorkerLost. What work raises
    ends all."""
    if ray is not None:
        yield from _on_ray(make, jobs, ray)
        return
    work = make() if jobs else None
    for index, job in enumerate(jobs):
        yield index, work(job)


def in_order(make, jobs, ray=None, what="jobs"):
    """What done_jobs gave, in the order of the jobs, with a progress bar; a WorkerLost is raised."""
    from tqdm import tqdm

    found = {}
    for index, result in tqdm(done_jobs(make, jobs, ray), desc=what, total=len(jobs)):
        if isinstance(result, WorkerLost):
            raise result
        found[index] = result
    return [found[index] for index in range(len(jobs))]


def _connected(address):
    """Ray, connected; UserError where it is not installed or does not answer."""
    try:
        import ray
    except ImportError as error:
        raise UserError('--ray needs Ray; install it with pip install "dragkit[cluster]"') from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # else a later Ray hides the cards of workers that asked for none, and an earlier one warns of that
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if not ray.is_initialized():
        try:
            ray.init(address=address or None, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            reason = str(error).strip().partition("\n")[0]
            where = address or "its usual place"
            raise UserError(
                f"no Ray cluster answers at {where} ({reason}); where it asks for a token, RAY_AUTH_MODE must be token"
            ) from error
    return ray


class _Worker:
    """Makes its work when it is asked to begin, so that what goes wrong there can be told."""

    def __init__(self, make, folder):
        self.make, self.folder = make, folder

    def begin(self):
        try:
            os.chdir(self.folder)
        except OSError as error:
            raise UserError(f"a worker has no folder {self.folder}; all of them must see the same files") from error
        self.work = self.make()

    def do(self, job):
        return self.work(job)


def _on_ray(make, jobs, address):
    ray = _connected(address)
    try:
        yield from _spread(ray, make, jobs)
    finally:
        ray.shutdown()


def _spread(ray, make, jobs):
    resources = ray.cluster_resources()
    cards = int(resources.get("GPU", 0))
    slots = min(len(jobs), cards or int(resources.get("CPU", 0)) or 1)
    worker = ray.remote(_Worker).options(num_cpus=1, num_gpus=1 if cards else 0)
    waiting, deaths, lost_at_begin, left = deque(range(len(jobs))), Counter(), 0, len(jobs)
    # {what Ray will tell: (its worker, the job in hand)}; a worker gets no job before it has begun, since there may be
    # no room for one in place of another that died with its machine
    asked = {}

    def hire():
        one = worker.remote(make, str(Path.cwd()))
        asked[one.begin.remote()] = one, None

    for _ in range(slots):
        hire()
    while left:
        (told,), _ = ray.wait(list(asked), num_returns=1)
        one, index = asked.pop(told)
        try:
            result = ray.get(told)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            reason = f"{type(error).__name__} of Ray"
            if index is None:
                lost_at_begin += 1
                if lost_at_begin >= ATTEMPTS * slots:
                    raise WorkerLost(f"the workers die before they begin ({reason})") from None
            else:
                deaths[index] += 1
                if deaths[index] < ATTEMPTS:
                    waiting.appendleft(index)
                else:
                    left -= 1
                    yield index, WorkerLost(f"{ATTEMPTS} workers died over it ({reason})")
            if left:
                hire()
            continue
        if index is not None:
            left -= 1
            yield index, result
        if waiting:
            mine = waiting.popleft()
            asked[one.do.remote(jobs[mine])] = one, mine
