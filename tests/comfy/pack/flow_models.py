"""Tiny random flow-matching models of ComfyUI's real classes, as many kinds as its version has."""

import comfy.model_detection
import comfy.model_management
import comfy.model_patcher
import comfy.supported_models as supported
import comfyui_version
import torch

TEXT = 40
TOKENS = 6
POOLED = 24
OLD = comfyui_version.__version__ == "0.3.64"

_SD3 = {
    "in_channels": 16, "patch_size": 2, "depth": 2, "num_blocks": 4, "input_size": None, "adm_in_channels": POOLED,
    "pos_embed_scaling_factor": None, "pos_embed_max_size": 32, "num_patches": 1024, "qk_norm": "rms",
    "context_size": TEXT,
    "context_embedder_config": {"target": "torch.nn.Linear", "params": {"in_features": TEXT, "out_features": 128}},
}  # fmt: skip
_FLUX = {
    "image_model": "flux", "in_channels": 16, "out_channels": 16, "vec_in_dim": POOLED, "context_in_dim": TEXT,
    "hidden_size": 64, "mlp_ratio": 4.0, "num_heads": 4, "depth": 2, "depth_single_blocks": 3, "axes_dim": [4, 6, 6],
    "theta": 10000, "patch_size": 2, "qkv_bias": True, "guidance_embed": True,
} | ({} if OLD else {"txt_ids_dims": []})  # fmt: skip
_FLUX2 = _FLUX | {
    "image_model": "flux2", "in_channels": 128, "out_channels": 128, "patch_size": 1, "vec_in_dim": None,
    "axes_dim": [4, 4, 4, 4], "theta": 2000, "qkv_bias": False, "global_modulation": True, "mlp_silu_act": True,
    "ops_bias": False, "mlp_ratio": 3.0, "txt_ids_dims": [3], "default_ref_method": "index", "ref_index_scale": 10.0,
}  # fmt: skip
_CHROMA = _FLUX | {
    "image_model": "chroma", "in_channels": 64, "out_channels": 64, "in_dim": 64, "out_dim": 64, "hidden_dim": 48,
    "n_layers": 2,
}  # fmt: skip
for name in ("guidance_embed", *(["vec_in_dim"] if OLD else [])):
    del _CHROMA[name]
_LUMINA = {
    "image_model": "lumina2", "patch_size": 2, "in_channels": 16, "dim": 64, "n_layers": 4, "n_refiner_layers": 2,
    "n_heads": 4, "n_kv_heads": 2, "multiple_of": 16, "ffn_dim_multiplier": 2.0, "qk_norm": True, "cap_feat_dim": TEXT,
    "axes_dims": [4, 6, 6], "axes_lens": [64, 64, 64],
} | ({} if OLD else {"rope_theta": 10000.0})  # fmt: skip
_ZIMAGE = _LUMINA | {
    "dim": 256, "axes_dims": [16, 24, 24], "ffn_dim_multiplier": 1.0, "n_kv_heads": 4, "z_image_modulation": True,
    "time_scale": 1000.0, "pad_tokens_multiple": 32,
}  # fmt: skip
_QWEN = {
    "image_model": "qwen_image", "patch_size": 2, "in_channels": 64, "out_channels": 16, "num_layers": 2,
    "attention_head_dim": 16, "num_attention_heads": 4, "joint_attention_dim": TEXT, "axes_dims_rope": (4, 6, 6),
}  # fmt: skip
_WAN = {
    "image_model": "wan2.1", "model_type": "t2v", "patch_size": (1, 2, 2), "text_len": TOKENS, "in_dim": 16, "dim": 64,
    "ffn_dim": 96, "freq_dim": 32, "text_dim": TEXT, "out_dim": 16, "num_heads": 4, "num_layers": 3,
}  # fmt: skip
_HIDREAM = {
    "image_model": "hidream", "patch_size": 2, "in_channels": 16, "out_channels": 16, "num_layers": 2,
    "num_single_layers": 2, "attention_head_dim": 16, "num_attention_heads": 4, "caption_channels": [TEXT, TEXT],
    "text_emb_dim": POOLED, "num_routed_experts": 2, "num_activated_experts": 1, "axes_dims_rope": (4, 6, 6),
    "max_resolution": [64, 64], "llama_layers": [0, 1, 2, 3],
}  # fmt: skip
_AURAFLOW = {
    "dim": 64, "n_layers": 4, "n_double_layers": 2, "n_heads": 4, "global_conddim": 64, "cond_seq_dim": TEXT,
    "max_seq": 1024,
}  # fmt: skip
_OMNIGEN2 = {
    "image_model": "omnigen2", "patch_size": 2, "in_channels": 16, "hidden_size": 64, "num_layers": 3,
    "num_refiner_layers": 1, "num_attention_heads": 4, "num_kv_heads": 2, "multiple_of": 16, "ffn_dim_multiplier": None,
    "norm_eps": 1e-5, "axes_dim_rope": (4, 6, 6), "axes_lens": (64, 64, 64), "text_feat_dim": TEXT,
    "timestep_scale": 1000.0,
}  # fmt: skip

