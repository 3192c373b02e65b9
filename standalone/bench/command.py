"""`dragkit bench`: which bench is run with which words, and where what it measured is kept."""

import csv
import json
from functools import partial
from pathlib import Path

from ..argument_types import output_picture
from ..user_input import UserError


def _chosen(text, known, word):
    """Those of known {name: ...} whose names, with commas between, are the text; all of them for None."""
    names = list(known) if text is None else [name.strip() for name in text.split(",")]
    if strange := [name for name in names if name not in known]:
        raise UserError(f"--{word} knows no {strange[0]!r}; there are: {', '.join(known)}")
    return {name: known[name] for name in names}


def _bench_quality(arguments):
    from . import coarse, instantdrag, lightningdrag, quality, warp
    from .quality_tables import AUTOENCODER

    known = quality.METHODS | instantdrag.METHODS | lightningdrag.METHODS | warp.METHODS | coarse.METHODS
    known |= {AUTOENCODER: None}
    if arguments.slow or arguments.methods:
        known |= quality.SLOW_METHODS
    methods = _chosen(arguments.methods, known, "methods")
    photographs = quality.bench_autoencoder() if AUTOENCODER in methods else []
    methods.pop(AUTOENCODER, None)
    if not methods:
        return photographs, {}
    rows, pictures = quality.bench_quality(arguments.quick, arguments.seed, methods, ray=arguments.ray)
    return rows + photographs, pictures


def _bench_dynadrag(arguments):
    from . import dynadrag

    return dynadrag.bench_dynadrag(arguments.quick, arguments.seed)


def _bench_kernels(arguments):
    from . import kernels, warp

    if arguments.quick:
        return kernels.bench_kernels(3) + warp.bench_times(1, [min(warp.TARGETS)]), {}
    return kernels.bench_kernels() + warp.bench_times(), {}


def _bench_motion(arguments):
    from . import motion

    return motion.bench_motion(8 if arguments.quick else 40, arguments.seed), {}


def _bench_cost(arguments):
    from . import cost

    return cost.bench_cost(arguments.quick, _chosen(arguments.only, cost.METHODS, "only")), {}


def _networks_of_pairs(model, lpips):
    """DragModel and LPIPS, None where there is none."""
    from ..models.checkpoints import load_checkpoint
    from ..models.drag_model import load_demo
    from .metrics import load_lpips

    lpips = load_lpips(lpips)
    loaded = load_demo() if model == "demo" else load_checkpoint(model) if model else None
    return loaded, None if isinstance(lpips, str) else lpips


def _bench_pairs(arguments):
    from . import pairs
    from .metrics import load_lpips

    if not arguments.folder:
        raise UserError("bench pairs needs a FOLDER with a folder for each pair")
    if isinstance(why := load_lpips(arguments.lpips), str):
        print(why)
    model, lpips = _networks_of_pairs(arguments.model, arguments.lpips)
    read = pairs.read_pairs(arguments.folder, model.multiple if model else 1, every=5 if arguments.quick else 1)
    methods = pairs.methods_for(read, model)
    if arguments.methods:
        asked = _chosen(arguments.methods, pairs.METHODS, "methods")
        if missing := [name for name in asked if name not in methods]:
            needed = "--model" if missing[0] in pairs.BY_MODEL else f"{pairs.FLOW} in the folder of every pair"
            raise UserError(f"--methods {missing[0]!r} needs {needed}")
        methods = asked
    if arguments.ray is not None:
        load = partial(_networks_of_pairs, arguments.model, arguments.lpips)
        return pairs.bench_pairs(read, list(methods), ray=arguments.ray, load=load)
    return pairs.bench_pairs(read, methods, model, lpips)


