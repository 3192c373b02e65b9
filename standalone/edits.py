"""`dragkit demo` and `dragkit edit`: a picture, points and a method from the command line."""

import sys
from pathlib import Path

from ..weights import FLOWDIFFUSION, LIGHTNINGDRAG, MOTION_PREDICTOR


class UserError(Exception):
    """What the person at the command line can mend; shown as one sentence."""


def _open_image(path):
    from PIL import Image, UnidentifiedImageError

    from .pictures import to_tensor

    try:
        return to_tensor(Image.open(path))[None]
    except (FileNotFoundError, IsADirectoryError, UnidentifiedImageError) as error:
        raise UserError(f"{path} is not a picture that can be read ({type(error).__name__})") from error


def _read_points(argument, size):
    from ..kernels.points.drag_points import parse_points

    # a file where there is one of that name, else the points themselves
    try:
        is_file = Path(argument).is_file()
    except OSError:
        is_file = False
    return parse_points(Path(argument).read_text() if is_file else argument, image_size=size)


def _fit(image, multiple):
    """The picture cropped at the right and below to whole latent cells."""
    height, width = (side // multiple * multiple for side in image.shape[-2:])
    if not height or not width:
        raise UserError(
            f"the picture is {image.shape[3]} x {image.shape[2]}; it must be at least {multiple} pixels wide"
        )
    return image[..., :height, :width]


def _dynadrag_with_bar(model, image, points, mask, arguments):
    from tqdm import tqdm

    from ..kernels.dynadrag.predict_and_move import Settings, Tracker
    from .methods.dynadrag import dynadrag
    from .models.predictors import load_motion_predictor

    tracks = arguments.predictor == "tracking"
    predictor = None if tracks else load_motion_predictor(arguments.predictor or MOTION_PREDICTOR)
    settings = Settings(
        rounds=arguments.rounds, steps=arguments.adam_steps, lr=arguments.learning_rate, r1=arguments.radius,
        lam=arguments.mask_weight, selection=arguments.selection,
    )  # fmt: skip
    with tqdm(desc="rounds", total=settings.rounds) as bar:
        after, _, finite = dynadrag(
            model, image, points, mask, predictor, Tracker() if tracks else None, settings, arguments.steps or 10,
            arguments.strength, callback=lambda done: bar.update(),
        )  # fmt: skip
    if not finite:
        print("DynaDrag stopped early: the loss was no number; this is the last good picture.", file=sys.stderr)
    return after


def _edit_with_bar(model, image, points, mask, **options):
    from tqdm import tqdm

    from .methods.fastdrag import fastdrag

    with tqdm(desc="network evaluations", unit="") as bar:

        def progress(done, total):
            bar.total = total
            bar.update(done - bar.n)

        return fastdrag(model, image, points, mask, callback=progress, **options)


def _flow_of(image, points, mask, arguments):
    """FLOW of the whole drag, by FlowGen or the motion predictor, inside mask."""
    import torch

    from ..kernels.instantdrag.flowgen_maps import generate_flow
    from ..kernels.motion.flow import resize_flow
    from ..kernels.motion.prediction import predict_flow
    from ..kernels.motion.total_flow import predict_total_flow

    with torch.inference_mode():
        if arguments.flowgen:
            from .models.flowdiffusion import load_flowgen

            flow = generate_flow(load_flowgen(arguments.flowgen), image, points.handles, points.targets)
        else:
            from .models.predictors import load_motion_predictor

            network = load_motion_predictor(arguments.predictor or MOTION_PREDICTOR)
            flow = predict_total_flow(lambda *seen: predict_flow(network, *seen), image, points.handles, points.targets)
        flow = resize_flow(flow, *image.shape[-2:])
        return flow if mask is None else flow * (mask[:, None] > 0)


def _instantdrag_with_bar(model, image, points, mask, arguments):
    from tqdm import tqdm

    from .methods.instantdrag import instantdrag

    flow = _flow_of(image, points, mask, arguments)
    with tqdm(desc="steps", total=arguments.steps or 20) as bar:
        return instantdrag(
            model, image, flow, arguments.steps or 20, arguments.image_scale, arguments.flow_scale, arguments.seed,
            lambda done, total: bar.update(),
        )  # fmt: skip


def _lightningdrag_with_bar(model, image, points, mask, arguments):
    from tqdm import tqdm

    from ..kernels.lightningdrag.embedding import hidden_points, point_maps
    from .methods.lightningdrag import PUBLISHED, lightningdrag
    from .models.lightningdrag import embed_image, load_demo_lightningdrag, load_lightningdrag

    if arguments.candidates < 1:
        raise UserError(f"--candidates is {arguments.candidates}; it must be at least 1")
    if arguments.model == "demo":
        _, drag = load_demo_lightningdrag(arguments.lightningdrag or LIGHTNINGDRAG)
    else:
        drag = load_lightningdrag(arguments.lightningdrag, model)
    seen = embed_image(arguments.image_encoder, image, drag) if arguments.image_encoder else None
    if not len(points):
        print("There are no points: what the mask covers is painted anew.", file=sys.stderr)
    height, width = image.shape[-2:]
    if hidden := hidden_points(point_maps(*points.to_pixels(width, height), height, width), len(points)):
        print(f"Of points on the same pixel the last counts; lost: {', '.join(map(str, hidden))}.", file=sys.stderr)
    sampler = arguments.sampler or ("lcm" if arguments.lora else "ddim")
    steps, scale = PUBLISHED[sampler]
    steps, scale = arguments.steps or steps, scale if arguments.points_scale is None else arguments.points_scale
    with tqdm(desc="steps", total=steps) as bar:
        return lightningdrag(
            model, drag, image, points, mask, seen, steps, scale, arguments.decay, seed=arguments.seed,
            candidates=arguments.candidates, sampler=sampler,
            callback=lambda done, total: bar.update(),
        )  # fmt: skip


def _warp_with_bar(model, image, points, mask, arguments):
    from tqdm import tqdm

    from .methods.warp import repair, warp_picture

    warped, anew = warp_picture(
        image, points, mask, arguments.displacement, arguments.sampling, arguments.front, arguments.seam,
        arguments.grow, arguments.feather,
    )  # fmt: skip
    if model is None:
        return warped
    with tqdm(desc="steps", total=arguments.steps or 12) as bar:
        return repair(model, warped, anew, arguments.steps or 12, arguments.seed, lambda done, total: bar.update())


def demo(arguments):
    import torch

    from ..kernels.drawing.overlay import draw_points
    from .models.drag_model import load_demo
    from .pictures import to_pil
    from .scenes.demo_drag import DRAG, PHOTOGRAPH, REGION
    from .scenes.photographs import photograph

    print(f"Photograph: {PHOTOGRAPH} (bundled). Model: the bundled demo model, trained on four photographs.")
    image = photograph(PHOTOGRAPH)[None]
    points = _read_points(DRAG, (256, 256))
    mask = REGION(256)[None]
    print(f"FastDrag: {len(points)} drag(s), inversion, latent warpage, BNNI, sampling with the KV cache.")
    after = _edit_with_bar(load_demo(), image, points, mask)
    shown = draw_points(image.permute(0, 2, 3, 1), points, mask).permute(0, 3, 1, 2)
    to_pil(torch.cat((image, shown, after), 3)[0]).save(arguments.output)
    print(f"Before, points and after: {arguments.output}")


def _model_of(arguments):
    if arguments.method == "lightningdrag":
        return _inpainting_model_of(arguments)
    flows = arguments.method == "instantdrag"
    if arguments.model == "demo":
        from .models.drag_model import load_demo
        from .models.flowdiffusion import load_demo_flowdiffusion

        if arguments.prompt:
            raise UserError("the demo model knows only the empty prompt; leave --prompt out")
        return load_demo_flowdiffusion(arguments.flowdiffusion or FLOWDIFFUSION) if flows else load_demo()
    if flows and not arguments.flowdiffusion:
        raise UserError("InstantDrag needs its own UNet beside --model: name its folder with --flowdiffusion")
    from .models.checkpoints import load_checkpoint
    from .models.flowdiffusion import with_flowdiffusion

    model = load_checkpoint(arguments.model, arguments.prompt)
    return with_flowdiffusion(model, arguments.flowdiffusion) if flows else model


def _inpainting_model_of(arguments):
    from .models.checkpoints import INPAINTING, load_checkpoint
    from .models.lightningdrag import load_demo_lightningdrag
    from .models.lora_files import add_lora

    if arguments.model == "demo":
        if arguments.prompt or arguments.lora:
            raise UserError("the demo model knows only the empty prompt and no LoRA; leave --prompt and --lora out")
        return load_demo_lightningdrag(arguments.lightningdrag or LIGHTNINGDRAG)[0]
    if not arguments.lightningdrag:
        raise UserError(
            "LightningDrag needs its weights: name with --lightningdrag the file that `dragkit convert-lightningdrag` "
            "wrote"
        )
    model = load_checkpoint(arguments.model, arguments.prompt, channels=INPAINTING)
    for path in arguments.lora:
        add_lora(model.denoiser.unet, path)
    return model


def edit(arguments):
    from ..kernels.points.masks import resize_mask
    from .pictures import to_pil

    image = _open_image(arguments.image)
    points = _read_points(arguments.points, (image.shape[3], image.shape[2]))
    mask = None if arguments.mask is None else _open_image(arguments.mask).mean(1)
    if mask is not None:
        mask = resize_mask(mask, *image.shape[-2:], arguments.mask)
    alone = arguments.method == "warp" and arguments.no_inpaint
    model = None if alone else _model_of(arguments)
    fitted = _fit(image, 1 if alone else model.multiple)
    if mask is not None:
        mask = mask[..., : fitted.shape[2], : fitted.shape[3]]
    if fitted.shape != image.shape:
        # fractions of the whole picture become fractions of what is left of it
        points = points.from_pixels(*points.to_pixels(image.shape[3], image.shape[2]), fitted.shape[3], fitted.shape[2])
    if arguments.method == "dynadrag":
        after = _dynadrag_with_bar(model, fitted, points, mask, arguments)
    elif arguments.method == "instantdrag":
        after = _instantdrag_with_bar(model, fitted, points, mask, arguments)
    elif arguments.method == "lightningdrag":
        after = _lightningdrag_with_bar(model, fitted, points, mask, arguments)
    elif arguments.method == "warp":
        after = _warp_with_bar(model, fitted, points, mask, arguments)
    else:
        after = _edit_with_bar(
            model, fitted, points, mask, mode=arguments.mode, steps=arguments.steps or 10, strength=arguments.strength,
            refinement=arguments.refinement, consistency=arguments.consistency,
        )  # fmt: skip
    for i, picture in enumerate(after):
        # further candidates beside the first
        path = Path(arguments.output)
        path = path if i == 0 else path.with_stem(f"{path.stem}-{i + 1}")
        to_pil(picture).save(path)
        print(path)
