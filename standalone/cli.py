"""The `dragkit` command."""

import argparse
import sys

from .bench.command import BENCHES, bench
from .edits import demo, edit
from .user_input import UserError


def results(arguments):
    from .bench.measured import different, render

    if arguments.check:
        if pages := different():
            raise UserError(f"{' and '.join(pages)}: not what docs/results says; run `dragkit results`")
    else:
        for page in render():
            print(page)


def convert_lightningdrag(arguments):
    from .models.convert_lightningdrag import convert

    for kind, path in convert(arguments.files, arguments.out, arguments.half).items():
        print(f"{kind}: {path}")
    print(arguments.out)


def train_demo(arguments):
    from .train.demo import train_demo

    train_demo(
        arguments.folder, arguments.out, arguments.autoencoder_steps, arguments.decoder_steps, arguments.unet_steps,
        arguments.seed,
    )  # fmt: skip


def train_flowdiffusion(arguments):
    from .train.flowdiffusion import train_flowdiffusion

    train_flowdiffusion(arguments.folder, arguments.out, arguments.steps, seed=arguments.seed)


def train_lightningdrag(arguments):
    from .train.lightningdrag import train_lightningdrag

    train_lightningdrag(arguments.folder, arguments.out, arguments.steps, seed=arguments.seed)


def train_motion(arguments):
    from .train.motion import train_motion

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
    one.add_argument(
        "--method", default="fastdrag", choices=["fastdrag", "dynadrag", "instantdrag", "lightningdrag", "warp"]
    )
    one.add_argument("--steps", type=int, help="of the schedule (10; InstantDrag 20, LightningDrag 8 or 25, warp 12)")
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
    instant.add_argument("--flowdiffusion", metavar="PATH", help="its UNet, beside --model (the demo model has one)")
    instant.add_argument("--image-scale", type=float, default=1.5, help="guidance by the picture (%(default)s)")
    instant.add_argument("--flow-scale", type=float, default=1.5, help="guidance by the motion (%(default)s)")
    one.add_argument("--seed", type=int, default=0, help="of the noise, where there is some (%(default)s)")
    light = one.add_argument_group("LightningDrag (--model is an SD1.5 inpainting model, or demo)")
    light.add_argument(
        "--lightningdrag", metavar="FILE", help="what `dragkit convert-lightningdrag` wrote (the demo model has one)"
    )
    light.add_argument("--image-encoder", metavar="FOLDER", help="IP-Adapter's; none: no image tokens")
    light.add_argument("--lora", metavar="FILE", action="append", default=[], help="such as the LCM LoRA; repeatable")
    light.add_argument("--sampler", choices=["lcm", "ddim"], help="lcm needs the LCM LoRA (with --lora lcm, else ddim)")
    light.add_argument("--points-scale", type=float, help="guidance by the points (lcm 3, ddim 4)")
    light.add_argument(
        "--decay", default="inv_square", choices=["inv_square", "none", "linear", "square", "quadratic"],
        help="of the guidance (%(default)s; quadratic is cubic)",
    )  # fmt: skip
    light.add_argument("--candidates", type=int, default=4, help="by seeds that follow each other (%(default)s)")
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

    one = commands.add_parser("convert-lightningdrag", help="LightningDrag's published files -> one safetensors file")
    one.add_argument(
        "files", nargs="+", metavar="FOLDER_OR_FILE", help="weights of LightningDrag and IP-Adapter (SD1.5)"
    )
    one.add_argument("--out", required=True, metavar="FILE")
    one.add_argument("--half", action="store_true", help="in float16, half the size")
    one.set_defaults(run=convert_lightningdrag)

    one = commands.add_parser("bench", help="speed, quality against ground truth, cost")
    one.add_argument("what", choices=list(BENCHES))
    one.add_argument("folder", nargs="?", metavar="FOLDER", help="pairs: with a folder for each pair of pictures")
    one.add_argument(
        "--quick", action="store_true",
        help="quality, motion, pairs: a fifth of the cases; dynadrag: half; kernels: few runs, no large picture; cost: "
        "a small network",
    )  # fmt: skip
    one.add_argument(
        "--slow", action="store_true", help="quality: DynaDrag by tracking and with its published schedule, too"
    )
    one.add_argument(
        "--methods", metavar="NAME[,NAME]", help="quality, pairs: these alone; quality: their rows anew in docs/results"
    )
    one.add_argument("--only", metavar="NAME[,NAME]", help="cost: of fastdrag, lightningdrag, instantdrag alone")
    one.add_argument("--model", metavar="demo|PATH", help="pairs: for FastDrag and the repair; none: they are left out")
    one.add_argument("--lpips", metavar="FILE", help="pairs: AlexNet's weights; none: those in torch.hub's cache")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument(
        "--sheet", default="dragkit-bench.png", help="quality, dynadrag, pairs: contact sheet (%(default)s)"
    )
    one.add_argument(
        "--json", metavar="FILE", help="the result; none: docs/results/WHAT.json in a checkout, if not --quick"
    )
    one.add_argument("--csv", metavar="FILE", help="its rows")
    one.set_defaults(run=bench)

    one = commands.add_parser("results", help="docs/measured.md and README.md's figures from docs/results")
    one.add_argument("--check", action="store_true", help="write nothing; fail if they say anything else")
    one.set_defaults(run=results)

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
    one.add_argument("--out", default="dragkit-flowdiffusion.safetensors", metavar="FILE")
    one.add_argument("--steps", type=int, default=12000)
    one.add_argument("--seed", type=int, default=0)
    one.set_defaults(run=train_flowdiffusion)

    one = commands.add_parser("train-lightningdrag", help="train the demo model's LightningDrag again")
    one.add_argument("folder", help="for checkpoints; an interrupted run goes on from them")
    one.add_argument("--out", default="dragkit-lightningdrag.safetensors", metavar="FILE")
    one.add_argument("--steps", type=int, default=12000)
    one.add_argument("--seed", type=int, default=0)
    one.set_defaults(run=train_lightningdrag)

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
