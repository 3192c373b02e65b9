"""DynaDrag's cost: the published schedule, the shipped one, and what each saving between them costs."""

import math
import time
from dataclasses import dataclass, replace

import torch
from tqdm import tqdm

from ...kernels.diffusion.ddim import ddim_step, invert, published_timesteps, sample
from ...kernels.diffusion.kv_cache import KVCache
from ...kernels.dynadrag.predict_and_move import Predictor, Settings, Tracker, few, predict_and_move
from ...kernels.motion.prediction import predict_flow, sample_flow
from ...kernels.points.masks import mask_to_grid
from ..methods.fastdrag import fastdrag
from ..models.drag_model import load_demo
from ..models.predictors import load_motion_predictor
from ..scenes.ground_truth import cases
from .metrics import content_distance, probes, psnr

# a gradient costs an evaluation and the way back through it, which is about two more
GRADIENT = 3


@dataclass(frozen=True)
class Schedule:
    """What an edit spends. recorded: the original's keys and values come from one recording, else its branch runs again
    beside every way back, as published. guarded, pace: see Predictor; tracking: no predictor. The defaults are those
    that DragKit ships."""

    steps: int = 10
    strength: float = 0.7
    preview_steps: int = 2
    recorded: bool = True
    guarded: bool = True
    pace: float = Predictor.pace
    tracking: bool = False
    settings: Settings = Settings()

    @property
    def per_round(self):
        """Evaluations of a round beside its gradient steps."""
        shown = min(self.preview_steps, round(self.strength * self.steps))
        return 0 if self.tracking else shown if self.recorded else 2 * shown


class Unguarded(Predictor):
    """Next handles where the predicted flow takes them, wherever that is (Eq. 4)."""

    def next(self, latent, handles, targets, rounds_left, first):
        picture = self.picture if first else self.render(latent)
        flow = self.predict(picture, handles, targets)
        return handles + sample_flow(flow, handles), 0, flow


def both_branches(model, z, original, timesteps, alphas):
    """Clean latents of z, whose keys and values come from the original's branch beside it: two evaluations a step."""
    for i in reversed(range(len(timesteps))):
        cache = KVCache(timesteps[i : i + 1], "gpu")
        with model.denoiser.recording(cache):
            original = ddim_step(original, model.denoiser(original, timesteps[i]), alphas[i + 1], alphas[i])
        with model.denoiser.replaying(cache):
            z = ddim_step(z, model.denoiser(z, timesteps[i]), alphas[i + 1], alphas[i])
    return z


def scheduled_edit(model, image, points, mask, predictor, schedule):
    """Dragged picture [1, 3, H, W] of image (0..1) by DragPoints inside mask [1, H, W], and the Rounds."""
    timesteps = published_timesteps(schedule.steps, schedule.strength)
    alphas = [1.0] + model.alphas[timesteps].tolist()
    noisy = invert(model.denoiser, model.encode(image), timesteps, alphas)
    cache = KVCache(timesteps, "gpu")
    if schedule.recorded:
        with model.denoiser.recording(cache):
            sample(model.denoiser, noisy, timesteps, alphas)

    def evaluate(z, complete):
        features, eps = model.denoiser.tapped(z, timesteps[-1], -1, complete)
        return features, ddim_step(z, eps, alphas[-1], alphas[-2]) if complete else None

    @torch.no_grad()
    def picture_of(z, count):
        shown = few(timesteps, count)
        shown_alphas = [1.0] + model.alphas[shown].tolist()
        if not schedule.recorded:
            return model.decode(both_branches(model, z, noisy, shown, shown_alphas))
        with model.denoiser.replaying(cache):
            return model.decode(sample(model.denoiser, z, shown, shown_alphas))

    if schedule.tracking:
        guide = Tracker()
    else:
        guide = (Predictor if schedule.guarded else Unguarded)(
            torch.inference_mode()(lambda *seen: predict_flow(predictor, *seen).clone()),
            lambda z: picture_of(z, schedule.preview_steps), image, schedule.pace,
        )  # fmt: skip
    size = (image.shape[3], image.shape[2])
    z, rounds, _ = predict_and_move(
        noisy, *points.to_pixels(*size), size, lambda work: work(evaluate), guide, schedule.settings,
        mask_to_grid(mask, *noisy.shape[-2:]),
    )  # fmt: skip
    return picture_of(z, len(timesteps)), rounds


