"""Random networks of the published sizes, of the classes that ComfyUI has for their files."""

import sys

import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.supported_models
import torch

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
SD15 = {
    "in_channels": 4, "out_channels": 4, "model_channels": 320, "channel_mult": [1, 2, 4, 4],
    "num_res_blocks": [2, 2, 2, 2], "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0], "transformer_depth_middle": 1,
    "use_linear_in_transformer": False, "context_dim": 768, "adm_in_channels": None, "use_spatial_transformer": True,
    "legacy": False, "use_checkpoint": False, "image_size": 32, "use_temporal_resblock": False,
    "use_temporal_attention": False,
}  # fmt: skip
SDXL = SD15 | {
    "channel_mult": [1, 2, 4], "num_res_blocks": [2, 2, 2], "transformer_depth": [0, 0, 2, 2, 10, 10],
    "transformer_depth_output": [0, 0, 0, 2, 2, 2, 10, 10, 10], "transformer_depth_middle": 10,
    "use_linear_in_transformer": True, "context_dim": 2048, "adm_in_channels": 2816, "num_classes": "sequential",
}  # fmt: skip
# the layout with few channels, for the CPU
FEW = {"model_channels": 64, "channel_mult": [1, 1, 2, 2]}
FEW_SDXL = {"model_channels": 64, "channel_mult": [1, 1, 2]} | {
    "transformer_depth": [0, 0, 1, 1, 2, 2], "transformer_depth_output": [0, 0, 0, 1, 1, 1, 2, 2, 2],
    "transformer_depth_middle": 2,
}  # fmt: skip


# of the kind of Stable Diffusion 3, small
DIT = {
    "in_channels": 16, "patch_size": 2, "depth": 4, "num_blocks": 4, "input_size": None, "adm_in_channels": 2048,
    "pos_embed_scaling_factor": None, "pos_embed_max_size": 64, "num_patches": 4096, "qk_norm": "rms",
    "context_size": 256, "context_embedder_config": {
        "target": "torch.nn.Linear", "params": {"in_features": 256, "out_features": 256}
    },
}  # fmt: skip


def of_dragkit(name):
    """A module of DragKit, under the name by which ComfyUI loaded it."""
    return next(module for path, module in sys.modules.items() if path.endswith(f"dragkit.{name}"))


def _flow_diffusion(config):
    found = comfy.supported_models.SD15_instructpix2pix(config)
    found.get_model = lambda state, prefix="", device=None: of_dragkit(
        "nodes.instantdrag.flow_diffusion"
    ).FlowDiffusion(found, device=device)
    return found


# {kind: (layout, what a small one has in its place, ComfyUI's configuration)}
KINDS = {
    "SD1.5": (SD15, FEW, comfy.supported_models.SD15),
    "SDXL": (SDXL, FEW_SDXL, comfy.supported_models.SDXL),
    "SD1.5 inpainting": (SD15 | {"in_channels": 9}, FEW, comfy.supported_models.SD15),
    "FlowDiffusion": (SD15 | {"in_channels": 10}, FEW, _flow_diffusion),
    "DiT": (DIT, {}, comfy.supported_models.SD3),
}


def configuration(kind, whole):
    layout, few, make = KINDS[kind]
    return make(layout | ({} if whole else few))


@torch.no_grad()
def fill(network, device):
    """The same weights in every precision, of a size that keeps activations finite; drawn where it is fast."""
    generator = torch.Generator(device if device.type == "cuda" else "cpu").manual_seed(0)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            parameter.fill_(0.5)
            continue
        bound = (3 / parameter[0].numel()) ** 0.5
        drawn = torch.empty(parameter.shape, device=generator.device).uniform_(-bound, bound, generator=generator)
        parameter.copy_(drawn)
    # a DiT's table of positions, which is part of its file
    for buffer in network.buffers():
        buffer.zero_()


def model_of(kind, whole, precision, disable_dynamic=False):
    """MODEL of one of KINDS with random weights; also what newer ComfyUI versions call for a copy."""
    config = configuration(kind, whole)
    config.set_inference_dtype(DTYPES[precision], None)
    device = comfy.model_management.get_torch_device()
    model = config.get_model({}, "", device=torch.device("cpu"))
    fill(model.diffusion_model, device)
    patcher = comfy.model_patcher.ModelPatcher(model, device, comfy.model_management.unet_offload_device())
    patcher.cached_patcher_init = (model_of, (kind, whole, precision))
    return patcher


def conditioning(kind):
    """An empty CONDITIONING of the size of a kind."""
    layout, pooled = KINDS[kind][0], {"SDXL": 1280, "DiT": DIT["adm_in_channels"]}.get(kind)
    extra = {"pooled_output": torch.zeros(1, pooled)} if pooled else {}
    return [[torch.zeros(1, 77, layout.get("context_dim") or layout["context_size"]), extra]]


def _drawn(shapes):
    """Random weights of {name: shape}, of a size that keeps activations finite."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.ones(shape) if len(shape) == 1 else torch.randn(shape, generator=generator)
        * torch.Size(shape[1:]).numel() ** -0.5 for name, shape in shapes.items()
    }  # fmt: skip


def lightning_drag(whole):
    """LIGHTNING_DRAG of random weights that have the published names and shapes, for the layout of SD1.5."""
    files, sd15, embedding, image_tokens, load = map(
        of_dragkit,
        ("kernels.lightningdrag.files", "kernels.diffusion.sd15_unet", "kernels.lightningdrag.embedding",
         "kernels.lightningdrag.image_tokens", "nodes.lightningdrag.load"),
    )  # fmt: skip
    layout = SD15 | ({} if whole else FEW)
    widths = [layout["model_channels"] * factor for factor in layout["channel_mult"]]
    context, first = layout["context_dim"], 16
    attention = files.attention_shapes(sd15.transformer_blocks(), widths, 8 * first, context)
    projection = image_tokens.ImageProjection(1024, context).state_dict()
    adapter = {
        f"ip_adapter.{name}": one for name, one in _drawn(attention).items() if name.endswith(files.IMAGE_TOKENS)
    }
    weights = files.from_published(
        _drawn(attention),
        embedding.PointEmbedding(first).state_dict(),
        adapter | {f"image_proj.{name}": one for name, one in projection.items()},
        _drawn(files.appearance_shapes(widths, context)),
        ["random weights"] * 4,
    )
    return load.LightningDrag(weights, "random weights")
