"""Random networks of Stable Diffusion's sizes in a ComfyUI, of which this needs no more than the sources: precisions,
edits beside their bare evaluations, the KV cache by each policy, gradients, and memory that runs out."""

from . import workflows
from .comfy_server import PACK, ComfyUIError, comfyui
from .comfyui import POLICIES
from .edits import GOALS, RECOMPUTED
from .networks import TOLERANCES, dtypes, sizes
from .outcome import failed, judged, not_tried, passed
from .setting import DTYPES, MIB

# seconds of sampling with the cache in the computer's memory over those with it on the card
CACHE_GOAL = 1.1
# on a card, on the CPU, and quickly
EDITS, CPU_EDITS, QUICK_EDITS = 1000, 200, 20
# bytes that an allocator may keep: a card's own count is exact, resident memory is not
SLACK = {"cuda": 1 * MIB, "cpu": 64 * MIB}


def _precisions(server, names, kind, whole, cells):
    rows = {}
    for name in names:
        like = "" if name == "float32" else "float32.pt"
        said = server.measured(workflows.evaluation(kind, whole, name, cells, f"{name}.pt", like, 3))[0]["evaluation"]
        if not said["finite"]:
            rows[name] = failed("the answer is not finite")
            continue
        rows[f"{name}: one evaluation"] = passed(said["seconds"], "s")
        if said["peak"]:
            rows[f"{name}: most memory"] = passed(said["peak"] / MIB, "MiB")
        if like:
            rows[f"{name} beside float32"] = judged(
                said["differs"], "of its root mean square", TOLERANCES[name], "differs from float32"
            )
    return rows


def _best(server, setting, make):
    """(least seconds of an edit, what the probe said of the last one); the first one loads the networks."""
    turns = 4 if setting.is_card and not setting.quick else 2
    found = [server.measured(make(turn)) for turn in range(turns)]
    return min(seconds for _, seconds in found[1:]), found[-1][0]["latent"]


def _ratio(seconds, evaluations, one, said, method):
    if not said["finite"]:
        return failed("the latent is not finite")
    return passed(seconds / (evaluations * one), "times its evaluations", goal=GOALS.get(method))


def _fastdrag(server, setting, size, name):
    one = server.measured(workflows.evaluation(size.name, size.whole, name, size.cells, runs=3))[0]["evaluation"]
    rows, times = {}, {}
    for policy in POLICIES:
        like = "" if policy == "gpu" else "gpu.pt"

        def make(turn, policy=policy, like=like):
            return workflows.fastdrag_of(
                size.whole, name, size.cells, turn, size.name, policy, f"{policy}.pt", like
            )  # fmt: skip

        times[policy], said = _best(server, setting, make)
        if policy == "gpu":
            rows["FastDrag"] = _ratio(times[policy], workflows.FASTDRAG_EVALUATIONS, one["seconds"], said, "FastDrag")
        elif said["equal"]:
            rows[f"cache in {policy}"] = passed(
                times[policy], "s", reason="the latent equals that of the policy gpu bit for bit"
            )
        else:
            rows[f"cache in {policy}"] = failed("the latent differs from that of the policy gpu")
    if setting.is_card:
        rows["time of the cache in cpu beside gpu"] = passed(times["cpu"] / times["gpu"], "times", goal=CACHE_GOAL)
    return rows


def _method(server, setting, size, name, method):
    if method == "InstantDrag":
        steps = 4 if setting.quick and not setting.is_card else workflows.INSTANTDRAG_STEPS

        def make(turn):
            return workflows.instantdrag_of(size.whole, name, size.cells, turn, steps)
    else:
        steps = workflows.LIGHTNINGDRAG_STEPS

        def make(turn):
            return workflows.lightningdrag_of(size.whole, name, size.cells, turn)

    one = server.measured(make(0)[1])[0]["evaluation"]["seconds"]
    seconds, said = _best(server, setting, lambda turn: make(turn)[0])
    return _ratio(seconds, steps, one, said, method)


def _gradient(server, setting, size, name):
    one = server.measured(workflows.evaluation(size.name, size.whole, name, size.cells, runs=3))[0]["evaluation"]
    said = server.measured(workflows.gradient(size.name, size.whole, name, size.cells))[0]["gradient"]
    rows = {}
    for way, label in (("off", "without checkpointing"), ("on", "with checkpointing")):
        if said[way] is None:
            rows[label] = not_tried("the device has too little memory for it")
        elif not said[way]["good"]:
            rows[label] = failed("the gradient is zero or not finite")
        else:
            rows[label] = passed(said[way]["seconds"] / one["seconds"], "times an evaluation")
            if said[way]["peak"]:
                rows[f"{label}: most memory"] = passed(said[way]["peak"] / MIB, "MiB")
    if said["differs"] is not None:
        rows["the same gradient with checkpointing"] = judged(
            said["differs"], "of its root mean square", RECOMPUTED[name], "differs from the gradient without"
        )
    return rows


def _used_up(server, setting):
    server.measured(workflows.fastdrag_of(False, "float32", 16, 0, file="before.pt"))
    try:
        server.measured(workflows.used_up(0))
        return failed("an edit that ran out of memory said nothing")
    except ComfyUIError as error:
        said = str(error).splitlines()[0]
    after = server.measured(workflows.fastdrag_of(False, "float32", 16, 0, like="before.pt"))[0]["latent"]
    if not after["equal"]:
        return failed("the edit after it gives another latent")
    stand_in = "" if setting.is_card else " (raised by a stand-in: the CPU's memory is not used up)"
    return passed(reason=f'said: "{said}"; the next edit is as before{stand_in}')


def _growth(server, setting, count):
    first = max(1, count // 10)

    def used(turn):
        return server.measured(workflows.memory_after(turn))[0]["memory"]["bytes"]

    before = None
    for turn in range(first + count):
        found = used(turn)
        if found is None:
            return not_tried("this system does not say how much memory a process has")
        if turn == first - 1:
            before = found
    grown = found - before
    limit = SLACK["cuda" if setting.is_cuda else "cpu"] / MIB
    return judged(grown / MIB, f"MiB after {count} edits", limit, "memory grows from edit to edit")


def _of_size(server, setting, size):
    names = dtypes(setting, size)[0]
    yield size.label, lambda: _precisions(server, names, size.name, size.whole, size.cells)
    for name in names:
        of = f"{size.label}, {name}"
        yield f"FastDrag, {of}", lambda name=name: _fastdrag(server, setting, size, name)
        # there is neither for SDXL
        for method in ("InstantDrag", "LightningDrag") if size.name == "SD1.5" else ():
            yield f"{method}, {of}", lambda name=name, method=method: _method(server, setting, size, name, method)
        yield f"DynaDrag's gradient step, {of}", lambda name=name: _gradient(server, setting, size, name)


def checks(setting, path, python):
    """Checks in one ComfyUI, which runs as long as they are asked for."""
    if not (PACK / "nodes").is_dir():
        return
    try:
        with comfyui(path, python, () if setting.is_card else ("--cpu",)) as server:
            for size in sizes(setting):
                yield from _of_size(server, setting, size)
            yield "a small DiT", lambda: _precisions(server, list(DTYPES), "DiT", False, 32)
            yield "memory used up in an edit", lambda: _used_up(server, setting)
            count = QUICK_EDITS if setting.quick else EDITS if setting.is_card else CPU_EDITS
            yield f"memory over {count} edits", lambda: _growth(server, setting, count)
    except ComfyUIError as error:
        message = str(error)
        yield "ComfyUI", lambda: failed(message)
