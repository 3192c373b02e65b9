"""The motion predictor against the truth, on photographs, textures and motions that no training saw."""

from functools import partial

import torch
from tqdm import tqdm

from ...kernels.motion.displacements import displace
from ...kernels.motion.first_guess import STEP, first_guess
from ...kernels.motion.prediction import predict_flow, roll_out
from ...weights import HELD_OUT
from ..models.predictors import in_regions, load_motion_predictor
from ..scenes.drag_samples import make_sample
from ..scenes.motions import positions
from ..scenes.moving import KINDS
from ..scenes.photographs import photograph
from ..scenes.surfaces import PIXELS, Surfaces

SIZE = 128
# motions go a quarter farther than in the training
SPREAD = 1.25
# above the seeds of training and validation
SEEDS = 1 << 50
# of textures that no training saw
TEXTURES = 1 << 20
POINTS = 33


def even_part(handles, targets, height, width):
    """Of the straight way to the targets, what one step covers when the farthest handle goes STEP."""
    farthest = (targets - handles).norm(dim=-1).amax().item()
    return min(1.0, STEP * max(height, width) / max(farthest, 1e-9))


def guessed(image, handles, targets, region=None):
    """The first guess that the network corrects, alone."""
    return first_guess(handles, targets, *image.shape[-2:], region)


def straight(image, handles, targets):
    """Equal straight steps: every pixel moves as the nearest handle does."""
    height, width = image.shape[-2:]
    xy = positions(max(height, width))[:height, :width]
    nearest = (xy[..., None, :] - handles).norm(dim=-1).argmin(-1)
    return ((targets - handles) * even_part(handles, targets, height, width))[nearest].permute(2, 0, 1)[None]


def stretched(mask, image, handles, targets):
    """An equal part of the latent warpage function's drag over the region that the content comes by."""
    return displace(handles - 0.5, targets - 0.5, mask, "stretch") * even_part(handles, targets, *image.shape[-2:])


def spaced(path):
    """POINTS points at equal distances along path [T, 2]; all at its start if it does not move."""
    gone = torch.cat((path.new_zeros(1), (path[1:] - path[:-1]).norm(dim=-1).cumsum(0)))
    wanted = torch.linspace(0, 1, POINTS, dtype=path.dtype) * gone[-1]
    after = torch.searchsorted(gone, wanted).clamp(1, len(gone) - 1)
    part = ((wanted - gone[after - 1]) / (gone[after] - gone[after - 1]).clamp(min=1e-9)).clamp(0, 1)
    return torch.lerp(path[after - 1], path[after], part[:, None])


def path_distance(rounds, sample):
    """Mean distance, in pixels, of the handles' ways from the true ones, at equal parts of both."""
    ways = torch.stack([sample.handles] + [r.handles for r in rounds])
    return torch.stack(
        [(spaced(ways[:, i]) - spaced(sample.paths[:, i])).norm(dim=-1).mean() for i in range(ways.shape[1])]
    ).mean()


def bench_motion(count=40, seed=0, network=None):
    """A row per method and sample, `count` of each kind: distance of the path and end-point error of the first step's
    flow where the content moves, and inside the region as painted, moving or not (None without one), all in percent of
    the picture's side; rounds, steps that the guard replaced, and whether the targets were reached."""
    network = network or load_motion_predictor()
    surfaces = Surfaces([photograph(name, PIXELS) for name in HELD_OUT], TEXTURES + seed)
    rows = []
    chosen = [(kind, i) for kind in KINDS for i in range(count)]
    for kind, i in tqdm(chosen, desc="motions"):
        sample = make_sample(SEEDS + seed * 1_000_003 + i, surfaces, SIZE, kind, SPREAD)
        methods = {
            "motion predictor": partial(predict_flow, network),
            "its first guess alone": guessed,
            "equal straight steps": straight,
            "LWF": partial(stretched, sample.swept()),
        }
        # a camera's motion is everywhere
        painted = not sample.region.all()
        if painted:
            methods |= {
                "its network, region": partial(predict_flow, in_regions(network, True), region=sample.region),
                "its first guess alone, region": partial(guessed, region=sample.region),
            }
        for name, predict in methods.items():
            with torch.no_grad():
                rounds = roll_out(predict, sample.picture[None], sample.handles, sample.targets)
            error = 100 / SIZE * (rounds[0].flow[0] - sample.flow).norm(dim=0)
            rows.append({
                "kind": kind, "method": name, "handles": len(sample.handles),
                "path": 100 / SIZE * path_distance(rounds, sample).item(), "flow": error[sample.moving].mean().item(),
                "inside": error[sample.region].mean().item() if painted else None,
                "rounds": len(rounds),
                "guarded": torch.stack([r.away | r.outside | r.late for r in rounds]).float().mean().item(),
                "reached": bool(torch.equal(rounds[-1].handles, sample.targets)),
            })  # fmt: skip
    return rows
