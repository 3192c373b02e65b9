"""Measurements as files: what was asked of a bench, what it ran on, and its rows; docs/results keeps them."""

import json
import os
import platform
import re
import shlex
import subprocess
from datetime import date
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
# only a checkout of the repository has it
FOLDER = Path("docs", "results")
# which command measures what the file of each name holds
COMMANDS = {
    "quality": "dragkit bench quality",
    "dynadrag": "dragkit bench dynadrag",
    "pairs": "dragkit bench pairs FOLDER",
    "regions": "dragkit bench regions FOLDER",
    "dragbench": "dragkit bench dragbench FOLDER --features FOLDER --out FOLDER --json docs/results/dragbench.json",
    "motion": "dragkit bench motion",
    "kernels": "dragkit bench kernels",
    "cost": "dragkit bench cost",
    "editor": "python tests/comfy/measure_editor.py URL",
}
KINDS = {
    "bench": str, "command": str, "date": str, "commit": (str, type(None)), "versions": dict, "machine": dict,
    "seed": int, "rows": list,
}  # fmt: skip
PACKAGES = ("torch", "diffusers")
VERSIONS = {"dragkit", "python", *PACKAGES}
MACHINE = {"system", "processor", "cores", "threads", "device"}
DIGITS = 4


class ResultsError(ValueError):
    """A file of results that does not hold what it should, or does not go with another; the message names it."""


def commit(root=ROOT):
    """Short hash of the checkout, "+" behind it where code or weights have changes; None where git knows of none."""

    def git(*words):
        return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout.strip()

    # an installed pack may lie in somebody else's checkout
    if not (root / ".git").exists():
        return None
    try:
        # what a bench before this one wrote changes nothing that is measured
        changed = git("status", "--porcelain", "--", ".", ":(exclude)docs", ":(exclude)*.md")
        return git("rev-parse", "--short=10", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _version(root):
    project = root / "pyproject.toml"
    if not project.is_file():
        return metadata.version("dragkit")
    return re.search(r'^version = "(.+)"$', project.read_text(), re.MULTILINE)[1]


def _installed(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def about(bench, command, seed, device="cpu"):
    """A document without rows, to be asked for before they are measured; command is a list of words. Of the machine it
    says the class, not which one it is."""
    import torch

    return {
        "bench": bench,
        "command": shlex.join(command),
        "date": date.today().isoformat(),
        "commit": commit(),
        "versions": {"dragkit": _version(ROOT), "python": platform.python_version()}
        | {name: _installed(name) for name in PACKAGES},
        "machine": {
            "system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count(),
            "threads": torch.get_num_threads(), "device": device,
        },
        "seed": seed,
    }  # fmt: skip


def is_quick(document):
    return "--quick" in document["command"].split()


def place(document, root=ROOT):
    """Where a document is kept; None for a quick one, and where there is no checkout."""
    kept = (root / FOLDER).is_dir() and not is_quick(document)
    return root / FOLDER / f"{document['bench']}.json" if kept else None


def check(document, name):
    """Raises ResultsError unless it is a document whose file is called `name`."""
    for key, kind in KINDS.items():
        if not isinstance(document, dict) or not isinstance(document.get(key, ...), kind):
            raise ResultsError(f"{name} holds no result of a bench: its {key} is missing or of another kind")
    if strange := [key for key in document if key not in KINDS]:
        raise ResultsError(f"{name} holds {strange[0]}, which does not belong there")
    if Path(name).stem != document["bench"]:
        raise ResultsError(f"{name} holds a result of the bench {document['bench']}")
    if not VERSIONS <= set(document["versions"]) or set(document["machine"]) != MACHINE:
        raise ResultsError(f"{name} does not say the versions ({', '.join(sorted(VERSIONS))}) and the machine's class")
    if not document["rows"] or not all(isinstance(row, dict) for row in document["rows"]):
        raise ResultsError(f"{name} has no rows")


def read(path):
    """The document of a file; ResultsError for one that is none."""
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise ResultsError(f"{path.name} is not JSON: {error}") from error
    check(document, path.name)
    return document


def read_all(root=ROOT):
    """{bench: document} of those that are kept."""
    paths = (root / FOLDER / f"{bench}.json" for bench in COMMANDS)
    return {path.stem: read(path) for path in paths if path.is_file()}


def check_alike(part, whole):
    """Raises ResultsError unless the rows of a part, measured anew, may stand beside those of the whole document."""
    for what, of in (("quick", is_quick), ("seed", lambda one: one["seed"]), ("machine", lambda one: one["machine"])):
        if of(part) != of(whole):
            raise ResultsError(
                f"{FOLDER / whole['bench']}.json is of another kind ({what} is {of(whole)}, now {of(part)}); measure "
                "all of it again, or keep this part with --json FILE"
            )


def merged(part, whole):
    """The whole document with the rows of a part in place of its own of the same methods; they say their commit."""
    fresh = {row["method"] for row in part["rows"]}
    rows = [row for row in whole["rows"] if row["method"] not in fresh]
    return whole | {"rows": rows + [row | {"commit": part["commit"]} for row in part["rows"]]}


def _short(value):
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def write(document, path):
    """One row a line, numbers with four digits."""
    rows = [{key: _short(value) for key, value in row.items()} for row in document["rows"]]
    head = json.dumps({key: document[key] for key in KINDS if key != "rows"}, indent=1, allow_nan=False)
    lines = ",\n".join("  " + json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows)
    Path(path).write_text(f'{head[:-2]},\n "rows": [\n{lines}\n ]\n}}\n')
