"""What DragBench's rows say in means, beside the numbers that were published."""

from .markdown import NONE, by, mean, table, text

# samples and pairs of DragBench-DR, and samples of DragBench-SR
WHOLE = {205: "DR", 100: "SR"}
# DragBench's MD and IF: MD-px on DR, on SR, IF on DR; "a to b": papers that measured the same method
PUBLISHED = [
    ("MoRe-Drag (6B edit model)", "20.03", "18.54", NONE, "its paper, 2026"),
    ("LazyDrag (FLUX)", "21.49", NONE, NONE, "its paper, arXiv 2509.12203"),
    ("GoodDrag", "22.96", NONE, ".86", "FlowDrag's paper, arXiv 2507.08285"),
    ("FlowDrag", "22.88", NONE, ".82", "its paper, arXiv 2507.08285"),
    ("DragNoise", "33.41", NONE, ".63", "FlowDrag's paper, arXiv 2507.08285"),
    ("DragDiffusion", "33.70", NONE, ".89", "FlowDrag's paper, arXiv 2507.08285"),
    ("FreeDrag", "35.00", NONE, ".70", "FlowDrag's paper, arXiv 2507.08285"),
    ("Inpaint4Drag + FLUX.1-Fill", "21.16", "18.96", NONE, "later papers' tables"),
    ("Inpaint4Drag (SD1.5)", "21.4 to 23.7", "19.8", ".909", "later papers' tables, which differ"),
    ("GoodDrag (SD1.5)", "22.2 to 23.2", "28.9", ".86", "later papers' tables, which differ"),
    ("GeoDrag", "29.2", NONE, ".847", "later papers' tables"),
    ("FastDrag (LCM SD1.5)", "29.5 to 32.1", "23.2", ".850", "later papers' tables, which differ"),
    ("DragNoise (SD1.5)", "30.1 to 33.8", "47.6", NONE, "later papers' tables, which differ"),
    ("FreeDrag (SD1.5)", "30.8 to 55", NONE, ".70 to .845", "later papers' tables, which differ"),
    ("DragDiffusion (SD1.5)", "31.6 to 35.6", "41.1", ".87 to .89", "later papers' tables, which differ"),
]
# of the mean over pairs, and of the mean over samples
OF_PAIRS = {"md_px": ("MD-px", 2), "m_md": ("m-MD, px", 2)}
OF_SAMPLES = {
    "md_disc_regiondrag": ("MD in discs (RegionDrag)", 4), "md_disc_inpaint4drag": ("MD in discs (Inpaint4Drag)", 4),
    "image_fidelity": ("IF", 3),
}  # fmt: skip


def over_pairs(rows, key):
    """Mean over all pairs of rows that have means over their own."""
    return sum(row[key] * row["pairs"] for row in rows) / sum(row["pairs"] for row in rows)


def _measured(rows, features):
    rows = [row for row in rows if row["features"] == features]
    if not rows:
        return ""
    of_samples = {key: column for key, column in OF_SAMPLES.items() if all(key in row for row in rows)}
    lines = []
    for method, of in by(rows, "method").items():
        which = WHOLE.get(len(of))
        lines.append([
            method, f"{len(of)} ({which})" if which else str(len(of)), str(sum(row["pairs"] for row in of)),
            *(text(over_pairs(of, key), digits) for key, (_, digits) in OF_PAIRS.items()),
            *(text(mean(of, key), digits) for key, (_, digits) in of_samples.items()),
            text(mean(of, "seconds")),
        ])  # fmt: skip
    names = [name for name, _ in (OF_PAIRS | of_samples).values()]
    if features != "SD2.1":
        # they are other metrics
        names = [f"{name}, other features" if name != "IF" else name for name in names]
    return table(["method", "samples", "pairs", *names, "seconds"], lines)


def measured(rows):
    return _measured(rows, "SD2.1")


def by_other_features(rows):
    return _measured(rows, "other")


def published(rows):
    """MD-px and IF as published; "" beside rows that are not measured so."""
    if not any(row["features"] == "SD2.1" for row in rows):
        return ""
    return table(["published", "MD-px, DR", "MD-px, SR", "IF, DR", "source"], [list(row) for row in PUBLISHED])
