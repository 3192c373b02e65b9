"""The model that `dragkit edit` runs on."""

from ..weights import FLOWDIFFUSION, LIGHTNINGDRAG
from .user_input import UserError


def model_of(arguments):
    """DragModel with the UNet that the method needs; UserError for what does not go together."""
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
    from .models.checkpoints import load_checkpoint
    from .models.lightningdrag import load_demo_lightningdrag
    from .models.lora_files import add_lora
    from .models.pipelines import INPAINTING

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
