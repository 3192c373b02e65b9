"""Tiny random pipelines of diffusers for flow matching: FLUX.1, Stable Diffusion 3, Qwen-Image."""

import json

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)
from transformers import (
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from .pipelines import text_config, tokenizer

TEXT, POOLED = 40, 24


def filled(network, seed=0):
    """The network with weights that keep activations near unit variance; every bias and scale counts."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in network.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim > 1:
            parameter.data = noise / parameter[0].numel() ** 0.5
        else:
            parameter.data = (1 if "norm" in name and name.endswith("weight") else 0) + 0.1 * noise
    return network.eval().requires_grad_(False)


def flux():
    return filled(FluxTransformer2DModel(
        in_channels=64, num_layers=2, num_single_layers=3, attention_head_dim=16, num_attention_heads=4,
        joint_attention_dim=TEXT, pooled_projection_dim=POOLED, guidance_embeds=True, axes_dims_rope=(4, 6, 6),
    ))  # fmt: skip


def sd3():
    return filled(SD3Transformer2DModel(
        sample_size=32, in_channels=16, num_layers=2, attention_head_dim=64, num_attention_heads=2, qk_norm="rms_norm",
        joint_attention_dim=TEXT, caption_projection_dim=128, pooled_projection_dim=2 * POOLED, pos_embed_max_size=32,
    ))  # fmt: skip


def qwen():
    return filled(QwenImageTransformer2DModel(
        in_channels=64, out_channels=16, num_layers=2, attention_head_dim=16, num_attention_heads=4,
        joint_attention_dim=TEXT, axes_dims_rope=(4, 6, 6),
    ))  # fmt: skip


def _vae():
    torch.manual_seed(0)
    return AutoencoderKL(
        block_out_channels=(16, 16, 16, 32), layers_per_block=1, norm_num_groups=8, latent_channels=16, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, scaling_factor=0.36,
        shift_factor=0.11, use_quant_conv=False, use_post_quant_conv=False,
    )  # fmt: skip


def _t5():
    """A tokenizer of single letters, and an encoder."""
    letters = [(letter, -2.0) for letter in "▁abcdefghijklmnopqrstuvwxyz"]
    words = T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *letters], extra_ids=0)
    config = T5Config(vocab_size=40, d_model=TEXT, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    return words, T5EncoderModel(config)


def _clip(folder, name, kind=CLIPTextModel, width=POOLED):
    return tokenizer(folder.with_suffix(f".{name}"), "<|endoftext|>"), kind(text_config(width))


def _save_flux(folder):
    words, encoder = _clip(folder, "clip")
    more_words, more = _t5()
    return FluxPipeline(
        FlowMatchEulerDiscreteScheduler(), _vae(), encoder, words, more, more_words, flux()
    )  # fmt: skip


def _save_sd3(folder):
    words, encoder = _clip(folder, "clip", CLIPTextModelWithProjection, 20)
    others, other = _clip(folder, "clip2", CLIPTextModelWithProjection, 20)
    more_words, more = _t5()
    return StableDiffusion3Pipeline(
        sd3(), FlowMatchEulerDiscreteScheduler(shift=3.0), _vae(), encoder, words, other, others, more, more_words
    )


def _save_qwen(folder):
    place = folder.with_suffix(".qwen")
    place.mkdir()
    # bytes as GPT-2 writes them
    letters = [chr(i) for i in range(33, 127)] + ["Ġ", "Ċ"]
    (place / "vocab.json").write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    (place / "merges.txt").write_text("#version: 0.2\n")
    words = Qwen2Tokenizer.from_pretrained(place)
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": 200, "hidden_size": TEXT, "intermediate_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "num_key_value_heads": 2,
            "rope_scaling": {"type": "mrope", "mrope_section": [2, 4, 4]},
        },
        vision_config={"depth": 1, "hidden_size": 16, "num_heads": 2, "out_hidden_size": TEXT, "intermediate_size": 16},
    )  # fmt: skip
    vae = AutoencoderKLQwenImage(base_dim=8, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    return QwenImagePipeline(
        FlowMatchEulerDiscreteScheduler(), vae, Qwen2_5_VLForConditionalGeneration(config), words, qwen()
    )  # fmt: skip


KINDS = {"flux": _save_flux, "sd3": _save_sd3, "qwen": _save_qwen}


def flow_pipeline(folder, kind):
    """A tiny pipeline of KINDS saved in folder."""
    torch.manual_seed(0)
    KINDS[kind](folder).save_pretrained(folder)
    return folder
