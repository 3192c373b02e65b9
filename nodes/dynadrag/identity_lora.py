"""A LoRA of one picture, which keeps its identity while it is dragged."""

from comfy_api.latest import io

from ...kernels.diffusion.identity_lora import Settings, TrainingError, evaluations
from ..fitting import check_cell, check_one_picture
from ..inputs import MODEL_INPUT, POSITIVE_INPUT, VAE_INPUT
from ..progress import Progress
from ..types import schema
from .checkpointing import memory_named
from .gradients import loss_scale
from .inputs import CHECKPOINTING_INPUT
from .lora_training import train_lora, trainable

NODE = "Identity LoRA"


def _report(steps, losses, most):
    text = f"{steps} steps; loss {losses[0]:.4f} before, {losses[-1]:.4f} after"
    if steps < most:
        text += f"; stopped before {most} steps because the loss no longer fell"
    return f"{text}."


class IdentityLoRA(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        defaults = Settings()
        return schema(
            node_id="DragKitIdentityLoRA",
            display_name="Identity LoRA",
            description="Trains a small LoRA on one picture, so that the model keeps its identity while it is dragged.",
            search_aliases=["train LoRA", "DragDiffusion", "DynaDrag", "per-image LoRA", "fine-tune", "identity"],
            inputs=[
                MODEL_INPUT,
                VAE_INPUT,
                POSITIVE_INPUT,
                io.Image.Input("image", tooltip="The picture to learn, one."),
                io.Int.Input(
                    "rank", default=16, min=1, max=256, tooltip="Size of the LoRA. More can learn more, and is larger."
                ),
                io.Int.Input(
                    "steps",
                    default=defaults.steps,
                    min=1,
                    max=10000,
                    tooltip="At most; fewer when the loss no longer falls.",
                ),
                io.Float.Input(
                    "learning_rate",
                    default=defaults.lr,
                    min=1e-6,
                    max=0.1,
                    step=1e-6,
                    round=False,
                    tooltip="How far a step changes the LoRA.",
                ),
                io.Int.Input(
                    "batch",
                    default=defaults.batch,
                    min=1,
                    max=64,
                    tooltip="Noised copies of the picture per step. More learn more evenly, for as much more time.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    # another seed would train again in every run
                    control_after_generate=False,
                    tooltip="The same seed gives the same LoRA.",
                ),
                CHECKPOINTING_INPUT,
            ],
            outputs=[
                io.LoraModel.Output(
                    "lora", display_name="lora", tooltip="The LoRA, for Load LoRA Model and Save LoRA Weights."
                ),
                io.String.Output("report", display_name="report", tooltip="Steps, and the loss before and after."),
            ],
        )

    @classmethod
    def execute(cls, model, vae, positive, image, rank, steps, learning_rate, batch, seed, checkpointing):
        check_one_picture(image, NODE)
        check_cell(image, vae.spacial_compression_encode(), NODE)
        model = trainable(model)
        settings = Settings(steps=steps, lr=learning_rate, batch=batch, scale=loss_scale(model))
        progress = Progress(evaluations(settings))
        with memory_named(NODE):
            latent = vae.encode(image[..., :3])
            try:
                lora, done, losses = train_lora(
                    model, positive, latent, rank, seed, settings, checkpointing, progress.tick, NODE
                )
            except TrainingError:
                raise ValueError(
                    f"{NODE}: the loss is not a finite number; lower learning_rate, or run the model in float32 or "
                    "bfloat16"
                ) from None
        progress.finish()
        return io.NodeOutput(lora, _report(done, losses, steps))
