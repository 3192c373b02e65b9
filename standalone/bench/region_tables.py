"""The rows of `bench regions` as Markdown tables; "" where there are no rows."""

from .markdown import NONE, by, mean, table, text
from .quality_tables import WHERE

OWN = "known motions"
# kinds of known motions in which a thing moves that has an outline
THINGS = ("translation", "rotation", "scaling")
# as the tables call the regions, in the tables' order
REGIONS = {
    "nothing done": "nothing done",
    "points": "a disc around each handle (what is taken free)",
    "wide points": "a disc four times as wide (what is taken held)",
    "picture": "**Region from Picture**",
    "attention": "**Region from Attention**, the demo model",
    "everything": "all of the picture",
    "painted": "painted: what changes",
    "what moves": "what moves, exactly",
}


def _lines(rows, key, cells):
    found = by(rows, "region")
    for region, name in REGIONS.items():
        for value, of in by(found.get(region, []), key).items():
            yield [name, *([] if key == "region" else [value or NONE]), *cells(of)]


def _known(rows):
    return [row for row in rows if row["drags"] == OWN]


def overlaps(rows):
    """A line per region: its overlap with what moves, by kind of motion."""
    rows = [row for row in _known(rows) if row["border"] == "free"]
    kinds = list(by(rows, "kind"))

    def cells(of):
        things = [row for row in of if row["kind"] in THINGS]
        parts = [[row for row in of if row["kind"] == kind] for kind in kinds]
        parts += [[row for row in things if row["trained"] == trained] for trained in WHERE]
        return [text(mean(part, "overlap")) for part in parts]

    head = ["region", *kinds, *(f"things: {where}" for where in WHERE.values())]
    return table(head, list(_lines(rows, "region", cells))) if rows else ""


def drags(rows):
    """A line per region and border: what the drag warp makes of it."""
    columns = {"distance": "distance, px", "psnr_inside": "PSNR in, dB", "psnr": "PSNR, dB"}

    def cells(of):
        parts = [[row for row in of if (row["kind"] in THINGS) == things] for things in (True, False)]
        return [text(mean(part, key)) for part in parts for key in columns]

    head = [f"{what}: {name}" for what in ("things", "bending and pull") for name in columns.values()]
    lines = list(_lines(_known(rows), "border", cells))
    return table(["region", "border", *head], lines) if lines else ""


def pairs(rows):
    """The same on real pairs, for each kind of drags."""
    rows = [row for row in rows if row["drags"] != OWN]
    kinds = list(by(rows, "drags"))

    def cells(of):
        parts = [[row for row in of if row["drags"] == kind] for kind in kinds]
        return [text(mean(part, key)) for part in parts for key in ("psnr_inside", "psnr")]

    head = [f"{kind}: {name}" for kind in kinds for name in ("PSNR in, dB", "PSNR, dB")]
    return table(["region", "border", *head], list(_lines(rows, "border", cells))) if rows else ""
