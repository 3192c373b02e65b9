"""docs/measured.md and the figures of README.md, rendered from docs/results."""

from pathlib import Path

from .markdown import NONE, counted, table
from .quality_tables import drags, figures
from .region_tables import OWN
from .results import COMMANDS, FOLDER, ROOT, ResultsError, read_all
from .tables import TABLES

PAGE, README = Path("docs", "measured.md"), Path("README.md")
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

INTRO = """\
# Measured

`dragkit results` makes this page of the files in [results](results), each written by the command beside it; a test
fails when page and files differ. Losses stand beside wins. Which method to take when is in [choosing.md](choosing.md),
what was trained on what in [weights/README.md](../weights/README.md)."""

# per bench its heading and, for each of its TABLES, what stands above it
SECTIONS = {
    "quality": (
        "Against the truth",
        """\
{drags} drags with a known right answer: photographs under known motions, {known} of them of photographs that the demo
model was trained on, {held_out} of others. 256 x 256 pixels, the demo model. *distance*: how far dragged content is
from where it belongs, found by matching 17 x 17 patches of the true picture. *in*, *out*: inside and outside the
editable region. *floor*: the time of the evaluations alone, a gradient step counted as three (– where the machine was
busier while it was measured). *What moves* is the thing itself, painted along its outline. A *coarse region* is a box,
a hull or an ellipse around the thing and where it goes, with a margin, as people paint it; *in* and *out* are then of
that region.""",
        "The same, where the demo model knows the photograph and where it was held out:",
        "By kind of motion:",
        """\
The demo model's autoencoder alone, on the photographs as they are. Whatever redraws a picture passes through it: no
such method can come nearer than *the true picture, encoded and decoded*.""",
    ),
    "dynadrag": (
        "DynaDrag's schedules",
        """\
One drag on each of the photographs, the demo model. *As published*: 50 steps from pure noise, the way back with both
branches after every round, r1 1, learning rate 0.01, no LoRA of the picture. *As shipped*: the defaults. The other rows
are one of these two with a change. *cost*: evaluations, a gradient step counted as three.""",
    ),
    "pairs": (
        "Real pairs",
        """\
{pairs} pairs of frames of real videos, named in the result and not part of DragKit: the first is dragged, the second is
the truth. The region is what people painted for the drag, not the thing that moves. *One arrow*, or all that were set
(*several arrows*). *in*, *out*: inside and outside the region. What opens up is filled alike for every motion, from the
nearest pixels beside, above and below it. *motion predictor* is told no region; *its first guess held* and
*its network held*, the latter of which ships, are told it.""",
    ),
    "regions": (
        "What moves",
        """\
The region where nobody has painted one. *Overlap* (intersection over union) with what truly moves, on {drags} known
motions at 256 x 256 pixels. A translation, rotation or scaling is that of a thing, cut out of one photograph and laid
on another; bending and pull move parts of the photograph itself, which have no outline. *known*, *held out*: the demo
model's photographs.""",
        "What Drag Warp (`similarity`) makes of each, free and held at its border. *in*: where the picture changes.",
        """\
The same on real pairs (as in [Real pairs](#real-pairs)), *in* where people painted. What moves is more than a thing, or
less: heads turn on bodies that stay.""",
    ),
    "dragbench": (
        "DragBench",
        """\
*MD-px*: how far from its target features of SD2.1 find the content of each handle in the whole dragged picture, in
pixels, the mean over all pairs. *m-MD* looks inside the mask alone; *MD in discs* is RegionDrag's, around handle and
target, in sides of the picture, the mean of each picture's mean, with the prompt or, as Inpaint4Drag, without one. They
are four metrics of one name. *IF*: 1 - LPIPS; it is highest for nothing done.""",
        "By features of another network, which cannot be compared with what is published:",
        "As published (differences under 1 px are noise, and papers differ by up to 5 px on the same method):",
    ),
    "motion": (
        "The motion predictor",
        """\
{scenes} scenes of each kind: seeds, photographs and textures that no training saw, motions up to a quarter farther,
each rolled out from the handles to the targets. *path*: mean distance of a handle's way from its true path. LWF,
FastDrag's formula, is told the region that the motion sweeps. *region*: told one as people paint it, around all that
moves and where to, and held at its border; the others are told none. A camera's motion is everywhere.""",
        "*flow*: end-point error of the first step's dense flow over what truly moves (a step is 4.17 %).",
        "*inside*: the same over all of the painted region, what stays in it among that.",
        "*guarded*: steps that led away from the target or out of the picture or came too late, and were replaced.",
    ),
    "kernels": (
        "Speed of the kernels",
        """\
Medians. FastDrag's latent warpage and filling, every cell movable, beside a plain loop over cells and points as in the
published code. *growth*: the exponent, 1 is linear. In brackets: what is aimed at.""",
        "Drag Warp: displacement, inverse and bilinear sampling.",
    ),
    "cost": (
        "Cost on a network of SD1.5's size",
        "Random weights, medians. FastDrag, against the bare evaluations that it needs:",
        """\
LightningDrag, against the plain inpainting batches of two that cfg costs anyway. This is the command line, which
projects the reference in every step; the nodes do so once in a run.""",
        "What InstantDrag does before its steps, which are batches of three:",
    ),
    "editor": (
        "The editor",
        """\
Headless Chromium, a 512 x 512 picture without a painted region and with one over most of it. While an arrow is pulled:
the interval between frames, and how much of it is the editor's own work.""",
        """\
What the preview differs by from Drag Warp's picture of the same eight arrows, where content has moved; ComfyUI saves
pictures with fractions cut off, so that 1 is rounding:""",
        "What a drawing takes in the workflow:",
    ),
}


