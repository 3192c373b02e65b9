"""DragBench (Shi et al. 2023; DragBench-SR: Nie et al. 2024): edits of its pictures, measured as it is published and,
by names of their own, as others measure it."""

import io
import json
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from tqdm import tqdm

from ..batch.command import EditWork, write_whole
from ..batch.workers import WorkerLost, done_jobs
from ..picture_files import read_picture
from ..pictures import to_pil, to_tensor
from ..user_input import UserError
from .dift import Features
from .dragbench_files import read_sample, sample_names
from .mean_distance import discs, found_at, in_pixels, in_sides
from .metrics import load_lpips

NOTHING, OTHERS = "nothing", "pictures"
DRAGGED, RECORD = "dragged_image.png", "metrics.json"
# DragBench's own script seeds the noises once with it; here each picture begins with it, whoever measures it and when
SEED = 42
SIDE = 224


def distances(features, sample, dragged):
    """{name: number} of every MD of a dragged picture [3, H, W] of a Sample: the mean over its pairs. features is a
    Features."""
    size, handles, targets = sample.picture.shape[-2:], sample.handles, sample.targets

    def seen(of, prompt):
        generator = torch.Generator().manual_seed(SEED)
        return [of(picture, prompt, generator) for picture in (sample.picture, dragged)]

    own = seen(features.of, sample.prompt)
    found = {
        "md_px": in_pixels(found_at(*own, handles, size), targets),
        "m_md": in_pixels(found_at(*own, handles, size, sample.mask[None]), targets),
    }
    around = discs(handles, targets, size)
    for name, prompt in (("md_disc_regiondrag", sample.prompt), ("md_disc_inpaint4drag", "")):
        square = seen(features.of_square, prompt)
        found[name] = in_sides(found_at(*square, handles, size, around, "nearest"), targets, size)
    return {name: one.mean().item() for name, one in found.items()}


def image_fidelity(lpips, before, after):
    """IF = 1 - LPIPS of pictures [3, H, W], both in a square of SIDE pixels."""
    return 1 - lpips(*(F.interpolate(one[None], (SIDE, SIDE), mode="bilinear")[0] for one in (before, after)))


def words_of(sample, folder, method, model, options):
    """The sample as a job of `dragkit batch`; its mask is written into folder."""
    height, width = sample.picture.shape[-2:]
    ends = ((ends.double() + 0.5) / torch.tensor([width, height]) for ends in (sample.handles, sample.targets))
    points = [{"handle": handle.tolist(), "target": target.tolist()} for handle, target in zip(*ends, strict=True)]
    to_pil(sample.picture).save(folder / "image.png")
    words = {
        "image": str(folder / "image.png"), "method": method, "model": model,
        "points": {"format": "dragkit.points", "version": 1, "image": [width, height], "points": points},
    }  # fmt: skip
    if not sample.mask.all():
        to_pil(sample.mask.float().expand(3, -1, -1)).save(folder / "mask.png")
        words["mask"] = str(folder / "mask.png")
    if method == "lightningdrag":
        # the first one is measured
        words["candidates"] = 1
    if model != "demo":
        words["prompt"] = sample.prompt
    return words | options


class DragBenchWork:
    """Does (method, name of a sample) -> {"picture": the bytes of a PNG, "row": its numbers} or {"error": ...}."""

    def __init__(self, root, features, lpips, model="demo", options=None, pictures=None):
        self.root, self.model, self.options, self.pictures = Path(root), model, options or {}, pictures
        self.features, self.edit = Features(features), EditWork()
        self.lpips = load_lpips(lpips)

    def _dragged(self, sample, method):
        """Bytes of a PNG, or a sentence."""
        if method in (NOTHING, OTHERS):
            picture = to_pil(sample.picture)
            if method == OTHERS:
                other = to_pil(read_picture(Path(self.pictures, sample.name, DRAGGED)).image[0, :3])
                picture = other.resize(picture.size, Image.Resampling.BILINEAR)
            file = io.BytesIO()
            picture.save(file, "PNG")
            return file.getvalue()
        with tempfile.TemporaryDirectory(prefix="dragkit-") as folder:
            done = self.edit((words_of(sample, Path(folder), method, self.model, self.options), DRAGGED))
        return done["error"] if "error" in done else done["pictures"][DRAGGED]

    def __call__(self, job):
        method, name = job
        start = time.perf_counter()
        try:
            sample = read_sample(self.root / name, name)
            picture = self._dragged(sample, method)
        except UserError as error:
            return {"error": str(error)}
        if isinstance(picture, str):
            return {"error": picture}
        seconds = time.perf_counter() - start
        after = to_tensor(Image.open(io.BytesIO(picture)))
        row = {
            "case": name, "method": method, "features": "SD2.1" if self.features.published else "other",
            "pairs": len(sample.handles), **distances(self.features, sample, after),
        }  # fmt: skip
        if not isinstance(self.lpips, str):
            row["image_fidelity"] = image_fidelity(self.lpips, sample.picture, after)
        return {"picture": picture, "row": row | {"seconds": seconds}}


def _kept(folder, asked):
    """The row of a sample that was measured before as is asked now; None without one."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return found["row"] if found["asked"] == asked and (folder / DRAGGED).is_file() else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def bench_dragbench(
    root, methods, out, features, lpips=None, model="demo", options=None, pictures=None, quick=False, ray=None
):
    """(a row per method and sample, sentences {method/sample: why there is none}). Pictures and numbers are kept in
    out/method/sample, as they come; what is there already is not done again."""
    names = sample_names(root)[:: 5 if quick else 1]
    jobs = [(method, name) for method in methods for name in names]
    asked = {"model": model, "features": str(features), "options": options or {}, "pictures": pictures}
    found = {job: row for job in jobs if (row := _kept(Path(out, *job), asked))}
    todo, failed = [job for job in jobs if job not in found], {}
    make = partial(DragBenchWork, root, features, lpips, model, options, pictures)
    with tqdm(desc="samples", total=len(jobs), initial=len(found), unit="") as bar:
        for index, result in done_jobs(make, todo, ray):
            method, name = job = todo[index]
            if isinstance(result, WorkerLost):
                result = {"error": str(result)}
            if "error" in result:
                failed[f"{method}/{name}"] = result["error"]
                tqdm.write(f"{method}, {name}: {result['error']}")
            else:
                folder = Path(out, method, name)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / RECORD).unlink(missing_ok=True)
                write_whole(folder / DRAGGED, result["picture"])
                record = {"format": "dragkit.dragbench", "version": 1, "asked": asked, "row": result["row"]}
                write_whole(folder / RECORD, (json.dumps(record, indent=1) + "\n").encode())
                found[job] = result["row"]
            bar.update()
    return [found[job] for job in jobs if job in found], failed
