"""The model that `dragkit edit` runs on, if any."""

import sys

import torch.nn.functional as F

from ..kernels.points.latent_cells import whole_cells
from ..weights import FLOWDIFFUSION, LIGHTNINGDRAG
from .user_input import UserError

# The demo model has learned four photographs by heart, at 256 x 256. dB by which its autoencoder's picture must be
# nearer to a picture than one of a quarter of the width, enlarged: these four 9.5 to 17.3, as JPEG of quality 75 5.1 to
# 9.3; in other sizes or mirrored at most 1.6; 20 other pictures (faces, animals, food, textures), in up to three sizes,
# at most 3.1, most below 0. PSNR alone says less: those four 38.6 to 41.1, a face before a wall 37.5 at 1024 x 1024.
KNOWN = 4.0
# larger pictures need not be looked at
LARGEST = 512
NEEDS = dict.fromkeys(("fastdrag", "dynadrag"), "an SD1.5, SD2 or SDXL checkpoint with --model") | {
    "instantdrag": "an SD1.5 checkpoint with --model and InstantDrag's UNet with --flowdiffusion",
    "lightningdrag": "an SD1.5 inpainting checkpoint with --model and, with --lightningdrag, the file that `dragkit "
    "convert-lightningdrag` wrote",
}


def demo_knows(model, image):
    """Whether the demo model reproduces image [1, 3, H, W] in 0..1, up to LARGEST pixels a side, in its detail."""
    image = whole_cells(image, model.multiple, (2, 3))
    height, width = image.shape[-2:]
    if not height or not width or max(height, width) > LARGEST:
        return False
    coarse = F.interpolate(F.avg_pool2d(image, 4), (height, width), mode="bicubic").clamp(0, 1)
    return F.mse_loss(model.decode(model.encode(image)), image) * 10 ** (KNOWN / 10) < F.mse_loss(coarse, image)


def choose(arguments, image):
    """(name of METHODS, DragModel or None) for image [1, 3, H, W]: without --model, only what the demo model knows goes
    through a network. UserError for a method that needs another one."""
    method = arguments.method
    if method == "warp" and arguments.no_inpaint:
        return method, None
    model = model_of(arguments)
    if arguments.model != "demo" or demo_knows(model, image):
        return method or "fastdrag", model
    if method in NEEDS:
        raise UserError(
            f"the demo model does not know {arguments.image}; --method {method} needs {NEEDS[method]}, or leave "
            "--method out, and the picture is pulled without a network"
        )
    print(
        f"The demo model does not know {arguments.image}: it is warped without a network, and what opens up is filled "
        "smoothly. --model CHECKPOINT does more.",
        file=sys.stderr,
    )
    return "warp", None


def _checkpoint(path, has_prompt, channels=4, loras=(), flowdiffusion=None):
    """{prompt: DragModel} as a function, of a checkpoint with LoRA files on its UNet, or with a FlowDiffusion."""
    from .models.checkpoints import prompted_checkpoint
    from .models.flowdiffusion import with_flowdiffusion
    from .models.lora_files import add_lora

    prompted = prompted_checkpoint(path, has_prompt, channels=channels)
    for lora in loras:
        add_lora(prompted("").denoiser.unet, lora)
    if not flowdiffusion:
        return prompted
    flows = with_flowdiffusion(prompted(""), flowdiffusion)
    return lambda prompt: flows.with_context(prompted(prompt).denoiser.context)


def model_of(arguments):
    """DragModel with the UNet that the method needs; UserError for what does not go together."""
    if is_flow_model(arguments.model):
        return _flow_model_of(arguments)
    if arguments.method == "lightningdrag":
        return _inpainting_model_of(arguments)
    flows = arguments.method == "instantdrag"
    if arguments.model == "demo":
        from .models.drag_model import load_demo
        from .models.flowdiffusion import load_demo_flowdiffusion

        if arguments.prompt:
            raise UserError("the demo model knows only the empty prompt; leave --prompt out")
        if flows:
            return arguments.load(load_demo_flowdiffusion, arguments.flowdiffusion or FLOWDIFFUSION)
        return arguments.load(load_demo)
    if flows and not arguments.flowdiffusion:
        raise UserError("InstantDrag needs its own UNet beside --model: name its folder with --flowdiffusion")
    flowdiffusion = arguments.flowdiffusion if flows else None
    words = arguments.model, bool(arguments.prompt), 4, (), flowdiffusion
    return arguments.load(_checkpoint, *words)(arguments.prompt)


def is_flow_model(path):
    """Whether what --model names is a diffusers folder of a flow-matching model."""
    if path == "demo":
        return False
    from .models.flow_models import flow_kind

    return flow_kind(path) is not None


def _flow_model_of(arguments):
    from .models.flow_models import load_flow_model

    if arguments.method not in (None, "fastdrag"):
        raise UserError(
            f"{arguments.model} is a flow-matching model, which serves FastDrag alone; {arguments.method} needs a "
            "model with a UNet"
        )
    return load_flow_model(arguments.model, arguments.prompt)


def _inpainting_model_of(arguments):
    from .models.lightningdrag import load_demo_lightningdrag
    from .models.pipelines import INPAINTING

    if arguments.model == "demo":
        if arguments.prompt or arguments.lora:
            raise UserError("the demo model knows only the empty prompt and no LoRA; leave --prompt and --lora out")
        return arguments.load(load_demo_lightningdrag, arguments.lightningdrag or LIGHTNINGDRAG)[0]
    if not arguments.lightningdrag:
        raise UserError(
            "LightningDrag needs its weights: name with --lightningdrag the file that `dragkit convert-lightningdrag` "
            "wrote"
        )
    loras = tuple(arguments.lora)
    return arguments.load(_checkpoint, arguments.model, bool(arguments.prompt), INPAINTING, loras)(arguments.prompt)
