"""Tiny random edit models of the real classes: flow-matching transformers that take reference latents."""

import inspect

import comfy.ldm.flux.model
import comfy.model_management
import comfy.model_patcher
import comfy.supported_models
import torch

from .models import fill

TEXT, POOLED = 40, 24
FLUX = {
    "image_model": "flux",
    "in_channels": 16,
    "out_channels": 16,
    "vec_in_dim": POOLED,
    "context_in_dim": TEXT,
    "hidden_size": 64,
    "mlp_ratio": 4.0,
    "num_heads": 4,
    "depth": 1,
    "depth_single_blocks": 1,
    "axes_dim": [4, 6, 6],
    "theta": 10000,
    "patch_size": 2,
    "qkv_bias": True,
    "guidance_embed": True,
    "txt_ids_dims": [],
}
CONFIGS = {
    "flux": ("Flux", FLUX),
    "flux2": (
        "Flux2",
        FLUX
        | {
            "image_model": "flux2",
            "in_channels": 128,
            "out_channels": 128,
            "patch_size": 1,
            "vec_in_dim": None,
            "axes_dim": [4, 4, 4, 4],
            "theta": 2000,
            "qkv_bias": False,
            "global_modulation": True,
            "mlp_silu_act": True,
            "ops_bias": False,
            "mlp_ratio": 3.0,
            "txt_ids_dims": [3],
            "default_ref_method": "index",
            "ref_index_scale": 10.0,
        },
    ),
    "qwen": (
        "QwenImage",
        {
            "image_model": "qwen_image",
            "patch_size": 2,
            "in_channels": 64,
            "out_channels": 16,
            "num_layers": 2,
            "attention_head_dim": 16,
            "num_attention_heads": 4,
            "joint_attention_dim": TEXT,
            "axes_dims_rope": (4, 6, 6),
        },
    ),
    "longcat": ("LongCatImage", FLUX | {"vec_in_dim": None, "guidance_embed": False, "txt_ids_dims": [1, 2]}),
    "zimage": (
        "ZImage",
        {
            "image_model": "lumina2",
            "patch_size": 2,
            "in_channels": 16,
            # what modulates is 256 wide
            "dim": 256,
            "n_layers": 2,
            "n_refiner_layers": 1,
            "n_heads": 4,
            "n_kv_heads": 4,
            "multiple_of": 16,
            "ffn_dim_multiplier": 1.0,
            "qk_norm": True,
            "cap_feat_dim": TEXT,
            "axes_dims": [16, 24, 24],
            "axes_lens": [64, 64, 64],
            "rope_theta": 10000.0,
            "z_image_modulation": True,
            "time_scale": 1000.0,
            "pad_tokens_multiple": 32,
        },
    ),
    "omnigen2": (
        "Omnigen2",
        {
            "image_model": "omnigen2",
            "patch_size": 2,
            "in_channels": 16,
            "hidden_size": 64,
            "num_layers": 2,
            "num_refiner_layers": 1,
            "num_attention_heads": 4,
            "num_kv_heads": 2,
            "multiple_of": 16,
            "ffn_dim_multiplier": None,
            "norm_eps": 1e-5,
            "axes_dim_rope": (4, 6, 6),
            "axes_lens": (64, 64, 64),
            "text_feat_dim": TEXT,
            "timestep_scale": 1000.0,
        },
    ),
}
KINDS = [kind for kind, (name, _) in CONFIGS.items() if hasattr(comfy.supported_models, name)]


def model_patcher(kind, seed, disable_dynamic=False):
    """The MODEL of a tiny checkpoint; also its own reload function, which deep copies in newer versions call."""
    name, config = CONFIGS[kind]
    # 0.3.64 knows no positions of the text
    known = inspect.signature(comfy.ldm.flux.model.FluxParams).parameters
    config = {key: value for key, value in config.items() if key != "txt_ids_dims" or key in known}
    config = getattr(comfy.supported_models, name)(config)
    config.set_inference_dtype(torch.float32, None)
    model = config.get_model({}, "", device=torch.device("cpu"))
    fill(model.diffusion_model, seed)
    device = comfy.model_management.get_torch_device()
    patcher = comfy.model_patcher.ModelPatcher(model, device, comfy.model_management.unet_offload_device())
    patcher.cached_patcher_init = (model_patcher, (kind, seed))
    return patcher


def conditioning(kind, seed):
    """A CONDITIONING of six random tokens, with what the kind wants beside them."""
    generator = torch.Generator().manual_seed(seed)
    extra = {
        "flux": {"pooled_output": torch.randn(1, POOLED, generator=generator), "guidance": 2.5},
        "flux2": {"guidance": 2.5},
        "omnigen2": {"attention_mask": torch.ones(1, 6, dtype=torch.long)},
    }
    return [[torch.randn(1, 6, TEXT, generator=generator), extra.get(kind, {})]]


class CellVAE:
    """Has the means of cells as latents of a kind, and gives them back."""

    def __init__(self, kind):
        self.kind, self.cell = kind, 16 if kind == "flux2" else 8
        self.latent_channels = 128 if kind == "flux2" else 16

    def spacial_compression_encode(self):
        return self.cell

    def encode(self, pixels):
        means = torch.nn.functional.avg_pool2d(2 * pixels[..., :3].movedim(-1, 1) - 1, self.cell)
        latent = means.repeat(1, self.latent_channels // 3 + 1, 1, 1)[:, : self.latent_channels]
        return latent[:, :, None] if self.kind == "qwen" else latent

    def decode(self, latent):
        means = latent[:, :3, 0] if latent.ndim == 5 else latent[:, :3]
        large = means.repeat_interleave(self.cell, -1).repeat_interleave(self.cell, -2)
        return (large.movedim(1, -1) / 2 + 0.5).clamp(0, 1)