def _options(text):
    """Words of `dragkit edit` as JSON: {"steps": 20}."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise UserError(f"--options is no JSON ({str(error).partition(chr(10))[0]})") from error
    if not isinstance(found, dict):
        raise UserError('--options must be words of `dragkit edit` in braces: {"steps": 20}')
    return found


def _bench_dragbench(arguments):
    from ..edit_arguments import EDIT_METHODS
    from . import dragbench
    from .metrics import load_lpips

    if not arguments.folder:
        raise UserError("bench dragbench needs the FOLDER of DragBench-DR or DragBench-SR")
    if not (arguments.features and arguments.out):
        raise UserError("bench dragbench needs --features, the folder of SD2.1, and --out, a folder for what it makes")
    asked = dict.fromkeys((dragbench.NOTHING, *EDIT_METHODS, *([dragbench.OTHERS] if arguments.pictures else [])))
    words = arguments.methods or (dragbench.OTHERS if arguments.pictures else dragbench.NOTHING)
    methods = list(_chosen(words, asked, "methods"))
    if isinstance(why := load_lpips(arguments.lpips), str):
        print(f"There is no IF: {why}")
    Path(arguments.out).mkdir(exist_ok=True)
    rows, failed = dragbench.bench_dragbench(
        arguments.folder, methods, arguments.out, arguments.features, arguments.lpips, arguments.model or "demo",
        _options(arguments.options), arguments.pictures, arguments.quick, arguments.ray,
    )  # fmt: skip
    for name, why in failed.items():
        print(f"{name}: {why}")
    if failed:
        print(f"{len(failed)} samples could not be measured; the means are of the others.")
    if not rows:
        raise UserError("no sample could be measured")
    return rows, {}


def _bench_regions(arguments):
    from . import regions

    real = regions.bench_real(arguments.folder, arguments.quick) if arguments.folder else []
    return regions.bench_known(arguments.quick, arguments.seed) + real, {}


# those that draw a contact sheet
DRAWN = ("quality", "dynadrag", "pairs")
# what is measured, and which of the words beside --quick count for it
BENCHES = {
    "kernels": (_bench_kernels, ()),
    "quality": (_bench_quality, ("slow", "seed", "methods")),
    "dynadrag": (_bench_dynadrag, ("seed",)),
    "cost": (_bench_cost, ("only",)),
    "motion": (_bench_motion, ("seed",)),
    "pairs": (_bench_pairs, ("folder", "methods", "model", "lpips")),
    "dragbench": (_bench_dragbench, ("folder", "methods", "model", "features", "lpips", "options", "pictures", "out")),
    "regions": (_bench_regions, ("folder", "seed")),
}
# words that are of some benches only
OWN = {"folder": "FOLDER"} | {
    word: f"--{word}" for word in ("methods", "only", "model", "lpips", "features", "options", "pictures", "out")
}
# benches whose cases are jobs for the workers of a Ray cluster, too
SHARED = ("quality", "pairs", "dragbench")


def _command(arguments, counts):
    """The words that measure the same again; where pairs and models lie on this machine is not among them."""
    words = ["dragkit", "bench", arguments.what]
    for word in ("quick", *counts):
        value = getattr(arguments, word)
        if not value:
            continue
        if word == "folder":
            words.append("FOLDER")
        elif word in ("model", "lpips", "features", "pictures", "out"):
            words += [f"--{word}", Path(value).name]
        else:
            words += [f"--{word}"] if value is True else [f"--{word}", str(value)]
    return words


def _device(arguments):
    """Where the model of a path and the features are; all else is measured on the CPU."""
    import torch

    loaded = arguments.model not in (None, "demo") or arguments.features
    return "cuda" if loaded and torch.cuda.is_available() else "cpu"


def bench(arguments):
    from . import results
    from .tables import all_tables

    measure, counts = BENCHES[arguments.what]
    if strange := [name for word, name in OWN.items() if getattr(arguments, word) and word not in counts]:
        raise UserError(f"{strange[0]} is not for bench {arguments.what}")
    if arguments.ray is not None and arguments.what not in SHARED:
        raise UserError(f"--ray is not for bench {arguments.what}")
    parts = [word for word in ("methods", "only") if getattr(arguments, word)]
    if arguments.what in DRAWN:
        output_picture(arguments.sheet)
    seed = arguments.seed if "seed" in counts else 0
    document = results.about(arguments.what, _command(arguments, counts), seed, _device(arguments))
    path = Path(arguments.json) if arguments.json else results.place(document)
    if not arguments.json and (arguments.what == "dragbench" or (arguments.what == "pairs" and parts)):
        # nothing says that they are the pairs whose rows are kept
        path = None
    # a part that is measured anew takes its place among the rest
    whole = None
    if parts and not arguments.json and path and path.is_file():
        whole = results.read(path)
        results.check_alike(document, whole)

    rows, pictures = measure(arguments)
    print(all_tables(arguments.what, rows))
    if pictures:
        from .quality import contact_sheet

        columns, _ = contact_sheet(pictures, arguments.sheet)
        print(f"Contact sheet ({', '.join(columns)}): {arguments.sheet}")
    if path:
        document |= {"rows": rows}
        results.write(results.merged(document, whole) if whole else document, path)
        print(f"Result: {path}")
    elif arguments.quick or parts:
        print(f"What --{'quick' if arguments.quick else parts[0]} measured is not kept, unless --json names a file.")
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
            writer.writeheader()
            writer.writerows(rows)
