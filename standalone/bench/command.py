"""`dragkit bench`: which bench is run with which words, and where what it measured is kept."""

import csv
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
    from . import instantdrag, lightningdrag, quality, warp
    from .tables import AUTOENCODER

    known = quality.METHODS | instantdrag.METHODS | lightningdrag.METHODS | warp.METHODS | {AUTOENCODER: None}
    if arguments.slow or arguments.methods:
        known |= quality.SLOW_METHODS
    methods = _chosen(arguments.methods, known, "methods")
    photographs = quality.bench_autoencoder() if AUTOENCODER in methods else []
    methods.pop(AUTOENCODER, None)
    rows, pictures = quality.bench_quality(arguments.quick, arguments.seed, methods) if methods else ([], {})
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


# those that draw a contact sheet
DRAWN = ("quality", "dynadrag")
# what is measured, and which of the words beside --quick count for it
BENCHES = {
    "kernels": (_bench_kernels, ()),
    "quality": (_bench_quality, ("slow", "seed", "methods")),
    "dynadrag": (_bench_dynadrag, ("seed",)),
    "cost": (_bench_cost, ("only",)),
    "motion": (_bench_motion, ("seed",)),
}


def bench(arguments):
    from . import results
    from .tables import all_tables

    measure, counts = BENCHES[arguments.what]
    parts = [word for word in ("methods", "only") if getattr(arguments, word)]
    if strange := [word for word in parts if word not in counts]:
        raise UserError(f"--{strange[0]} is not for bench {arguments.what}")
    if arguments.what in DRAWN:
        output_picture(arguments.sheet)
    words = ["dragkit", "bench", arguments.what]
    for word in ("quick", *counts):
        value = getattr(arguments, word)
        words += [f"--{word}"] if value is True else [f"--{word}", str(value)] if value else []
    document = results.about(arguments.what, words, arguments.seed if "seed" in counts else 0)
    path = Path(arguments.json) if arguments.json else results.place(document)
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
    elif arguments.quick:
        print("What --quick measured is not kept, unless --json names a file.")
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
            writer.writeheader()
            writer.writerows(rows)
