"""Tiny random pipelines of diffusers."""

import json

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer


def tokenizer(folder, pad):
    vocabulary = {f"{i}</w>": i for i in range(49406)} | {"<|startoftext|>": 49406, "<|endoftext|>": 49407}
    vocabulary = {pad if i == 0 and pad == "!" else word: i for word, i in vocabulary.items()}
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, pad_token=pad, model_max_length=77)


def text_config(width):
    return CLIPTextConfig(
        hidden_size=width, intermediate_size=2 * width, num_hidden_layers=3, num_attention_heads=4, projection_dim=24,
        bos_token_id=0, eos_token_id=2, pad_token_id=1,
    )  # fmt: skip


def unet(context, **more):
    model = UNet2DConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=8, cross_attention_dim=context, sample_size=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        **more,
    )  # fmt: skip
    # random networks change with their input so fast that no inversion converges
    model.conv_out.weight.data *= 0.1
    return model


def vae(scaling_factor):
    return AutoencoderKL(
        block_out_channels=(16, 16, 32), layers_per_block=1, norm_num_groups=8, latent_channels=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
        scaling_factor=scaling_factor,
    )  # fmt: skip


def scheduler(**more):
    more = {"clip_sample": False, "steps_offset": 1} | more
    return DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, **more)


def small_pipeline(folder, channels=4, **schedule):
    """An SD pipeline saved in folder."""
    torch.manual_seed(0)
    unused = dict.fromkeys(["safety_checker", "feature_extractor"])
    StableDiffusionPipeline(
        unet=unet(32, attention_head_dim=4, in_channels=channels), vae=vae(0.7),
        text_encoder=CLIPTextModel(text_config(32)),
        tokenizer=tokenizer(folder.with_suffix(".vocabulary"), "<|endoftext|>"), scheduler=scheduler(**schedule),
        requires_safety_checker=False, **unused,
    ).save_pretrained(folder)  # fmt: skip
    return folder
