"""The `dragkit` command."""

import argparse
import csv
import json
import sys
from pathlib import Path


class UserError(Exception):
    """What the person at the command line can mend; shown as one sentence."""


def _open_image(path):
    from PIL import Image, UnidentifiedImageError

    from .photographs import to_tensor

    try:
        return to_tensor(Image.open(path))[None]
    except (FileNotFoundError, IsADirectoryError, UnidentifiedImageError) as error:
        raise UserError(f"{path} is not a picture that can be read ({type(error).__name__})") from error


def _read_points(argument, size):
    from ..kernels.points import parse_points

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

    from ..kernels.dynadrag import Settings, Tracker
    from .dynadrag import dynadrag
    from .predictors import SHIPPED_PREDICTOR, load_motion_predictor

    tracks = arguments.predictor == "tracking"
    predictor = None if tracks else load_motion_predictor(arguments.predictor or SHIPPED_PREDICTOR)
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

    from .fastdrag import fastdrag

    with tqdm(desc="network evaluations", unit="") as bar:

        def progress(done, total):
            bar.total = total
            bar.update(done - bar.n)

        return fastdrag(model, image, points, mask, callback=progress, **options)


def _flow_of(image, points, mask, arguments):
    """FLOW of the whole drag, by FlowGen or the motion predictor, inside mask."""
    import torch

    from ..kernels.flow import resize_flow
    from ..kernels.flowgen_maps import generate_flow
    from ..kernels.motion_prediction import predict_flow
    from ..kernels.total_flow import predict_total_flow

    with torch.inference_mode():
        if arguments.flowgen:
            from .flowdiffusion import load_flowgen

            flow = generate_flow(load_flowgen(arguments.flowgen), image, points.handles, points.targets)
        else:
            from .predictors import SHIPPED_PREDICTOR, load_motion_predictor

            network = load_motion_predictor(arguments.predictor or SHIPPED_PREDICTOR)
            flow = predict_total_flow(lambda *seen: predict_flow(network, *seen), image, points.handles, points.targets)
        flow = resize_flow(flow, *image.shape[-2:])
        return flow if mask is None else flow * (mask[:, None] > 0)


def _instantdrag_with_bar(model, image, points, mask, arguments):
    from tqdm import tqdm

    from .instantdrag import instantdrag

    flow = _flow_of(image, points, mask, arguments)
    with tqdm(desc="steps", total=arguments.steps or 20) as bar:
        return instantdrag(
            model, image, flow, arguments.steps or 20, arguments.image_scale, arguments.flow_scale, arguments.seed,
            lambda done, total: bar.update(),
        )  # fmt: skip


def _warp_with_bar(model, image, points, mask, arguments):
    from tqdm import tqdm

    from .warp import repair, warp_picture

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

    from ..kernels.overlay import draw_points
    from .demo import DRAG, PHOTOGRAPH, REGION
    from .models import load_demo
    from .photographs import photograph, to_pil

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
    flows = arguments.method == "instantdrag"
    if flows and not arguments.flowdiffusion:
        raise UserError(
            "InstantDrag needs its own UNet: name its folder with --flowdiffusion (for the demo model a file that "
            "`dragkit train-flowdiffusion` wrote)"
        )
    if arguments.model == "demo":
        from .flowdiffusion import load_demo_flowdiffusion
        from .models import load_demo

        if arguments.prompt:
            raise UserError("the demo model knows only the empty prompt; leave --prompt out")
        return load_demo_flowdiffusion(arguments.flowdiffusion) if flows else load_demo()
    from .checkpoints import load_checkpoint
    from .flowdiffusion import with_flowdiffusion

    model = load_checkpoint(arguments.model, arguments.prompt)
    return with_flowdiffusion(model, arguments.flowdiffusion) if flows else model


def edit(arguments):
    from ..kernels.masks import resize_mask
    from .photographs import to_pil

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
    elif arguments.method == "warp":
        after = _warp_with_bar(model, fitted, points, mask, arguments)
    else:
        after = _edit_with_bar(
            model, fitted, points, mask, mode=arguments.mode, steps=arguments.steps or 10, strength=arguments.strength,
            refinement=arguments.refinement, consistency=arguments.consistency,
        )  # fmt: skip
    to_pil(after[0]).save(arguments.output)
    print(arguments.output)


