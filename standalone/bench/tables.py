"""The rows of each bench as Markdown tables, for the screen and for docs/measured.md; "" where there are no rows."""

# as the tables call what the benches measure, in the tables' order
QUALITY = {
    "nothing done": "nothing done",
    "paste at target": "paste at target",
    "true picture": "the true picture, encoded and decoded",
    "FastDrag inverse": "**FastDrag** (`inverse`, default)",
    "FastDrag fastdrag": "FastDrag (`fastdrag`, as published)",
    "DynaDrag": "**DynaDrag**",
    "DynaDrag for demo": "DynaDrag, `radius` 12, `strength` 0.3, `learning_rate` 0.4",
    "DynaDrag tracking": "DynaDrag, point tracking in place of prediction",
    "DynaDrag published": "DynaDrag, the published schedule",
    "InstantDrag": "**InstantDrag**, motion predictor on what moves",
    "InstantDrag LWF": "InstantDrag, FastDrag's motion",
    "InstantDrag truth": "InstantDrag, the true motion",
    "LightningDrag": "**LightningDrag**, 25 steps, scale 4",
    "warp stretch": "Drag Warp alone, `stretch` on what moves",
    "warp nearest-4": "Drag Warp alone, `nearest-4` (as Inpaint4Drag)",
    "warp nearest": "Drag Warp alone, `nearest`",
    "warp rigid": "Drag Warp alone, `rigid`",
    "warp similarity": "**Drag Warp** alone, `similarity` (default)",
    "warp affine": "Drag Warp alone, `affine`",
    "warp arap": "Drag Warp alone, `arap`",
    "warp and repair": "**Drag Warp**, `similarity`, repaired by the demo model",
    "warp wide region": "Drag Warp alone, `similarity`, all of the region",
    "warp no region": "Drag Warp alone, `similarity`, region found from the points",
    "nothing done coarse region": "nothing done, coarse region",
    "FastDrag inverse coarse region": "**FastDrag** (`inverse`, default), coarse region",
    "warp stretch coarse region": "Drag Warp alone, `stretch`, coarse region",
    "warp similarity coarse region": "**Drag Warp** alone, `similarity` (default), coarse region",
}
# those of README.md
FIGURES = {
    "nothing done": "nothing done",
    "FastDrag inverse": "FastDrag",
    "DynaDrag": "DynaDrag",
    "InstantDrag": "InstantDrag, by the bundled motion predictor",
    "LightningDrag": "LightningDrag",
    "warp and repair": "Drag Warp and inpainting",
}
# rows of the autoencoder alone, on photographs that nobody drags
AUTOENCODER = "autoencoder"
WHERE = {True: "known", False: "held out"}
NONE = "–"
MIB = 1 << 20


