"""UNets of SD1.5's layout as ComfyUI holds them: made from weights in either naming, and their transformer blocks."""

import comfy.model_detection
import comfy.model_management
import comfy.utils
from comfy.ldm.modules.attention import SpatialTransformer

from ..kernels.diffusion.sd15_unet import ldm_block, transformer_blocks
from ..kernels.diffusion.state_dicts import misfit
from .model_files import on_device


def from_diffusers(weights):
    """The weights of a diffusers UNet under the names ComfyUI has for them."""

    def count(prefix):
        return comfy.model_detection.count_blocks(weights, prefix + "{}.")

    def depths(part):
        return [
            count(f"{part}.{level}.attentions.{i}.transformer_blocks.")
            for level in range(count(f"{part}."))
            for i in range(count(f"{part}.{level}.resnets."))
        ]

    levels = count("down_blocks.")
    names = comfy.utils.unet_to_diffusers(
        {
            "num_res_blocks": [count(f"down_blocks.{level}.resnets.") for level in range(levels)],
            "channel_mult": [None] * levels,
            "transformer_depth": depths("down_blocks"),
            "transformer_depth_output": depths("up_blocks")[::-1],
            "transformer_depth_middle": count("mid_block.attentions.0.transformer_blocks."),
        }
    )
    return {names.get(name, name): value for name, value in weights.items()}


def sd15_patcher(weights, what, make_config, heads=8):
    """MODEL of a UNet's weights under ComfyUI's names, by make_config(unet_config); ValueError begins with `what`."""
    try:
        config = make_config(comfy.model_detection.detect_unet_config(weights, ""))
    except (KeyError, IndexError) as error:
        raise ValueError(f"{what}: it holds a part of a UNet, {error} is missing") from error
    config.unet_config["num_heads"] = heads
    dtype = comfy.model_management.unet_dtype(
        model_params=comfy.utils.calculate_parameters(weights),
        supported_dtypes=list(config.supported_inference_dtypes),
        weight_dtype=comfy.utils.weight_dtype(weights),
    )
    device = comfy.model_management.get_torch_device()
    cast = comfy.model_management.unet_manual_cast(dtype, device, config.supported_inference_dtypes)
    config.set_inference_dtype(dtype, cast)
    model = config.get_model({}, device=comfy.model_management.unet_offload_device())
    if problem := misfit(weights, model.diffusion_model):
        raise ValueError(f"{what}: it is no UNet of SD1.5's kind, {problem}")
    model.diffusion_model.load_state_dict(weights)
    return on_device(model)


def attention_blocks(diffusion_model):
    """{(type, number, index): transformer block} as attention patches name them; {} for networks of other kinds."""
    found = {}
    for kind, parts in (("input", "input_blocks"), ("middle", "middle_block"), ("output", "output_blocks")):
        blocks = getattr(diffusion_model, parts, ())
        for number, block in enumerate([blocks] if kind == "middle" else blocks):
            for layer in block if hasattr(block, "__iter__") else ():
                if isinstance(layer, SpatialTransformer):
                    found |= {(kind, number, i): one for i, one in enumerate(layer.transformer_blocks)}
    return found


def named_blocks(diffusion_model):
    """{diffusers name: (key, transformer block)} of a network of SD1.5's layout; None for any other."""
    blocks = attention_blocks(diffusion_model)
    levels = sum(hasattr(one, "op") for block in getattr(diffusion_model, "input_blocks", ()) for one in block) + 1
    names = {name: ldm_block(name) for name in transformer_blocks(levels)}
    if set(names.values()) != set(blocks):
        return None
    return {name: (key, blocks[key]) for name, key in names.items()}
