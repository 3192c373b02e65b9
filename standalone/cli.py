"""The `dragkit` command."""

import argparse
import sys

from .argument_types import BASE_SEEDS, Parser, existing, number, output, output_folder, output_picture, whole
from .batch.command import batch
from .bench.command import BENCHES, bench
from .check.command import DEVICES, check
from .edit_arguments import add_edit_arguments
from .edits import demo, edit
from .out_of_memory import memory_named
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
        begin=arguments.begin,
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


def add_ray_argument(one):
    one.add_argument(
        "--ray", nargs="?", const="", metavar="ADDRESS",
        help="by the workers of a Ray cluster, one for each GPU (without any, for each CPU); without ADDRESS the one "
        "that Ray finds, else one on this machine",
    )  # fmt: skip


def parser():
    main = Parser(prog="dragkit", description="Drag points in a picture and the picture follows.")
    commands = main.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("demo", help="drag a bundled photograph")
    one.add_argument(
        "-o", "--output", type=output_picture, default="dragkit-demo.png",
        help="PNG: before, points, warp, FastDrag (%(default)s)",
    )  # fmt: skip
    one.set_defaults(run=demo)

    one = commands.add_parser("edit", help="drag your own picture")
    add_edit_arguments(one)
    one.set_defaults(run=edit)

    one = commands.add_parser("batch", help="many edits, one a line of a file")
    one.add_argument("jobs", type=existing("file"), metavar="JOBS", help="JSON lines, in the words of `dragkit edit`")
    one.add_argument(
        "--out",
        type=output_folder,
        required=True,
        metavar="FOLDER",
        help="for the pictures; an interrupted run goes on",
    )
    add_ray_argument(one)
    one.set_defaults(run=batch)

    one = commands.add_parser("convert-lightningdrag", help="LightningDrag's published files -> one safetensors file")
    one.add_argument(
        "files", nargs="+", metavar="FOLDER_OR_FILE",
        help="weights of LightningDrag and IP-Adapter (SD1.5)",
    )  # fmt: skip
    one.add_argument("--out", required=True, type=output, metavar="FILE")
    one.add_argument("--half", action="store_true", help="in float16, half the size")
    one.set_defaults(run=convert_lightningdrag)

    one = commands.add_parser("bench", help="speed, quality against ground truth, cost")
    one.add_argument("what", choices=list(BENCHES))
    one.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="pairs, regions: with a folder for each pair of pictures; dragbench: DragBench-DR or DragBench-SR",
    )
    one.add_argument(
        "--quick", action="store_true",
        help="quality, motion, pairs, regions, dragbench: a fifth of the cases; dynadrag: half; kernels: few runs, no "
        "large picture; cost: a small network",
    )  # fmt: skip
    one.add_argument(
        "--slow", action="store_true", help="quality: DynaDrag by tracking and with its published schedule, too"
    )
    one.add_argument(
        "--methods", metavar="NAME[,NAME]",
        help="quality, pairs: these alone; quality: their rows anew in docs/results; dragbench: nothing, or those of "
        "`dragkit edit`",
    )  # fmt: skip
    one.add_argument("--only", metavar="NAME[,NAME]", help="cost: of fastdrag, lightningdrag, instantdrag alone")
    one.add_argument(
        "--model", type=existing("path", "demo"), metavar="demo|PATH",
        help="pairs: for FastDrag and the repair; none: they are left out; dragbench: that of `dragkit edit`",
    )  # fmt: skip
    one.add_argument(
        "--features",
        type=existing("folder"),
        metavar="FOLDER",
        help="dragbench: SD2.1 in diffusers' format, which measures",
    )
    one.add_argument("--options", metavar="JSON", help='dragbench: further words of `dragkit edit`, {"steps": 20}')
    one.add_argument(
        "--pictures", type=existing("folder"), metavar="FOLDER",
        help="dragbench: for --methods pictures, dragged_image.png of any method in the folders of the samples",
    )  # fmt: skip
    one.add_argument(
        "--out", type=output_folder, metavar="FOLDER",
        help="dragbench: for pictures and numbers of each sample; an interrupted run goes on",
    )  # fmt: skip
    add_ray_argument(one)
    one.add_argument(
        "--lpips",
        metavar="FILE",
        help="pairs, dragbench: AlexNet's weights; none: those in torch.hub's cache",
    )
    one.add_argument("--seed", type=whole(*BASE_SEEDS), default=0)
    one.add_argument(
        "--sheet", default="dragkit-bench.png", help="quality, dynadrag, pairs: contact sheet (%(default)s)"
    )
    one.add_argument(
        "--json", type=output, metavar="FILE",
        help="the result; none: docs/results/WHAT.json in a checkout, if not --quick",
    )  # fmt: skip
    one.add_argument("--csv", type=output, metavar="FILE", help="its rows")
    one.set_defaults(run=bench)

    one = commands.add_parser("check", help="does the pack work on this machine's card")
    one.add_argument("--device", choices=DEVICES, help="what is checked; none: the card, if there is one")
    one.add_argument(
        "--quick", action="store_true",
        help="in two minutes on a CPU: small networks and pictures, fewer edits; on a card fewer edits",
    )  # fmt: skip
    one.add_argument(
        "--comfyui", type=existing("folder"), metavar="FOLDER", help="a ComfyUI, in which the nodes are checked, too"
    )
    one.add_argument(
        "--comfyui-python", type=existing("file"), metavar="FILE", help="its Python; none: the one in its .venv"
    )
    one.add_argument(
        "--endurance", type=whole(0, 100_000), default=0, metavar="EDITS",
        help="edits by all methods in a row, and edits that are stopped at every evaluation; takes long",
    )  # fmt: skip
    one.add_argument("--json", type=output, metavar="FILE", help="the result, for a report")
    one.set_defaults(run=check)

    one = commands.add_parser("results", help="docs/measured.md and README.md's figures from docs/results")
    one.add_argument("--check", action="store_true", help="write nothing; fail if they say anything else")
    one.set_defaults(run=results)

    one = commands.add_parser("train-demo", help="train the bundled demo model again")
    one.add_argument("folder", help="for checkpoints; an interrupted run goes on from them")
    one.add_argument("--out", type=output, default="dragkit-demo.safetensors", metavar="FILE")
    one.add_argument("--autoencoder-steps", type=whole(1, 10**8), default=7500)
    one.add_argument("--decoder-steps", type=whole(1, 10**8), default=3000)
    one.add_argument("--unet-steps", type=whole(1, 10**8), default=2900)
    one.add_argument("--seed", type=whole(*BASE_SEEDS), default=0)
    one.set_defaults(run=train_demo)

    one = commands.add_parser("train-flowdiffusion", help="train the demo model's FlowDiffusion again")
    one.add_argument("folder", help="for checkpoints; an interrupted run goes on from them")
    one.add_argument("--out", type=output, default="dragkit-flowdiffusion.safetensors", metavar="FILE")
    one.add_argument("--steps", type=whole(1, 10**8), default=12000)
    one.add_argument("--seed", type=whole(*BASE_SEEDS), default=0)
    one.set_defaults(run=train_flowdiffusion)

    one = commands.add_parser("train-lightningdrag", help="train the demo model's LightningDrag again")
    one.add_argument("folder", help="for checkpoints; an interrupted run goes on from them")
    one.add_argument("--out", type=output, default="dragkit-lightningdrag.safetensors", metavar="FILE")
    one.add_argument("--steps", type=whole(1, 10**8), default=12000)
    one.add_argument("--seed", type=whole(*BASE_SEEDS), default=0)
    one.set_defaults(run=train_lightningdrag)

    one = commands.add_parser(
        "train-motion", help="train a motion predictor on videos, pictures or nothing", description=TRAIN_MOTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    one.add_argument("data", nargs="?", type=existing("folder"), metavar="DATA", help="folder of videos or of pictures")
    one.add_argument("--synthetic", action="store_true", help="bundled photographs and generated textures")
    one.add_argument("--out", required=True, type=output, metavar="FILE", help="the predictor, a .safetensors file")
    one.add_argument("--steps", type=whole(1, 10**8), default=20_000)
    one.add_argument("--batch", type=whole(1, 10_000), default=8, help="samples per step and device (%(default)s)")
    one.add_argument("--learning-rate", type=number(0, 1, above=True), default=2e-3)
    one.add_argument("--seed", type=whole(*BASE_SEEDS), default=0)
    one.add_argument("--workers", type=whole(0, 256), default=0, help="processes that make the samples (%(default)s)")
    one.add_argument("--precision", default="auto", choices=["auto", "no", "bf16", "fp16"])
    one.add_argument(
        "--flow", type=existing("file", "dis", "raft"), default="dis", metavar="dis|raft|FILE",
        help="optical flow of videos (%(default)s)",
    )  # fmt: skip
    one.add_argument(
        "--from", dest="begin", type=existing("file"), metavar="FILE", help="weights to begin with; none: a new network"
    )
    one.set_defaults(run=train_motion)
    return main


def main(argv=None):
    try:
        arguments = parser().parse_args(argv)
        with memory_named():
            arguments.run(arguments)
    # files that cannot be written after all, as on a full disk
    except (UserError, ValueError, OSError) as error:
        sys.exit(f"dragkit: {error}")


if __name__ == "__main__":
    main()