# kind -> ComfyUI's class, configuration, what its conditioning has beside the text
_ALL = {
    "sd3": ("SD3", _SD3, {"pooled"}),
    "sd35m": ("SD3", _SD3 | {"x_block_self_attn_layers": [0, 1]}, {"pooled"}),
    "auraflow": ("AuraFlow", _AURAFLOW, set()),
    "flux": ("Flux", _FLUX, {"pooled"}),
    "schnell": ("FluxSchnell", _FLUX | {"guidance_embed": False}, {"pooled"}),
    "flux2": ("Flux2", _FLUX2, set()),
    "chroma": ("Chroma", _CHROMA, {"pooled"}),
    "longcat": ("LongCatImage", _FLUX | {"vec_in_dim": None, "guidance_embed": False, "txt_ids_dims": [1, 2]}, set()),
    "qwen": ("QwenImage", _QWEN, set()),
    "lumina2": ("Lumina2", _LUMINA, {"mask"}),
    "zimage": ("ZImage", _ZIMAGE, set()),
    "wan": ("WAN21_T2V", _WAN, set()),
    "hidream": ("HiDream", _HIDREAM, {"pooled", "llama"}),
    "omnigen2": ("Omnigen2", _OMNIGEN2, {"mask"}),
}
KINDS = [kind for kind, (name, _, _) in _ALL.items() if hasattr(supported, name)]


@torch.no_grad()
def _fill(module, seed):
    """Seeded weights that keep activations near unit variance; every bias and scale counts."""
    generator = torch.Generator().manual_seed(seed)
    norms = {id(p) for m in module.modules() if "Norm" in type(m).__name__ for p in m.parameters(recurse=False)}
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if id(parameter) in norms and name.endswith("weight"):
            parameter.copy_(1 + 0.1 * noise)
        elif parameter.ndim > 1 and id(parameter) not in norms:
            parameter.copy_(noise / parameter[0].numel() ** 0.5)
        else:
            parameter.copy_(0.1 * noise)
    for name, buffer in module.named_buffers():
        if name.endswith("pos_embed"):
            buffer.copy_(0.5 * torch.randn(buffer.shape, generator=generator))


def model_patcher(kind, seed, dtype=torch.float32, disable_dynamic=False):
    """The MODEL of a tiny network; also its own reload function, which deep copies in newer versions call."""
    name, settings, _ = _ALL[kind]
    config = getattr(supported, name)(dict(settings))
    config.set_inference_dtype(dtype, None)
    model = config.get_model({}, "", device=torch.device("cpu"))
    _fill(model.diffusion_model, seed)
    device = comfy.model_management.get_torch_device()
    patcher = comfy.model_patcher.ModelPatcher(model, device, comfy.model_management.unet_offload_device())
    patcher.cached_patcher_init = (model_patcher, (kind, seed, dtype))
    return patcher


def from_diffusers(kind, weights):
    """The MODEL of a tiny network with diffusers' weights by diffusers' names, of "flux", "sd3" or "qwen"."""
    name, settings, _ = _ALL[kind]
    if kind == "sd3":
        settings = settings | {"num_blocks": 2, "adm_in_channels": 2 * POOLED}
    config = getattr(supported, name)(dict(settings))
    config.set_inference_dtype(torch.float32, None)
    model = config.get_model({}, "", device=torch.device("cpu"))
    # Qwen-Image has the same names
    converted = comfy.model_detection.convert_diffusers_mmdit(dict(weights)) or weights
    model.diffusion_model.load_state_dict(converted)
    device = comfy.model_management.get_torch_device()
    return comfy.model_patcher.ModelPatcher(model, device, comfy.model_management.unet_offload_device())


def conditioning(kind, seed, tokens=TOKENS):
    """A CONDITIONING of random tokens, with what else the kind wants."""
    generator = torch.Generator().manual_seed(seed)
    wants, options = _ALL[kind][2], {}
    text = 2 * torch.randn(1, tokens, TEXT, generator=generator)
    if "pooled" in wants:
        options["pooled_output"] = torch.randn(1, POOLED, generator=generator)
    if "mask" in wants:
        options["attention_mask"] = torch.ones(1, tokens, dtype=torch.long)
    if "llama" in wants:
        options["conditioning_llama3"] = torch.randn(1, 4, 5, TEXT, generator=generator)
    return [[text, options]]


def latent(model, columns, rows, batch, seed):
    """LATENT samples of smooth content, of nearly unit variance inside the model."""
    form = model.get_model_object("latent_format")
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(batch, form.latent_channels, rows // 4 + 1, columns // 4 + 1, generator=generator)
    cells = torch.nn.functional.interpolate(coarse, (rows, columns), mode="bicubic")
    return model.model.process_latent_out(cells if form.latent_dimensions == 2 else cells[:, :, None])
