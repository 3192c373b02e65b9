"""`dragkit batch`: the jobs of a file, each written whole or not at all."""

import io
import json
import os
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from ..out_of_memory import memory_named
from ..user_input import UserError
from .job_lines import SUMMARY, arguments_of, edit_parser, read_jobs
from .workers import WorkerLost, done_jobs

FORMAT = "dragkit.job"
# words that say which networks a job needs: jobs that share them are done one after the other
NETWORKS = ("model", "method", "flowdiffusion", "lightningdrag", "lora", "prompt")


def _sentence(text):
    return " ".join(str(text).split())


class EditWork:
    """Does the jobs of a worker: (words of `dragkit edit`, name of the picture) -> {"pictures": {name: bytes},
    "notices": [...], "seconds": ...} or {"error": a sentence}. What a job has loaded serves the next ones."""

    def __init__(self):
        self.parser = edit_parser()

    def __call__(self, job):
        from ..edits import edit

        words, output = job
        said, start = io.StringIO(), time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="dragkit-") as folder:
            try:
                with redirect_stderr(said), redirect_stdout(io.StringIO()), memory_named():
                    paths = edit(arguments_of(self.parser, words, Path(folder, output)))
                pictures = {path.name: path.read_bytes() for path in paths}
            except (UserError, ValueError, OSError) as error:
                return {"error": _sentence(error)}
            except Exception as error:  # the other jobs are not to blame
                return {"error": _sentence(f"{type(error).__name__}: {error}")}
        # a progress bar returns to the beginning of its line
        notices = [line for line in said.getvalue().splitlines() if line.strip() and "\r" not in line]
        return {"pictures": pictures, "notices": notices, "seconds": time.perf_counter() - start}


def write_whole(path, content):
    """Writes bytes to a file, which is there as a whole or, after an interruption, as it was."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def _record(out, job):
    return out / f"{job.output}.json"


def _as_json(value):
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _is_done(out, job):
    """Whether the pictures of this very job are there."""
    try:
        found = json.loads(_record(out, job).read_text(encoding="utf-8"))
        return found["job"] == job.words and all((out / Path(name).name).is_file() for name in found["pictures"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _keep(out, job, result):
    """Writes what a job gave, first its pictures and then the record that says that they are there."""
    record = _record(out, job)
    record.unlink(missing_ok=True)
    for name, content in result.get("pictures", {}).items():
        write_whole(out / name, content)
    said = {"format": FORMAT, "version": 1, "line": job.line, "job": job.words}
    if "error" in result:
        # what an earlier job of this name has left would seem to be its picture
        (out / job.output).unlink(missing_ok=True)
        said |= {"error": result["error"]}
    else:
        said |= {
            "pictures": list(result["pictures"]), "notices": result["notices"], "seconds": round(result["seconds"], 3)
        }  # fmt: skip
    write_whole(record, _as_json(said))


def batch(arguments):
    from tqdm import tqdm

    jobs, out = read_jobs(arguments.jobs), Path(arguments.out)
    out.mkdir(exist_ok=True)
    todo = [job for job in jobs if not _is_done(out, job)]
    before, failed = len(jobs) - len(todo), []
    todo.sort(key=lambda job: [json.dumps(job.words.get(word)) for word in NETWORKS])
    start = time.perf_counter()
    asked = [(job.words, job.output) for job in todo]
    with tqdm(desc="edits", total=len(jobs), initial=before, unit="") as bar:
        for index, result in done_jobs(EditWork, asked, arguments.ray):
            job = todo[index]
            if isinstance(result, WorkerLost):
                result = {"error": str(result)}
            _keep(out, job, result)
            if "error" in result:
                failed.append({"line": job.line, "output": job.output, "error": result["error"]})
                tqdm.write(f"{job.output} (line {job.line}): {result['error']}", file=sys.stderr)
            bar.update()
    failed.sort(key=lambda one: one["line"])
    summary = {
        "format": "dragkit.batch", "version": 1, "jobs": len(jobs), "done": len(todo) - len(failed),
        "done_before": before, "failed": failed, "seconds": round(time.perf_counter() - start, 3),
    }  # fmt: skip
    path = out / f"{SUMMARY}.json"
    write_whole(path, _as_json(summary))
    print(f"{summary['done']} done, {before} done before, {len(failed)} failed: {path}")
    if failed:
        raise UserError(f"{len(failed)} of {len(jobs)} jobs failed; {path} says why")
