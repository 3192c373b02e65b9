"""What the checks' workflows begin with: random networks, seeded data, and networks that are stopped."""

import time

import comfy.model_management
import torch
from comfy.patcher_extension import WrappersMP
from comfy_api.latest import io

from .networks import DTYPES, KINDS, conditioning, lightning_drag, model_of
from .schema import drawn, schema

LightningDrag = io.Custom("LIGHTNING_DRAG")
Flow = io.Custom("FLOW")
# what makes a workflow run again
TURN = io.Int.Input("turn", default=0, min=0)
WHOLE = io.Boolean.Input("whole", default=True)


class CheckModel(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        kinds = io.Combo.Input("kind", options=list(KINDS))
        precision = io.Combo.Input("precision", options=list(DTYPES))
        return schema("CheckModel", [kinds, WHOLE, precision], [io.Model.Output(), io.Conditioning.Output()])

    @classmethod
    def execute(cls, kind, whole, precision):
        return io.NodeOutput(model_of(kind, whole, precision), conditioning(kind))


class CheckLightningDrag(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema("CheckLightningDrag", [WHOLE], [LightningDrag.Output()])

    @classmethod
    def execute(cls, whole):
        return io.NodeOutput(lightning_drag(whole))


class _Means:
    """A VAE whose latents are means of 8 x 8 pixels: an autoencoder takes the same time with any method."""

    latent_channels = 4

    def spacial_compression_encode(self):
        return 8

    def encode(self, pixels):
        mean = torch.nn.functional.avg_pool2d(2 * pixels.movedim(-1, 1) - 1, 8)
        return torch.cat((3 * mean, 0.5 - 2 * mean.mean(1, keepdim=True)), 1)


class CheckSources(io.ComfyNode):
    """A picture, the latent and the motion of that size, a mask of its middle, and a VAE."""

    @classmethod
    def define_schema(cls):
        outputs = [io.Image.Output(), io.Latent.Output(), Flow.Output(), io.Mask.Output(), io.Vae.Output()]
        return schema("CheckSources", [io.Int.Input("cells", default=16, min=4), TURN], outputs)

    @classmethod
    def execute(cls, cells, turn):
        image = drawn(1, 8 * cells, 8 * cells, 3, seed=turn).sigmoid()
        mask = torch.zeros(1, 8 * cells, 8 * cells)
        middle = slice(2 * cells, 6 * cells)
        mask[:, middle, middle] = 1
        latent = {"samples": drawn(1, 4, cells, cells, seed=turn)}
        return io.NodeOutput(image, latent, 0.02 * drawn(1, 2, 64, 64, seed=turn), mask, _Means())


class CheckStopped(io.ComfyNode):
    """A MODEL whose run is interrupted, or uses up the card's memory (a CPU says so as torch does), in its at-th
    evaluation; 0 is never."""

    @classmethod
    def define_schema(cls):
        how = io.Combo.Input("how", options=["interrupt", "memory"])
        return schema("CheckStopped", [io.Model.Input("model"), io.Int.Input("at", min=0), how], [io.Model.Output()])

    @classmethod
    def execute(cls, model, at, how):
        left = at

        def evaluate(executor, *args, **options):
            nonlocal left
            left -= 1
            if left == 0 and how == "memory":
                device = comfy.model_management.get_torch_device()
                if device.type != "cuda":
                    raise comfy.model_management.OOM_EXCEPTION("Allocation on device (a stand-in)")
                # more than there is, whichever card it is
                torch.empty(1 << 42, dtype=torch.uint8, device=device)
            if left == 0:
                comfy.model_management.interrupt_current_processing()
            return executor(*args, **options)

        model = model.clone()
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "dragkit_check", evaluate)
        return io.NodeOutput(model)

    @classmethod
    def fingerprint_inputs(cls, **inputs):
        return time.time()
