"""The words of `dragkit edit`, and what each of them may be."""

from ..kernels.diffusion.inversion import METHODS
from .argument_types import SEEDS, existing, number, output_picture, whole
from .loads import Loads

EDIT_METHODS = ["fastdrag", "dynadrag", "instantdrag", "lightningdrag", "warp"]


def add_edit_arguments(edit):
    """Adds them to an argparse parser. `load`, of all that it parses, keeps what the last edit loaded."""
    edit.set_defaults(load=Loads())
    edit.add_argument("image", type=existing("file"))
    edit.add_argument("--points", required=True, metavar="FILE_OR_TEXT", help="JSON or lines `x,y -> x,y`")
    edit.add_argument(
        "--mask", type=existing("file"), metavar="PNG",
        help="white = may change; none: everything may, or what --region says",
    )  # fmt: skip
    edit.add_argument(
        "--model", type=existing("path", "demo"), default="demo", metavar="demo|PATH",
        help="SD1.5/SDXL file or diffusers folder; for FastDrag also of FLUX.1, SD3 or Qwen-Image",
    )  # fmt: skip
    edit.add_argument(
        "--method", choices=EDIT_METHODS,
        help="none: fastdrag; without --model, for a picture the demo model does not know, warp",
    )  # fmt: skip
    edit.add_argument(
        "--steps",
        type=whole(1, 1000),
        help="of the schedule (10, flow-matching models 20; InstantDrag 20, LightningDrag 8 or 25, warp 12)",
    )
    edit.add_argument(
        "--strength", type=number(0, 1, above=True), help="part of the noise schedule (0.7; flow-matching models 0.5)"
    )
    edit.add_argument("--prompt", default="", help="what the picture shows (%(default)r)")
    edit.add_argument("-o", "--output", type=output_picture, required=True, metavar="PNG")
    fast = edit.add_argument_group("FastDrag")
    fast.add_argument("--mode", default="inverse", choices=["inverse", "fastdrag"], help="latent warpage (%(default)s)")
    fast.add_argument(
        "--refinement", type=whole(0, 16), default=0, help="extra evaluations per inversion step (%(default)s)"
    )
    fast.add_argument(
        "--inversion", choices=METHODS,
        help="where a step of it looks for the noise: next, as published, or predict, which ends nearer (next; "
        "flow-matching models predict)",
    )  # fmt: skip
    fast.add_argument(
        "--consistency", type=number(0, 1), default=1.0, help="strength of the KV cache, 0..1 (%(default)s)"
    )
    dyna = edit.add_argument_group("DynaDrag")
    dyna.add_argument(
        "--predictor", type=existing("file", "tracking"), metavar="FILE|tracking",
        help="motion predictor; none: the bundled one",
    )  # fmt: skip
    dyna.add_argument("--rounds", type=whole(0, 1000), default=25, help="at most (%(default)s)")
    dyna.add_argument("--adam-steps", type=whole(1, 100), default=5, help="per round (%(default)s)")
    dyna.add_argument("--learning-rate", type=number(0, 1, above=True), default=0.2, help="of Adam (%(default)s)")
    dyna.add_argument("--radius", type=whole(0, 16), default=4, help="r1 of Eq. 2, in pairs of pixels (%(default)s)")
    dyna.add_argument("--mask-weight", type=number(0, 1e6), default=0.1, help="lambda of Eq. 2 (%(default)s)")
    dyna.add_argument(
        "--selection", default="every", choices=["none", "first", "every"], help="of points (%(default)s)"
    )
    instant = edit.add_argument_group("InstantDrag (--predictor serves where no FlowGen is named)")
    instant.add_argument("--flowgen", type=existing("file"), metavar="FILE", help="the published FlowGen, .safetensors")
    instant.add_argument(
        "--flowdiffusion", type=existing("path"), metavar="PATH",
        help="its UNet, beside --model (the demo model has one)",
    )  # fmt: skip
    instant.add_argument(
        "--image-scale", type=number(0, 100), default=1.5, help="guidance by the picture (%(default)s)"
    )
    instant.add_argument("--flow-scale", type=number(0, 100), default=1.5, help="guidance by the motion (%(default)s)")
    edit.add_argument("--seed", type=whole(*SEEDS), default=0, help="of the noise, where there is some (%(default)s)")
    light = edit.add_argument_group("LightningDrag (--model is an SD1.5 inpainting model, or demo)")
    light.add_argument(
        "--lightningdrag", type=existing("file"), metavar="FILE",
        help="what `dragkit convert-lightningdrag` wrote (the demo model has one)",
    )  # fmt: skip
    light.add_argument(
        "--image-encoder", type=existing("folder"), metavar="FOLDER", help="IP-Adapter's; none: no image tokens"
    )
    light.add_argument(
        "--lora", type=existing("file"), metavar="FILE", action="append", default=[],
        help="such as the LCM LoRA; repeatable",
    )  # fmt: skip
    light.add_argument("--sampler", choices=["lcm", "ddim"], help="lcm needs the LCM LoRA (with --lora lcm, else ddim)")
    light.add_argument("--points-scale", type=number(0, 100), help="guidance by the points (lcm 3, ddim 4)")
    light.add_argument(
        "--decay", default="inv_square", choices=["inv_square", "none", "linear", "square", "quadratic"],
        help="of the guidance (%(default)s; quadratic is cubic)",
    )  # fmt: skip
    light.add_argument(
        "--candidates", type=whole(1, 64), default=4, help="by seeds that follow each other (%(default)s)"
    )
    motion = edit.add_argument_group("how the region moves (FastDrag, warp)")
    motion.add_argument(
        "--displacement", choices=["stretch", "nearest-4", "nearest", "rigid", "similarity", "affine", "arap"],
        help="how it follows its points (FastDrag rigid, with --mode fastdrag stretch; warp similarity)",
    )  # fmt: skip
    motion.add_argument(
        "--border", choices=["free", "held"],
        help="held: --mask is where the picture may change, and the motion fades towards its border; free: it is what "
        "moves, as a whole (held; with --mode fastdrag or --region picture free)",
    )  # fmt: skip
    warp = edit.add_argument_group("warp")
    warp.add_argument(
        "--region", choices=["points", "picture"],
        help="without --mask, the region. points: a disc around each handle; picture: the thing that the handles lie "
        "on, found by its colours (points)",
    )  # fmt: skip
    warp.add_argument("--sampling", default="bilinear", choices=["bilinear", "bicubic"], help="(%(default)s)")
    warp.add_argument(
        "--front", default="longest", choices=["longest", "shortest", "first", "last"],
        help="what is in front: the longest or shortest move, the first or last region (%(default)s)",
    )  # fmt: skip
    warp.add_argument(
        "--seam", type=whole(0, 256), default=2, help="pixels along the border of what moved (%(default)s)"
    )
    warp.add_argument("--grow", type=whole(0, 256), default=1, help="pixels around what opened up (%(default)s)")
    warp.add_argument("--feather", type=whole(0, 64), default=2, help="pixels that the repair fades over (%(default)s)")
    warp.add_argument("--no-inpaint", action="store_true", help="the warped picture alone, no model")
