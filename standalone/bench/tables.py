"""The rows of each bench as Markdown tables, for the screen and for docs/measured.md; "" where there are no rows."""

from . import dragbench_tables as dragbench
from . import quality_tables as quality
from . import region_tables as regions
from .markdown import NONE, by, counted, mean, table, text

MIB = 1 << 20


def dynadrag(rows):
    columns = {
        "per_round": ("evaluations per round", 0), "rounds": ("rounds", 1), "gradient_steps": ("gradient steps", 0),
        "evaluations": ("evaluations", 0), "cost": ("cost", 0), "distance": ("distance, px", 2),
        "psnr_inside": ("PSNR in, dB", 2), "psnr_outside": ("PSNR out, dB", 2), "seconds": ("seconds", 1),
    }  # fmt: skip
    lines = [
        [name, *(text(mean(of, key), digits) for key, (_, digits) in columns.items())]
        for name, of in by(rows, "schedule").items()
    ]
    return table(["DynaDrag", *(name for name, _ in columns.values())], lines)


def pairs(rows):
    """A line per method, its means over the pairs for each kind of drags."""
    columns = {
        "psnr_inside": ("PSNR in, dB", 2), "ssim_inside": ("SSIM in", 3), "psnr_outside": ("PSNR out, dB", 2),
        "ssim_outside": ("SSIM out", 3), "lpips": ("LPIPS", 3),
    }  # fmt: skip
    columns = {key: column for key, column in columns.items() if all(key in row for row in rows)}
    kinds = list(by(rows, "drags"))
    lines = []
    for method, of in by(rows, "method").items():
        parts = [[row for row in of if row["drags"] == kind] for kind in kinds]
        lines.append(
            [method, *(text(mean(part, key), digits) for part in parts for key, (_, digits) in columns.items())]
        )
    return table(["method", *(f"{kind}: {name}" for kind in kinds for name, _ in columns.values())], lines)


def _motion(rows, key):
    kinds = list(by(rows, "kind"))
    lines = []
    for method, of in by(rows, "method").items():
        parts = [[row for row in of if row["kind"] == kind] for kind in kinds] + [of]
        lines.append([method, *(text(mean(part, key)) for part in parts)])
    return table([f"{key}, % of side", *kinds, "all"], lines)


def motion_path(rows):
    return _motion(rows, "path")


def motion_flow(rows):
    return _motion(rows, "flow")


def motion_inside(rows):
    return _motion([row for row in rows if row.get("inside") is not None], "inside")


def motion_rounds(rows):
    lines = [
        [
            method, text(mean(of, "rounds"), 1), str(max(row["rounds"] for row in of)),
            f"{100 * mean(of, 'guarded'):.1f} %", f"{100 * mean(of, 'reached'):.0f} %",
        ]
        for method, of in by(rows, "method").items()
    ]  # fmt: skip
    return table(["", "rounds", "at most", "guarded", "reached"], lines)


def _kernels(rows):
    """A line per measurement and number of threads, a column per mode."""
    modes, lines = list(by(rows, "mode")), {}
    for row in rows:
        target = f" ({row['target']}{'' if row['met'] else ', missed'})" if row["target"] else ""
        line = lines.setdefault((row["measurement"], str(row["threads"]), row["unit"]), {})
        line[row["mode"]] = text(row["value"], 0 if row["value"] >= 100 else 1 if row["value"] >= 10 else 2) + target
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
        return "not measured" if value is None else f"{text(value, 1)} MiB"

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
        [
            row["region"], str(row["pairs"]), row["measurement"], f"{row['median_ms']:.1f}", f"{row['p95_ms']:.1f}",
            str(row["frames"]),
        ]
        for row in rows
        if "frames" in row
    ]  # fmt: skip
    return table(["region", "arrows", "measured", "median, ms", "95 %, ms", "frames"], lines)


def editor_errors(rows):
    lines = [
        [row["displacement"], row["border"], f"{row['median']:.0f}", f"{row['p95']:.0f}"]
        for row in rows
        if row["measurement"] == "preview error"
    ]
    return table(["displacement", "border", "median, 1/255", "95 %, 1/255"], lines)


def editor_value(rows):
    lines = [[str(row["pairs"]), str(row["strokes"]), f"{row['bytes'] / 1000:.1f}"] for row in rows if "bytes" in row]
    return table(["arrows", "brush strokes", "in the workflow, kB"], lines)


# in the order in which they are shown
TABLES = {
    "quality": (quality.means, quality.split, quality.kinds, quality.autoencoder),
    "dynadrag": (dynadrag,),
    "pairs": (pairs,),
    "regions": (regions.overlaps, regions.drags, regions.pairs),
    "dragbench": (dragbench.measured, dragbench.by_other_features, dragbench.published),
    "motion": (motion_path, motion_flow, motion_inside, motion_rounds),
    "kernels": (kernels_latent, kernels_warp),
    "cost": (cost_fastdrag, cost_lightningdrag, cost_instantdrag),
    "editor": (editor_frames, editor_errors, editor_value),
}


def all_tables(bench, rows):
    """All tables of a bench, below each other."""
    return "\n\n".join(filter(None, (one(rows) for one in TABLES[bench])))
