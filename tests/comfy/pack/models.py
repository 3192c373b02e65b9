"""Tiny random Stable Diffusion models of the real classes: same block numbers, same conditioning, few channels."""

import math

import comfy.cldm.cldm
import comfy.controlnet
import comfy.model_management
import comfy.model_patcher
import comfy.ops
import comfy.sd
import comfy.supported_models
import torch
from comfy.cli_args import args
from comfy.ldm.models.autoencoder import AutoencoderKL

CONTEXT_DIM = 32
TIME_SCALE = 200  # timesteps over which the prediction may change
SD2_V_KEY = "output_blocks.11.1.transformer_blocks.0.norm1.bias"  # its spread is how SD20 tells v from eps prediction


# SD1.5's eight heads, of eight channels here, would make attention on a CPU three times slower
class TinySD15(comfy.supported_models.SD15):
    unet_extra_config = {"num_heads": 2, "num_head_channels": -1}


class TinySDXL(comfy.supported_models.SDXL):
    unet_extra_config = {"num_heads": -1, "num_head_channels": 32}


CLASSES = {
    "sd15": TinySD15,
    "sd15_inpaint": TinySD15,
    "sd2_v": comfy.supported_models.SD20,
    "sdxl": TinySDXL,
}
KINDS = list(CLASSES)


def unet_config(kind: str) -> dict:
    """A UNet with the block layout of `kind`: 12 + 1 + 12 blocks for SD1.5 and SD2, 9 + 1 + 9 for SDXL."""
    config = {
        "in_channels": 9 if kind == "sd15_inpaint" else 4,
        "out_channels": 4,
        # GroupNorm has 32 groups: with 32 channels it would cancel the time embedding
        "model_channels": 64,
        "channel_mult": [1, 1, 2, 2],
        "num_res_blocks": [2, 2, 2, 2],
        "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
        "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
        "transformer_depth_middle": 1,
        "use_linear_in_transformer": kind in ("sd2_v", "sdxl"),
        "context_dim": CONTEXT_DIM,
        "adm_in_channels": None,
        "use_spatial_transformer": True,
        "legacy": False,
        "use_checkpoint": False,
        "image_size": 32,
        "use_temporal_resblock": False,
        "use_temporal_attention": False,
    }
    if kind == "sdxl":
        config |= {
            "channel_mult": [1, 1, 2],
            "num_res_blocks": [2, 2, 2],
            "transformer_depth": [0, 0, 1, 1, 2, 2],
            "transformer_depth_output": [0, 0, 0, 1, 1, 1, 2, 2, 2],
            "transformer_depth_middle": 2,
            "adm_in_channels": 2816,
            "num_classes": "sequential",
        }
    return config


@torch.no_grad()
def fill(module: torch.nn.Module, seed: int) -> None:
    """Seeded weights that keep activations near unit variance: comfy's layers start uninitialised, zero layers too."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim > 1:
            parameter.copy_(noise / parameter[0].numel() ** 0.5)
        elif name.endswith("bias"):
            parameter.copy_(noise * (0.2 if name.endswith(SD2_V_KEY) else 0.05))
        else:
            parameter.copy_(1 + 0.1 * noise)
    # a trained UNet is smooth in t; its first layer must not pass on sinusoids that turn within a sampling step
    if hasattr(module, "time_embed"):
        weight = module.time_embed[0].weight
        half = weight.shape[1] // 2
        frequency = torch.exp(-math.log(10000) * torch.arange(half) / half)
        weight.mul_((TIME_SCALE * frequency).clamp(min=1).reciprocal().repeat(2))


def precision() -> torch.dtype:
    """That which the server was started with, float32 without any."""
    given = {"fp16_unet": torch.float16, "bf16_unet": torch.bfloat16}
    return next((dtype for name, dtype in given.items() if getattr(args, name)), torch.float32)


def model_patcher(
    kind: str, seed: int, dtype: torch.dtype | None = None, disable_dynamic: bool = False
) -> comfy.model_patcher.ModelPatcher:
    """The MODEL of a tiny checkpoint; also its own reload function, which deep copies in newer versions call."""
    dtype = dtype or precision()
    config = CLASSES[kind](unet_config(kind))
    config.set_inference_dtype(dtype, None)
    detect = {SD2_V_KEY: torch.tensor([-1.0, 1.0])} if kind == "sd2_v" else {}
    model = config.get_model(detect, "", device=torch.device("cpu"))
    fill(model.diffusion_model, seed)
    device = comfy.model_management.get_torch_device()
    patcher = comfy.model_patcher.ModelPatcher(model, device, comfy.model_management.unet_offload_device())
    patcher.cached_patcher_init = (model_patcher, (kind, seed, dtype))
    return patcher


def conditioning(kind: str, seed: int) -> list:
    """A CONDITIONING of 77 random tokens, with the pooled vector SDXL wants."""
    generator = torch.Generator().manual_seed(seed)
    tokens = 2 * torch.randn(1, 77, CONTEXT_DIM, generator=generator)  # 77 averaged unit tokens would hardly differ
    extra = {"pooled_output": torch.randn(1, 1280, generator=generator)} if kind == "sdxl" else {}
    return [[tokens, extra]]


def control_net(kind: str, seed: int) -> comfy.controlnet.ControlNet:
    config = CLASSES[kind](unet_config(kind)).unet_config
    device = comfy.model_management.get_torch_device()
    network = comfy.cldm.cldm.ControlNet(
        **config | {"in_channels": 4}, hint_channels=3, device=device, operations=comfy.ops.disable_weight_init
    )
    fill(network, seed)
    return comfy.controlnet.ControlNet(network, load_device=device)


def vae(seed: int, channels: int = 4) -> comfy.sd.VAE:
    """An 8x AutoencoderKL whose encoder and decoder are unrelated random networks: decode(encode(x)) is not x."""
    ddconfig = {
        "double_z": True,
        "z_channels": channels,
        "resolution": 64,
        "in_channels": 3,
        "out_ch": 3,
        "ch": 32,
        "ch_mult": [1, 1, 1, 1],
        "num_res_blocks": 1,
        "attn_resolutions": [],
        "dropout": 0.0,
    }
    config = {"embed_dim": channels, "ddconfig": ddconfig}
    network = AutoencoderKL(**config)
    fill(network, seed)
    with torch.no_grad():
        network.quant_conv.weight.mul_(10)  # Stable Diffusion's latents have a spread of about 5
    return comfy.sd.VAE(sd=network.state_dict(), config={"params": config})


class EightGroups(comfy.ops.manual_cast):
    """Normalisation in 8 groups, which the tiny network of the golden numbers of LightningDrag has."""

    class GroupNorm(comfy.ops.manual_cast.GroupNorm):
        def __init__(self, num_groups, *args, **options):
            super().__init__(8, *args, **options)
