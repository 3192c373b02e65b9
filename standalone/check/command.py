"""`dragkit check`: runs every check, says how far it is, and keeps what came out."""

import contextlib
import io
import sys
import time

from ..user_input import UserError
from .outcome import FAIL, NOT_TRIED, PASS, failed, not_tried, sentence

# letters of a check's name that are aligned
WIDTH = 72
DEVICES = ("cpu", "cuda", "mps")


def device_of(name):
    """torch.device by its name, the best there is for None; UserError for one that is not there."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    name = name or next(one for one in ("cuda", "mps", "cpu") if there[one])
    if not there[name]:
        raise UserError(f"--device is {name}, but torch {torch.__version__} finds no such device here")
    return torch.device(name)


def parts(setting, comfyui=None, endurance=0):
    """(name, checks) of what there is to check; checks are pairs of a name and a function that gives a row, or rows
    {name: row}. comfyui is the folder and the Python of one, None for none; endurance, the edits it is to hold out."""
    from . import kernels, machine, pictures
    from .comfyui import checks as comfyui_checks
    from .comfyui_networks import checks as network_checks
    from .endurance import checks as endurance_checks

    yield "machine", machine.checks(setting)
    yield "kernels against the CPU", kernels.checks(setting)
    yield "kernels wait for the device", kernels.waiting_checks(setting)
    yield "pictures", pictures.checks(setting)
    if comfyui:
        yield "nodes in ComfyUI", comfyui_checks(setting, *comfyui)
        yield "networks in ComfyUI", network_checks(setting, *comfyui)
        if endurance:
            yield "held for long", endurance_checks(setting, *comfyui, endurance)
    else:
        yield "nodes in ComfyUI", [("the nodes", lambda: not_tried("name a ComfyUI with --comfyui"))]
    try:
        from . import caches, edits, memory, networks
    except ImportError as error:
        instead = "they were tried in ComfyUI" if comfyui else "--comfyui tries them there"
        why = f'{error.name} is not installed; {instead}, or pip install -e ".[standalone]" brings it'
        yield "networks", [("caches, networks, edits and memory of the command line", lambda: not_tried(why))]
        return
    yield "KV cache", caches.checks(setting)
    yield "networks", networks.checks(setting)
    yield "edits", edits.checks(setting)
    yield "memory", memory.checks(setting)


def _rows(part, name, run, setting):
    """The rows of a check, whatever becomes of it."""
    import torch

    try:
        # progress bars of what is reused
        with contextlib.redirect_stderr(io.StringIO()):
            found = run()
    except torch.OutOfMemoryError:
        found = not_tried("the device has too little memory for it")
    # whatever goes wrong in a check is what it has found
    except Exception as error:
        found = failed(sentence(error))
    if setting.is_cuda:
        torch.cuda.empty_cache()
    named = {name: found} if "outcome" in found else {f"{name}: {key}": row for key, row in found.items()}
    return [{"part": part, "check": key, **row} for key, row in named.items()]


def run_checks(setting, comfyui=None, endurance=0):
    """All rows; progress goes to stderr."""
    rows, start = [], time.perf_counter()
    for part, checks in parts(setting, comfyui, endurance):
        for name, run in checks:
            if sys.stderr.isatty():
                print(
                    f"\r\033[K{time.perf_counter() - start:4.0f} s  {part}: {name}", end="", file=sys.stderr, flush=True
                )
            rows += _rows(part, name, run, setting)
        if not sys.stderr.isatty():
            print(f"{time.perf_counter() - start:4.0f} s  {part}: done", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return rows


def _measured(row):
    """The value and what it was held against, in words."""
    value = row.get("value")
    if value is None:
        return row.get("reason", "")
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    words = [f"{text} {row.get('unit', '')}".strip()]
    if "limit" in row:
        words.append(f"at most {row['limit']:.3g}")
    if "goal" in row:
        words.append(f"goal on an H100 {row['goal']:g}")
    return "; ".join([*words, *filter(None, [row.get("reason")])])


def table(rows):
    """A line for each row, by parts, and how many there are of each outcome."""
    lines, part = [], None
    width = min(WIDTH, max(len(row["check"]) for row in rows))
    for row in rows:
        if row["part"] != part:
            part = row["part"]
            lines += ["", part]
        lines.append(f"  {row['outcome']:9}  {row['check']:{width}}  {_measured(row)}".rstrip())
    counts = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in (PASS, FAIL, NOT_TRIED)}
    return "\n".join([*lines[1:], "", ", ".join(f"{count} {outcome}" for outcome, count in counts.items())])


def check(arguments):
    import torch

    from ..bench import results
    from .comfyui import interpreter
    from .setting import Setting

    if arguments.comfyui_python and not arguments.comfyui:
        raise UserError("--comfyui-python is the Python of a ComfyUI; name its folder with --comfyui")
    if arguments.endurance and not arguments.comfyui:
        raise UserError("--endurance is for a ComfyUI; name its folder with --comfyui")
    comfyui = interpreter(arguments.comfyui, arguments.comfyui_python) if arguments.comfyui else None
    setting = Setting(device_of(arguments.device), arguments.quick)
    threads = torch.get_num_threads()
    if setting.quick and setting.device.type == "cpu":
        # on tensors this small, threads that wait for a busy core cost many times what they save
        torch.set_num_threads(1)
    words = ["dragkit", "check", "--device", setting.device.type, *(["--quick"] if arguments.quick else [])]
    document = results.about("check", words, 0, setting.device.type)
    try:
        rows = run_checks(setting, comfyui, arguments.endurance)
    finally:
        torch.set_num_threads(threads)
    print(table(rows))
    if arguments.json:
        results.write(document | {"rows": rows}, arguments.json)
        print(f"Result: {arguments.json}")
    if bad := sum(row["outcome"] == FAIL for row in rows):
        raise UserError(f"{bad} of {len(rows)} checks failed")
