"""The methods of `dragkit edit`: its arguments as a method's, and a progress bar."""

import sys
from contextlib import contextmanager
from functools import partial

import torch
from tqdm import tqdm

from ..weights import LIGHTNINGDRAG, MOTION_PREDICTOR

# displacement of the warp where none is named
WARP = "similarity"
# part of the noise schedule; of flow matching less, whose shifted levels are noisier
STRENGTH = 0.7


@contextmanager
def _bar(what, total=None):
    """A progress bar, as the callback(done, total) that methods take."""
    with tqdm(desc=what, total=total, unit="") as bar:

        def progress(done, total):
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def run_fastdrag(model, image, points, mask, **options):
    """fastdrag with a progress bar."""
    from .methods.fastdrag import fastdrag

    with _bar("network evaluations") as progress:
        return fastdrag(model, image, points, mask, callback=progress, **options)


def displacement_of(method, arguments):
    """The displacement that a method moves by, None if it has no such thing."""
    from .methods.fastdrag import MOTION_OF_MODE

    default = {"warp": WARP, "fastdrag": MOTION_OF_MODE[arguments.mode][0]}.get(method)
    return default and (arguments.displacement or default)


def _fastdrag(model, image, points, mask, arguments):
    from .edit_models import is_flow_model

    options = {
        "mode": arguments.mode, "refinement": arguments.refinement, "displacement": arguments.displacement,
        "border": arguments.border,
    }  # fmt: skip
    if is_flow_model(arguments.model):
        from .methods.flow_fastdrag import flow_fastdrag

        print("The attention of this model is not recorded; outside the mask the picture is anchored.", file=sys.stderr)
        with _bar("network evaluations") as progress:
            return flow_fastdrag(
                model, image, points, mask, callback=progress, steps=arguments.steps or 20,
                strength=arguments.strength or 0.5, inversion=arguments.inversion or "predict", **options,
            )  # fmt: skip
    return run_fastdrag(
        model, image, points, mask, steps=arguments.steps or 10, strength=arguments.strength or STRENGTH,
        consistency=arguments.consistency, inversion=arguments.inversion or "next", **options,
    )  # fmt: skip


def _dynadrag(model, image, points, mask, arguments):
    from ..kernels.dynadrag.predict_and_move import Settings, Tracker
    from .methods.dynadrag import dynadrag
    from .models.predictors import load_motion_predictor

    tracks = arguments.predictor == "tracking"
    predictor = None if tracks else arguments.load(load_motion_predictor, arguments.predictor or MOTION_PREDICTOR)
    settings = Settings(
        rounds=arguments.rounds, steps=arguments.adam_steps, lr=arguments.learning_rate, r1=arguments.radius,
        lam=arguments.mask_weight, selection=arguments.selection,
    )  # fmt: skip
    with tqdm(desc="rounds", total=settings.rounds) as bar:
        after, _, finite = dynadrag(
            model, image, points, mask, predictor, Tracker() if tracks else None, settings, arguments.steps or 10,
            arguments.strength or STRENGTH, callback=lambda done: bar.update(),
        )  # fmt: skip
    if not finite:
        print("DynaDrag stopped early: the loss was no number; this is the last good picture.", file=sys.stderr)
    return after


def _flow_of(image, points, mask, arguments):
    """FLOW of the whole drag, by FlowGen or the motion predictor, inside mask."""
    from ..kernels.instantdrag.flowgen_maps import generate_flow
    from ..kernels.motion.flow import confine_flow, resize_flow
    from ..kernels.motion.prediction import predict_flow
    from ..kernels.motion.total_flow import predict_total_flow
    from .models.predictors import load_flowgen, load_motion_predictor

    with torch.inference_mode():
        if arguments.flowgen:
            flow = generate_flow(arguments.load(load_flowgen, arguments.flowgen), image, points.handles, points.targets)
        else:
            network = arguments.load(load_motion_predictor, arguments.predictor or MOTION_PREDICTOR)
            region = mask[0] >= 0.5 if mask is not None and arguments.border != "free" else None
            if region is not None and not network.knows_regions:
                print("The predictor knows no regions: in the mask its first guess alone counts.", file=sys.stderr)
            predict = partial(predict_flow, network, region=region)
            flow = predict_total_flow(predict, image, points.handles, points.targets)
        flow = resize_flow(flow, *image.shape[-2:])
        return flow if mask is None else confine_flow(flow, mask)


