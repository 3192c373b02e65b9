"""The rows of `bench quality` as Markdown tables; "" where there are no rows."""

from .markdown import by, mean, table, text

# as the tables call what the benches measure, in the tables' order
QUALITY = {
    "nothing done": "nothing done",
    "paste at target": "paste at target",
    "true picture": "the true picture, encoded and decoded",
    "FastDrag rigid held": "**FastDrag** (`rigid` held, default)",
    "FastDrag predict": "FastDrag (`rigid` held), inverted by `predict`",
    "FastDrag inverse": "FastDrag (`stretch`)",
    "FastDrag fastdrag": "FastDrag (`stretch`, mode `fastdrag`, as published)",
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
    "warp similarity": "Drag Warp alone, `similarity`",
    "warp affine": "Drag Warp alone, `affine`",
    "warp arap": "Drag Warp alone, `arap`",
    "warp and repair": "Drag Warp, `similarity`, repaired by the demo model",
    "warp wide region": "Drag Warp alone, `similarity`, all of the region",
    "warp no region": "Drag Warp alone, `similarity`, region found from the points",
    "warp rigid held": "Drag Warp alone, `rigid` held, all of the region",
    "warp similarity held": "**Drag Warp** alone, `similarity` held (default), all of the region",
    "warp held no region": "Drag Warp alone, `similarity` held, region found from the points",
    "nothing done coarse region": "nothing done, coarse region",
    "FastDrag rigid held coarse region": "**FastDrag** (`rigid` held, default), coarse region",
    "FastDrag inverse coarse region": "FastDrag (`stretch`), coarse region",
    "warp stretch coarse region": "Drag Warp alone, `stretch`, coarse region",
    "warp rigid coarse region": "Drag Warp alone, `rigid`, coarse region",
    "warp similarity coarse region": "Drag Warp alone, `similarity`, coarse region",
    "warp rigid held coarse region": "Drag Warp alone, `rigid` held, coarse region",
    "warp similarity held coarse region": "**Drag Warp** alone, `similarity` held (default), coarse region",
    "warp arap held coarse region": "Drag Warp alone, `arap` held, coarse region",
}
# those of README.md
FIGURES = {
    "nothing done": "nothing done",
    "FastDrag rigid held": "FastDrag",
    "DynaDrag": "DynaDrag",
    "InstantDrag": "InstantDrag, by the bundled motion predictor",
    "LightningDrag": "LightningDrag",
    "warp similarity held": "Drag Warp, held at the region's border",
    "warp and repair": "Drag Warp free, on what moves, and inpainting",
}
# rows of the autoencoder alone, on photographs that nobody drags
AUTOENCODER = "autoencoder"
WHERE = {True: "known", False: "held out"}


def drags(rows):
    """{method: rows} of the quality bench, in the order of QUALITY."""
    found = by([row for row in rows if row["method"] != AUTOENCODER], "method")
    return {name: found[name] for name in QUALITY if name in found} | found


def _table(rows, head, cells):
    lines = [[QUALITY.get(method, method), *cells(of)] for method, of in drags(rows).items()]
    return table(head, lines) if lines else ""


def means(rows):
    def cells(of):
        floor, seconds = mean(of, "floor_seconds"), mean(of, "seconds")
        return [
            text(mean(of, "distance")), text(mean(of, "psnr_inside")), text(mean(of, "ssim_inside"), 3),
            text(mean(of, "psnr_outside"), 1), text(mean(of, "ssim_outside"), 3),
            text(mean(of, "evaluations"), 0), text(mean(of, "gradient_steps"), 0), text(seconds),
            text(seconds / floor if 0 < floor <= seconds else None), text(mean(of, "peak_mib"), 0),
        ]  # fmt: skip

    head = [
        "method", "distance, px", "PSNR in, dB", "SSIM in", "PSNR out, dB", "SSIM out", "evaluations", "gradient steps",
        "seconds", "time / floor", "peak memory, MiB",
    ]  # fmt: skip
    return _table(rows, head, cells)


def split(rows):
    """Photographs that the demo model knows beside those held out."""
    columns = {
        "distance": ("distance, px", 2), "psnr_inside": ("PSNR in, dB", 2), "ssim_inside": ("SSIM in", 3),
        "psnr_outside": ("PSNR out, dB", 1), "ssim_outside": ("SSIM out", 3),
    }  # fmt: skip

    def cells(of):
        parts = [[row for row in of if row["trained"] == trained] for trained in WHERE]
        return [text(mean(part, key), digits) for key, (_, digits) in columns.items() for part in parts]

    head = [f"{name}: {where}" for name, _ in columns.values() for where in WHERE.values()]
    return _table(rows, ["method", *head], cells)


def kinds(rows):
    kinds = list(by([row for row in rows if row["method"] != AUTOENCODER], "kind"))

    def cells(of):
        return [text(mean([row for row in of if row["kind"] == kind], "distance")) for kind in kinds]

    return _table(rows, ["distance, px", *kinds], cells)


def figures(rows):
    """The few methods that README.md shows."""
    lines = []
    for method, of in drags(rows).items():
        if method in FIGURES:
            steps = mean(of, "gradient_steps")
            evaluations = text(mean(of, "evaluations"), 0) + (f" + {steps:.0f} gradient steps" if steps else "")
            lines.append([FIGURES[method], text(mean(of, "distance")), text(mean(of, "psnr_inside")), evaluations])
    return table(["method", "distance, px", "PSNR in, dB", "evaluations"], lines)


def autoencoder(rows):
    of = [row for row in rows if row["method"] == AUTOENCODER]
    lines = [[row["case"], WHERE[row["trained"]], text(row["psnr"], 1)] for row in of]
    return table(["photograph", "the demo model", "PSNR, dB"], lines) if lines else ""