def bench(arguments):
    if arguments.what == "quality":
        from . import bench_quality, bench_warp

        methods = bench_quality.METHODS | bench_warp.METHODS | (bench_quality.SLOW_METHODS if arguments.slow else {})
        rows, pictures = bench_quality.bench_quality(arguments.quick, arguments.seed, methods)
        print(bench_quality.table(rows))
        columns, _ = bench_quality.contact_sheet(pictures, arguments.sheet)
        print(f"Contact sheet ({', '.join(columns)}): {arguments.sheet}")
    elif arguments.what == "dynadrag":
        from . import bench_dynadrag, bench_quality

        rows, pictures = bench_dynadrag.bench_dynadrag(arguments.quick, arguments.seed)
        print(bench_dynadrag.table(rows))
        columns, _ = bench_quality.contact_sheet(pictures, arguments.sheet)
        print(f"Contact sheet ({', '.join(columns)}): {arguments.sheet}")
    elif arguments.what == "kernels":
        from . import bench_kernels, bench_warp

        rows = bench_kernels.bench_kernels() + bench_warp.bench_times()
        bench_kernels.print_table(rows)
    elif arguments.what == "motion":
        from . import bench_motion

        rows = bench_motion.bench_motion(8 if arguments.quick else 40, arguments.seed)
        print(bench_motion.table(rows))
    else:
        from . import bench_cost

        rows = [bench_cost.bench_cost()]
        bench_cost.print_table(rows[0])
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1))
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def train_demo(arguments):
    from .train_demo import train_demo

    train_demo(
        arguments.folder, arguments.out, arguments.autoencoder_steps, arguments.decoder_steps, arguments.unet_steps,
        arguments.seed,
    )  # fmt: skip


def train_flowdiffusion(arguments):
    from .train_flowdiffusion import train_flowdiffusion

    train_flowdiffusion(arguments.folder, arguments.out, arguments.steps, seed=arguments.seed)


def train_motion(arguments):
    from .train_motion import train_motion

    if not (arguments.data or arguments.synthetic):
        raise UserError("name a folder of videos or pictures, or ask for --synthetic")
    made = train_motion(
        arguments.data, arguments.out, arguments.steps, arguments.batch, arguments.learning_rate, arguments.seed,
        workers=arguments.workers, precision=arguments.precision, flow=arguments.flow,
    )  # fmt: skip
    print(f"{arguments.out}: {made['step']} steps, {made['skipped']} file(s) skipped")


TRAIN_MOTION = """\
DATA is a folder of videos, or of pictures that are then moved and laid over with moving things; --synthetic takes the
bundled photographs. Files that cannot be used are named and skipped.

Videos: optical flow is followed from a random frame to one 15 to 55 frames later. A folder VIDEO_masks beside
VIDEO.mp4 may hold NNNNN.png (five digits, the first frame is 00000.png), white where handles may lie; frames without
one have handles anywhere. The flow is OpenCV's (dis) or, better and slower, that of torchvision's RAFT, with the
weights in FILE or, for raft, those in the cache of torch.hub: nothing is downloaded.

Beside FILE.safetensors, FILE.checkpoint lets the same command go on after an interruption, and FILE.png shows the
curves of loss and end-point error. `accelerate launch -m dragkit.standalone.cli train-motion ...` uses several GPUs.
"""