def _instantdrag(model, image, points, mask, arguments):
    from .methods.instantdrag import instantdrag

    flow, steps = _flow_of(image, points, mask, arguments), arguments.steps or 20
    with _bar("steps", steps) as progress:
        return instantdrag(
            model, image, flow, steps, arguments.image_scale, arguments.flow_scale, arguments.seed, progress
        )


def _published_drag(path, unet, unprompted):
    """The LightningDrag of a file for an inpainting UNet; it does not depend on the prompt."""
    from .models.drag_model import DragModel
    from .models.lightningdrag import load_lightningdrag
    from .models.unet import Denoiser

    return load_lightningdrag(path, DragModel(None, None, Denoiser(unet, unprompted), None, unprompted=unprompted))


def _lightningdrag(model, image, points, mask, arguments):
    from ..kernels.lightningdrag.embedding import hidden_points, point_maps
    from .methods.lightningdrag import PUBLISHED, lightningdrag
    from .models.lightningdrag import embed_image, load_demo_lightningdrag

    if arguments.model == "demo":
        _, drag = arguments.load(load_demo_lightningdrag, arguments.lightningdrag or LIGHTNINGDRAG)
    else:
        drag = arguments.load(_published_drag, arguments.lightningdrag, model.denoiser.unet, model.unprompted)
    seen = embed_image(arguments.image_encoder, image, drag, arguments.load) if arguments.image_encoder else None
    if not len(points):
        print("There are no points: what the mask covers is painted anew.", file=sys.stderr)
    height, width = image.shape[-2:]
    if hidden := hidden_points(point_maps(*points.to_pixels(width, height), height, width), len(points)):
        print(f"Of points on the same pixel the last counts; lost: {', '.join(map(str, hidden))}.", file=sys.stderr)
    sampler = arguments.sampler or ("lcm" if arguments.lora else "ddim")
    steps, scale = PUBLISHED[sampler]
    steps, scale = arguments.steps or steps, scale if arguments.points_scale is None else arguments.points_scale
    with _bar("steps", steps) as progress:
        return lightningdrag(
            model, drag, image, points, mask, seen, steps, scale, arguments.decay, seed=arguments.seed,
            candidates=arguments.candidates, sampler=sampler, callback=progress,
        )  # fmt: skip


def _warp(model, image, points, mask, arguments):
    from .methods.membrane import fill
    from .methods.warp import repair, warp_picture

    warped, anew = warp_picture(
        image, points, mask, arguments.displacement or WARP, arguments.sampling, arguments.front,
        arguments.seam, arguments.grow, arguments.feather, arguments.border or "held",
    )  # fmt: skip
    if arguments.no_inpaint:
        return warped
    filled = fill(warped, anew)
    if model is None:
        return filled
    steps = arguments.steps or 12
    with _bar("steps", steps) as progress:
        repaired = repair(model, warped[:, :3], anew, steps, arguments.seed, progress)
    # no network here knows transparency
    return torch.cat((repaired, filled[:, 3:]), 1)


# each gives pictures [B, C, H, W] of a DragModel (None: without a network), image [1, 3 or, of TRANSPARENT, 4, H, W]
# (0..1), DragPoints, mask [1, H, W] (1 = may change) or None, and the arguments
METHODS = {
    "fastdrag": _fastdrag, "dynadrag": _dynadrag, "instantdrag": _instantdrag, "lightningdrag": _lightningdrag,
    "warp": _warp,
}  # fmt: skip
TRANSPARENT = ("warp",)