def _missing(bench):
    return f"Not measured yet: `{COMMANDS[bench]}` writes `{FOLDER.as_posix()}/{bench}.json`."


def _numbers(bench, rows):
    """What the texts of a section say in numbers."""
    if bench == "quality":
        cases = {row["case"]: row["trained"] for of in drags(rows).values() for row in of}
        known = sum(cases.values())
        return {"drags": len(cases), "known": known, "held_out": len(cases) - known}
    if bench == "pairs":
        return {"pairs": len({row["case"] for row in rows})}
    if bench == "regions":
        return {"drags": len({row["case"] for row in rows if row["drags"] == OWN})}
    if bench == "motion":
        kinds = [row["kind"] for row in rows if row["method"] == rows[0]["method"]]
        return {"scenes": len(kinds) // len(set(kinds))}
    return {}


def _section(bench, document):
    heading, *texts = SECTIONS[bench]
    parts = [f"## {heading}"]
    if document is None:
        return [*parts, _missing(bench)]
    numbers = _numbers(bench, document["rows"])
    for text, of in zip(texts, TABLES[bench], strict=True):
        if shown := of(document["rows"]):
            parts += [text.format(**numbers), shown]
    return parts


def _provenance(documents):
    """Which command measured what, when, of which state of the code and on what."""
    lines = []
    for document in documents.values():
        commits = [document["commit"], *(row["commit"] for row in document["rows"] if "commit" in row)]
        machine = document["machine"]
        lines.append([
            f"[{document['bench']}]({FOLDER.name}/{document['bench']}.json)", f"`{document['command']}`",
            document["date"], ", ".join(dict.fromkeys(commit or NONE for commit in commits)),
            f"{machine['system']}, {machine['processor']}, {counted(machine['cores'], 'core')}, "
            f"{counted(machine['threads'], 'thread')}, {machine['device']}",
            ", ".join(f"{name} {version}" for name, version in document["versions"].items()),
        ])  # fmt: skip
    return table(["result", "command", "date", "commit", "machine", "versions"], lines)


def page(documents):
    """docs/measured.md of {bench: document}."""
    parts = [INTRO] + ([_provenance(documents)] if documents else [])
    for bench in SECTIONS:
        parts += _section(bench, documents.get(bench))
    return "\n\n".join(parts) + "\n"


def block(documents):
    """What stands between the marks in README.md."""
    if "quality" not in documents:
        return _missing("quality")
    rows = documents["quality"]["rows"]
    numbers = _numbers("quality", rows)
    return f"""\
{figures(rows)}

{numbers["drags"]} drags with a known right answer, {numbers["held_out"]} of them on photographs that the demo model
never saw. It is tiny: nothing here says how a large checkpoint paints. All that was measured, and how:
[{PAGE.as_posix()}]({PAGE.as_posix()})."""


def _rendered(root):
    """{path: text} of both pages."""
    if not (root / FOLDER).is_dir():
        raise ResultsError(f"there is no {FOLDER} here; it comes with a checkout of the repository")
    documents = read_all(root)
    readme = (root / README).read_text(encoding="utf-8")
    if BEGIN not in readme or END not in readme:
        raise ResultsError(f"{README} has no lines {BEGIN} and {END} to write its figures between")
    before, _, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    return {PAGE: page(documents), README: f"{before}{BEGIN}\n{block(documents)}\n{END}{after}"}


def different(root=ROOT):
    """Names of the pages that are not what docs/results says."""
    return [
        path.as_posix()
        for path, text in _rendered(root).items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]


def render(root=ROOT):
    """Writes both pages; their paths."""
    texts = _rendered(root)
    for path, text in texts.items():
        (root / path).write_text(text, encoding="utf-8")
    return [root / path for path in texts]