def _pixels(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of pixels, which is whole and not negative")
    return int(text)


def parser():
    main = argparse.ArgumentParser(prog="dragkit", description="Drag points in a picture and the picture follows.")
    commands = main.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("demo", help="drag a bundled photograph with the bundled model")
    one.add_argument("-o", "--output", default="dragkit-demo.png", help="PNG: before, points, after (%(default)s)")
    one.set_defaults(run=demo)

    one = commands.add_parser("edit", help="drag your own picture")
    one.add_argument("image")
    one.add_argument("--points", required=True, metavar="FILE_OR_TEXT", help="JSON or lines `x,y -> x,y`")
    one.add_argument("--mask", metavar="PNG", help="white = may change; none: everything may")
    one.add_argument("--model", default="demo", metavar="demo|PATH", help="SD1.5/SDXL file or diffusers folder")
    one.add_argument("--method", default="fastdrag", choices=["fastdrag", "dynadrag", "instantdrag", "warp"])
    one.add_argument("--steps", type=int, help="of the noise schedule (10; InstantDrag 20, warp 12)")
    one.add_argument("--strength", type=float, default=0.7, help="part of the noise schedule, 0..1 (%(default)s)")
    one.add_argument("--prompt", default="", help="what the picture shows (%(default)r)")
    one.add_argument("-o", "--output", required=True, metavar="PNG")
    fast = one.add_argument_group("FastDrag")
    fast.add_argument("--mode", default="inverse", choices=["inverse", "fastdrag"], help="latent warpage (%(default)s)")
    fast.add_argument("--refinement", type=int, default=0, help="extra evaluations per inversion step (%(default)s)")
    fast.add_argument("--consistency", type=float, default=1.0, help="strength of the KV cache, 0..1 (%(default)s)")
    dyna = one.add_argument_group("DynaDrag")
    dyna.add_argument("--predictor", metavar="FILE|tracking", help="motion predictor; none: the bundled one")
    dyna.add_argument("--rounds", type=int, default=25, help="at most (%(default)s)")
    dyna.add_argument("--adam-steps", type=int, default=5, help="per round (%(default)s)")
    dyna.add_argument("--learning-rate", type=float, default=0.2, help="of Adam (%(default)s)")
    dyna.add_argument("--radius", type=int, default=4, help="r1 of Eq. 2, in pairs of pixels (%(default)s)")
    dyna.add_argument("--mask-weight", type=float, default=0.1, help="lambda of Eq. 2 (%(default)s)")
    dyna.add_argument(
        "--selection", default="every", choices=["none", "first", "every"], help="of points (%(default)s)"
    )
    instant = one.add_argument_group("InstantDrag (--predictor serves where no FlowGen is named)")
    instant.add_argument("--flowgen", metavar="FILE", help="the published FlowGen, .safetensors")
    instant.add_argument("--flowdiffusion", metavar="FOLDER|FILE", help="its UNet, beside --model")
    instant.add_argument("--image-scale", type=float, default=1.5, help="guidance by the picture (%(default)s)")
    instant.add_argument("--flow-scale", type=float, default=1.5, help="guidance by the motion (%(default)s)")
    one.add_argument("--seed", type=int, default=0, help="of the noise of InstantDrag and warp (%(default)s)")
    warp = one.add_argument_group("warp (--mask: what moves; none: found from the points)")
    warp.add_argument(
        "--displacement", default="similarity",
        choices=["stretch", "nearest-4", "nearest", "rigid", "similarity", "affine", "arap"],
        help="how the region follows its points (%(default)s)",
    )  # fmt: skip
    warp.add_argument("--sampling", default="bilinear", choices=["bilinear", "bicubic"], help="(%(default)s)")
    warp.add_argument(
        "--front", default="longest", choices=["longest", "shortest", "first", "last"],
        help="what is in front: the longest or shortest move, the first or last region (%(default)s)",
    )  # fmt: skip
    warp.add_argument("--seam", type=_pixels, default=2, help="pixels along the border of what moved (%(default)s)")
    warp.add_argument("--grow", type=_pixels, default=1, help="pixels around what opened up (%(default)s)")
    warp.add_argument("--feather", type=_pixels, default=2, help="pixels that the repair fades over (%(default)s)")
    warp.add_argument("--no-inpaint", action="store_true", help="the warped picture alone, no model")
    one.set_defaults(run=edit)

    one = commands.add_parser("bench", help="speed, quality against ground truth, cost")
    one.add_argument("what", choices=["kernels", "quality", "dynadrag", "cost", "motion"])
    one.add_argument("--quick", action="store_true", help="quality, motion: a fifth of the cases; dynadrag: half")
    one.add_argument(
        "--slow", action="store_true", help="quality: DynaDrag by tracking and with its published schedule, too"
    )
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--sheet", default="dragkit-bench.png", help="quality, dynadrag: contact sheet (%(default)s)")
    one.add_argument("--json", metavar="FILE")
    one.add_argument("--csv", metavar="FILE")
    one.set_defaults(run=bench)

    one = commands.add_parser("train-demo", help="train the bundled demo model again")
    one.add_argument("folder", help="for checkpoints; an interrupted run goes on from them")
    one.add_argument("--out", default="dragkit-demo.safetensors", metavar="FILE")
    one.add_argument("--autoencoder-steps", type=int, default=7500)
    one.add_argument("--decoder-steps", type=int, default=3000)
    one.add_argument("--unet-steps", type=int, default=2900)
    one.add_argument("--seed", type=int, default=0)
    one.set_defaults(run=train_demo)

    one = commands.add_parser("train-flowdiffusion", help="train the demo model's FlowDiffusion again")
    one.add_argument("folder", help="for checkpoints; an interrupted run goes on from them")
    one.add_argument("--out", default="dragkit-demo-flowdiffusion.safetensors", metavar="FILE")
    one.add_argument("--steps", type=int, default=3000)
    one.add_argument("--seed", type=int, default=0)
    one.set_defaults(run=train_flowdiffusion)

    one = commands.add_parser(
        "train-motion", help="train a motion predictor on videos, pictures or nothing", description=TRAIN_MOTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    one.add_argument("data", nargs="?", metavar="DATA", help="folder of videos or of pictures")
    one.add_argument("--synthetic", action="store_true", help="bundled photographs and generated textures")
    one.add_argument("--out", required=True, metavar="FILE", help="the predictor, a .safetensors file")
    one.add_argument("--steps", type=int, default=20_000)
    one.add_argument("--batch", type=int, default=8, help="samples per step and device (%(default)s)")
    one.add_argument("--learning-rate", type=float, default=2e-3)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--workers", type=int, default=0, help="processes that make the samples (%(default)s)")
    one.add_argument("--precision", default="auto", choices=["auto", "no", "bf16", "fp16"])
    one.add_argument("--flow", default="dis", metavar="dis|raft|FILE", help="optical flow of videos (%(default)s)")
    one.set_defaults(run=train_motion)
    return main


def main(argv=None):
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (UserError, ValueError) as error:
        sys.exit(f"dragkit: {error}")


if __name__ == "__main__":
    main()