def table(head, rows):
    """Markdown of a head and rows of texts, each column as wide as its widest text."""
    lines = [head, ["---"] * len(head), *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def counted(number, what):
    """1 thread, 2 threads."""
    return f"{number} {what}{'s' * (number != 1)}"


def _mean(rows, key):
    """None without rows, or where one of them does not know."""
    values = [row[key] for row in rows]
    return None if not values or None in values else sum(values) / len(values)


def _text(value, digits=2):
    # + 0 makes 0 of -0
    return NONE if value is None else f"{round(value, digits) + 0:.{digits}f}"


def _by(rows, key):
    """{value of key: its rows}, in the order of the rows."""
    found = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


def drags(rows):
    """{method: rows} of the quality bench, in the order of QUALITY."""
    found = _by([row for row in rows if row["method"] != AUTOENCODER], "method")
    return {name: found[name] for name in QUALITY if name in found} | found


def _quality(rows, head, cells):
    lines = [[QUALITY.get(method, method), *cells(of)] for method, of in drags(rows).items()]
    return table(head, lines) if lines else ""


def quality_means(rows):
    def cells(of):
        floor, seconds = _mean(of, "floor_seconds"), _mean(of, "seconds")
        return [
            _text(_mean(of, "distance")), _text(_mean(of, "psnr_inside")), _text(_mean(of, "ssim_inside"), 3),
            _text(_mean(of, "psnr_outside"), 1), _text(_mean(of, "ssim_outside"), 3),
            _text(_mean(of, "evaluations"), 0), _text(_mean(of, "gradient_steps"), 0), _text(seconds),
            _text(seconds / floor if 0 < floor <= seconds else None), _text(_mean(of, "peak_mib"), 0),
        ]  # fmt: skip

    head = [
        "method", "distance, px", "PSNR in, dB", "SSIM in", "PSNR out, dB", "SSIM out", "evaluations", "gradient steps",
        "seconds", "time / floor", "peak memory, MiB",
    ]  # fmt: skip
    return _quality(rows, head, cells)


def quality_split(rows):
    """Photographs that the demo model knows beside those held out."""
    columns = {
        "distance": ("distance, px", 2), "psnr_inside": ("PSNR in, dB", 2), "ssim_inside": ("SSIM in", 3),
        "psnr_outside": ("PSNR out, dB", 1), "ssim_outside": ("SSIM out", 3),
    }  # fmt: skip

    def cells(of):
        parts = [[row for row in of if row["trained"] == trained] for trained in WHERE]
        return [_text(_mean(part, key), digits) for key, (_, digits) in columns.items() for part in parts]

    head = [f"{name}: {where}" for name, _ in columns.values() for where in WHERE.values()]
    return _quality(rows, ["method", *head], cells)


def quality_kinds(rows):
    kinds = list(_by([row for row in rows if row["method"] != AUTOENCODER], "kind"))

    def cells(of):
        return [_text(_mean([row for row in of if row["kind"] == kind], "distance")) for kind in kinds]

    return _quality(rows, ["distance, px", *kinds], cells)


def figures(rows):
    """The few methods that README.md shows."""
    lines = []
    for method, of in drags(rows).items():
        if method in FIGURES:
            steps = _mean(of, "gradient_steps")
            evaluations = _text(_mean(of, "evaluations"), 0) + (f" + {steps:.0f} gradient steps" if steps else "")
            lines.append([FIGURES[method], _text(_mean(of, "distance")), _text(_mean(of, "psnr_inside")), evaluations])
    return table(["method", "distance, px", "PSNR in, dB", "evaluations"], lines)


def quality_autoencoder(rows):
    of = [row for row in rows if row["method"] == AUTOENCODER]
    lines = [[row["case"], WHERE[row["trained"]], _text(row["psnr"], 1)] for row in of]
    return table(["photograph", "the demo model", "PSNR, dB"], lines) if lines else ""


def dynadrag(rows):
    columns = {
        "per_round": ("evaluations per round", 0), "rounds": ("rounds", 1), "gradient_steps": ("gradient steps", 0),
        "evaluations": ("evaluations", 0), "cost": ("cost", 0), "distance": ("distance, px", 2),
        "psnr_inside": ("PSNR in, dB", 2), "psnr_outside": ("PSNR out, dB", 2), "seconds": ("seconds", 1),
    }  # fmt: skip
    lines = [
        [name, *(_text(_mean(of, key), digits) for key, (_, digits) in columns.items())]
        for name, of in _by(rows, "schedule").items()
    ]
    return table(["DynaDrag", *(name for name, _ in columns.values())], lines)


def pairs(rows):
    """A line per method, its means over the pairs for each kind of drags."""
    columns = {
        "psnr_inside": ("PSNR in, dB", 2), "ssim_inside": ("SSIM in", 3), "psnr_outside": ("PSNR out, dB", 2),
        "ssim_outside": ("SSIM out", 3), "lpips": ("LPIPS", 3),
    }  # fmt: skip
    columns = {key: column for key, column in columns.items() if all(key in row for row in rows)}
    kinds = list(_by(rows, "drags"))
    lines = []
    for method, of in _by(rows, "method").items():
        parts = [[row for row in of if row["drags"] == kind] for kind in kinds]
        lines.append(
            [method, *(_text(_mean(part, key), digits) for part in parts for key, (_, digits) in columns.items())]
        )
    return table(["method", *(f"{kind}: {name}" for kind in kinds for name, _ in columns.values())], lines)


def _motion(rows, key):
    kinds = list(_by(rows, "kind"))
    lines = []
    for method, of in _by(rows, "method").items():
        parts = [[row for row in of if row["kind"] == kind] for kind in kinds] + [of]
        lines.append([method, *(_text(_mean(part, key)) for part in parts)])
    return table([f"{key}, % of side", *kinds, "all"], lines)


def motion_path(rows):
    return _motion(rows, "path")


def motion_flow(rows):
    return _motion(rows, "flow")


def motion_rounds(rows):
    lines = [
        [
            method, _text(_mean(of, "rounds"), 1), str(max(row["rounds"] for row in of)),
            f"{100 * _mean(of, 'guarded'):.1f} %", f"{100 * _mean(of, 'reached'):.0f} %",
        ]
        for method, of in _by(rows, "method").items()
    ]  # fmt: skip
    return table(["", "rounds", "at most", "guarded", "reached"], lines)


def _kernels(rows):
    """A line per measurement and number of threads, a column per mode."""
    modes, lines = list(_by(rows, "mode")), {}
    for row in rows:
        target = f" ({row['target']}{'' if row['met'] else ', missed'})" if row["target"] else ""
        line = lines.setdefault((row["measurement"], str(row["threads"]), row["unit"]), {})
        line[row["mode"]] = _text(row["value"], 0 if row["value"] >= 100 else 1 if row["value"] >= 10 else 2) + target
    cells = [[*line, *(found.get(mode, NONE) for mode in modes)] for line, found in lines.items()]
    return table(["measurement", "threads", "unit", *modes], cells) if cells else ""


def kernels_latent(rows):
    return _kernels([row for row in rows if not row["measurement"].startswith("warp ")])


def kernels_warp(rows):
    return _kernels([row for row in rows if row["measurement"].startswith("warp ")])


def _cost(rows, method, lines_of):
    """Two columns: what is measured, and its value (target, if it has one)."""
    row = next((row for row in rows if row["method"] == method), None)
    if row is None:
        return ""
    network = f"{row['parameters'] / 1e6:.0f} M parameters"
    head = f"{network}, {row['side']} x {row['side']} pixels, {counted(row['threads'], 'thread')}"
    return table([head, ""], [list(line) for line in lines_of(row)])


def cost_fastdrag(rows):
    def mib(value):
        return "not measured" if value is None else f"{_text(value, 1)} MiB"

    said = {True: "", False: ", missed"}
    return _cost(
        rows, "fastdrag",
        lambda row: [
            ("one evaluation", f"{row['evaluation_seconds']:.3f} s, spread {row['evaluation_spread']:.0%}"),
            (f"{row['evaluations']} bare evaluations", f"{row['floor_seconds']:.2f} s"),
            (f"an edit of {row['evaluations']} evaluations", f"{row['edit_seconds']:.2f} s"),
            ("edit / bare evaluations", f"{row['ratio']:.3f} (<= {row['target']}{said[row['ratio_met']]})"),
            ("cache", f"{row['cache_bytes'] / MIB:.1f} MiB"),
            ("cache, predicted from the shapes", f"{row['predicted_bytes'] / MIB:.1f} MiB{said[row['cache_met']]}"),
            ("memory gained, 2nd to last step of inversion, beside the cache", mib(row["inversion_growth_mib"])),
            ("memory gained, 2nd to last step of sampling", mib(row["sampling_growth_mib"])),
        ],
    )  # fmt: skip


def cost_lightningdrag(rows):
    def batches(row, key):
        return f"{row[key]:.2f} s, {row[key] / row['batch_seconds']:.2f} batches"

    return _cost(
        rows, "lightningdrag",
        lambda row: [
            ("a plain inpainting batch of two", f"{row['batch_seconds']:.2f} s, spread {row['batch_spread']:.0%}"),
            (f"{row['steps']} plain batches", f"{row['floor_seconds']:.2f} s"),
            (f"an edit of {row['steps']} steps at scale {row['scale']:g}", f"{row['edit_seconds']:.2f} s"),
            ("edit / plain batches", f"{row['ratio']:.2f}"),
            ("a guided step", batches(row, "guided_seconds")),
            ("the last step, of one branch", batches(row, "last_seconds")),
            ("the look at the picture, once", batches(row, "look_seconds")),
            ("the points, once", batches(row, "points_seconds")),
        ],
    )  # fmt: skip


def cost_instantdrag(rows):
    def part(row, key):
        return f"{1e3 * row[key]:.1f} ms, {row[key] / row['evaluation_seconds']:.1%} of one evaluation"

    return _cost(
        rows, "instantdrag",
        lambda row: [
            ("one evaluation", f"{row['evaluation_seconds']:.2f} s, spread {row['evaluation_spread']:.0%}"),
            ("FlowGen", part(row, "flowgen_seconds")),
            ("conditioning", part(row, "conditioning_seconds")),
            ("bundled motion predictor, a short drag", part(row, "short_drag_seconds")),
            ("bundled motion predictor, a drag across the picture", part(row, "long_drag_seconds")),
        ],
    )  # fmt: skip


def editor_frames(rows):
    lines = [
        [str(row["pairs"]), row["measurement"], f"{row['median_ms']:.1f}", f"{row['p95_ms']:.1f}", str(row["frames"])]
        for row in rows
        if "frames" in row
    ]
    return table(["arrows", "measured", "median, ms", "95 %, ms", "frames"], lines)


def editor_value(rows):
    lines = [[str(row["pairs"]), str(row["strokes"]), f"{row['bytes'] / 1000:.1f}"] for row in rows if "bytes" in row]
    return table(["arrows", "brush strokes", "in the workflow, kB"], lines)


# in the order in which they are shown
TABLES = {
    "quality": (quality_means, quality_split, quality_kinds, quality_autoencoder),
    "dynadrag": (dynadrag,),
    "pairs": (pairs,),
    "motion": (motion_path, motion_flow, motion_rounds),
    "kernels": (kernels_latent, kernels_warp),
    "cost": (cost_fastdrag, cost_lightningdrag, cost_instantdrag),
    "editor": (editor_frames, editor_value),
}


def all_tables(bench, rows):
    """All tables of a bench, below each other."""
    return "\n\n".join(filter(None, (one(rows) for one in TABLES[bench])))