SHIPPED = Schedule()
# Sec. 4: 50 steps down from the noisiest latent, and all the way back with both branches after every round. The LoRA of
# each picture is left out: the demo model was trained on these pictures
PUBLISHED = Schedule(
    steps=50, strength=1.0, preview_steps=50, recorded=False, guarded=False, pace=math.inf,
    settings=Settings(rounds=25, steps=5, lr=0.01, damping=0.0, r1=1, preserving=False, selection="every"),
)  # fmt: skip
TRACKING = replace(SHIPPED, tracking=True)
# the demo model's features say little; more of the picture around each handle and less noise make up for it
DEMO = Schedule(strength=0.3, settings=Settings(r1=12, lr=0.4))


def _with(schedule, **changes):
    return replace(schedule, settings=replace(schedule.settings, **changes))


# one saving on top of the published schedule, then one change of the shipped one
ABLATION = {
    "as published": PUBLISHED,
    "as published, the original recorded once": replace(PUBLISHED, recorded=True),
    "as published, 4 steps for the picture of a round": replace(PUBLISHED, preview_steps=4),
    "as published, 10 steps for 50": replace(PUBLISHED, steps=10, preview_steps=10),
    "as published, `strength` 0.7": replace(PUBLISHED, strength=0.7),
    "as published, guarded": replace(PUBLISHED, guarded=True),
    "as published, guarded and paced": replace(PUBLISHED, guarded=True, pace=Predictor.pace),
    "**as shipped**": SHIPPED,
    "as shipped, Adam undamped as published": _with(SHIPPED, lr=0.02, damping=0.0),
    "as shipped, Eq. 2 as published": _with(SHIPPED, preserving=False),
    "as shipped, supervision as published": replace(SHIPPED, settings=PUBLISHED.settings),
    "as shipped, 1 step for the picture of a round": replace(SHIPPED, preview_steps=1),
    "as shipped, 7 steps for it, which is all": replace(SHIPPED, preview_steps=7),
    "as shipped, 20 steps": replace(SHIPPED, steps=20),
    "as shipped, `strength` 0.5": replace(SHIPPED, strength=0.5),
    "as shipped, `strength` 1": replace(SHIPPED, strength=1.0),
    "as shipped, pace 4": replace(SHIPPED, pace=4.0),
    "as shipped, as far as the predictor goes": replace(SHIPPED, pace=math.inf),
    "as shipped, no early stop": _with(SHIPPED, tolerance=0.0),
    "as shipped, selection in the first round": _with(SHIPPED, selection="first"),
    "as shipped, no selection": _with(SHIPPED, selection="none"),
    "as shipped, no guard, and as far as the predictor goes": replace(SHIPPED, guarded=False, pace=math.inf),
    "as shipped, point tracking in place of prediction": TRACKING,
    "point tracking, supervision as published": replace(TRACKING, settings=PUBLISHED.settings),
    "as shipped, `radius` 12, `strength` 0.3, `learning_rate` 0.4": DEMO,
}
# other ways to spend an edit
BESIDE = {
    "nothing done": lambda model, case: case.source[None],
    "FastDrag": lambda model, case: fastdrag(model, case.source[None], case.points, case.mask),
}


def bench_dynadrag(quick=False, seed=0, schedules=ABLATION, model=None, predictor=None):
    """One row per schedule and case (one for each photograph, quick: every other of them), beside them what it is to do
    nothing and to use FastDrag; and the pictures by (case, column)."""
    model, predictor = model or load_demo(), predictor or load_motion_predictor()
    chosen = list(cases(seed, every=10))[:: 2 if quick else 1]
    rows, pictures = [], {}
    for index, case in enumerate(tqdm(chosen, desc="cases")):
        places = probes(case, torch.Generator().manual_seed(seed + index))
        inside = case.mask[0] > 0.5
        pictures[case.name, "source"], pictures[case.name, "true target"] = case.source, case.target
        for name, schedule in (BESIDE | schedules).items():
            before, start = (model.denoiser.evaluations, model.denoiser.gradient_steps), time.perf_counter()
            if name in BESIDE:
                result, rounds = schedule(model, case), ()
            else:
                result, rounds = scheduled_edit(model, case.source[None], case.points, case.mask, predictor, schedule)
            seconds = time.perf_counter() - start
            pictures[case.name, name] = result[0]
            evaluations = model.denoiser.evaluations - before[0]
            gradient_steps = model.denoiser.gradient_steps - before[1]
            rows.append({
                "case": case.name, "schedule": name, "rounds": len(rounds), "gradient_steps": gradient_steps,
                "evaluations": evaluations, "per_round": None if name in BESIDE else schedule.per_round,
                "cost": evaluations + GRADIENT * gradient_steps, "distance": content_distance(result[0], case, places),
                "psnr_inside": psnr(result[0], case.target, inside),
                "psnr_outside": psnr(result[0], case.target, ~inside), "seconds": seconds,
            })  # fmt: skip
    return rows, pictures
