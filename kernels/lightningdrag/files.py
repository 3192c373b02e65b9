"""The files of LightningDrag: the published four, whose tensors are named by number, and DragKit's own, which holds all
of them under the names of the UNet's transformer blocks (diffusers naming)."""

from dataclasses import dataclass, field

from ..diffusion.sd15_unet import LAYERS, transformer_blocks, unet_shapes
from ..diffusion.state_dicts import misfit_shapes, within
from .embedding import PointEmbeddingError
from .embedding import build as build_point_embedding
from .image_tokens import ImageTokensError
from .image_tokens import build as build_image_projection

FORMAT = "dragkit.lightningdrag"
POINTS = ("norm.weight", "norm.bias", "proj.weight")
IMAGE_TOKENS = ("to_k_ip.weight", "to_v_ip.weight")
# a layer that tells the channels of the text
TEXT = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight"
# what is what, by tensors that only it has
KINDS = {
    "attention weights": "0.proj.weight",
    "point embedding": "downsample_blocks_vae.0.conv1.weight",
    "IP-Adapter": "image_proj.proj.weight",
    "appearance encoder": "time_embedding.linear_1.weight",
}


class LightningDragError(ValueError):
    """Weights that are not LightningDrag's or do not belong together; the message says what is wrong."""


@dataclass(frozen=True)
class LightningDragWeights:
    """State dicts: of the PointEmbedding; of each transformer block's points and image tokens, by its diffusers name;
    of the ImageProjection; of the appearance encoder (diffusers names, without what follows its last self-attention);
    of what the inpainting UNet itself learned, as weight_deltas to the demo model's (the published one is used with
    any). All but the first two are empty where a model was trained without them."""

    point_embedding: dict
    points: dict
    image_tokens: dict = field(default_factory=dict)
    image_proj: dict = field(default_factory=dict)
    appearance: dict = field(default_factory=dict)
    unet: dict = field(default_factory=dict)


def flat(weights):
    """A state dict with one level of nesting, as ip-adapter_sd15.bin has, without it."""
    found = {}
    for key, value in weights.items():
        found |= {f"{key}.{name}": one for name, one in value.items()} if isinstance(value, dict) else {key: value}
    return found


def kind_of(weights):
    """Which of KINDS the published file with these (flat) tensors is; None if none of them."""
    return next((kind for kind, key in KINDS.items() if key in weights), None)


def appearance_shapes(widths, context):
    """{name: shape} of an appearance encoder: a UNet of 4 channels that ends at its last self-attention."""
    last = f"up_blocks.{len(widths) - 1}.attentions.{LAYERS}."
    kept = (f"{last}norm.", f"{last}proj_in.", f"{last}transformer_blocks.0.norm1.")
    return {
        name: shape
        for name, shape in unet_shapes(widths, 4, context).items()
        if not name.startswith(("conv_norm_out.", "conv_out.")) and (not name.startswith(last) or name.startswith(kept))
    }


def check_appearance(weights, name):
    """Channels per level and of the text of an appearance encoder; LightningDragError names the file."""
    if KINDS["appearance encoder"] not in weights:
        raise LightningDragError(f"{name} is no appearance encoder of LightningDrag: it has no time embedding")
    widths = []
    while (key := f"down_blocks.{len(widths)}.resnets.0.conv1.weight") in weights:
        widths.append(weights[key].shape[0])
    context = weights[TEXT].shape[1] if TEXT in weights else 0
    if problem := misfit_shapes(weights, appearance_shapes(widths, context) if widths else {}):
        raise LightningDragError(f"{name} is no appearance encoder of LightningDrag: {problem}")
    return widths, context


def _checked_embedding(weights, levels, name):
    """The PointEmbedding of a UNet with so many levels; LightningDragError names the file."""
    network = _checked(build_point_embedding, weights, name)
    if (found := len(network.downsample_blocks_unet) + 1) != levels:
        raise LightningDragError(
            f"{name} has a point embedding of {found} levels, but the appearance encoder has {levels}"
        )
    return network


def attention_shapes(blocks, widths, embedding, context):
    """Those of the published attention weights: even numbers are points, odd ones image tokens."""
    shapes = {}
    for i, block in enumerate(blocks):
        # of the middle block, the grid is that of the last level
        level = len(widths) - 1 if block.startswith("mid") else int(block.split(".")[1])
        level = len(widths) - 1 - level if block.startswith("up") else level
        width, points = widths[level], embedding << level
        shapes |= {f"{2 * i}.norm.{part}": [points] for part in ("weight", "bias")}
        shapes[f"{2 * i}.proj.weight"] = [width, points]
        shapes |= {f"{2 * i + 1}.{part}": [width, context] for part in IMAGE_TOKENS}
    return shapes


def from_published(attention, point_embedding, ip_adapter, appearance, names):
    """LightningDragWeights of the four published files (flat state dicts); `names` are four for messages, in the same
    order. Every key and shape is checked; LightningDragError names the file that is not what it should be."""
    widths, context = check_appearance(appearance, names[3])
    embedding = _checked_embedding(point_embedding, len(widths), names[1]).conv_in.weight.shape[0]
    blocks = transformer_blocks(len(widths))
    # level 0 has 8 * embed_dim channels, of which conv_in has 2
    expected = attention_shapes(blocks, widths, 4 * embedding, context)
    if problem := misfit_shapes(attention, expected):
        raise LightningDragError(f"{names[0]} is not LightningDrag's attention weights: {problem}")
    numbered = within(ip_adapter, "ip_adapter.")
    odd = {key: shape for key, shape in expected.items() if key.endswith(IMAGE_TOKENS)}
    if problem := misfit_shapes(numbered, odd):
        raise LightningDragError(f"{names[2]} is no IP-Adapter for SD1.5: {problem}")
    image_proj = within(ip_adapter, "image_proj.")
    _checked(build_image_projection, image_proj, names[2])
    # IP-Adapter's image tokens take the place of those beside the points, as in the published code
    merged = attention | numbered
    return LightningDragWeights(
        point_embedding,
        {block: {part: merged[f"{2 * i}.{part}"] for part in POINTS} for i, block in enumerate(blocks)},
        {block: {part: merged[f"{2 * i + 1}.{part}"] for part in IMAGE_TOKENS} for i, block in enumerate(blocks)},
        image_proj,
        appearance,
    )


def check_model(weights, widths, name, context=None):
    """Raises LightningDragError unless the weights are for a model with transformer blocks `widths` {block: channels},
    diffusers names, and text of `context` channels (None: any)."""
    end = ".transformer_blocks.0.norm1.weight"
    parts = (
        {block: one["proj.weight"].shape[0] for block, one in weights.points.items()},
        {block: one["to_k_ip.weight"].shape[0] for block, one in weights.image_tokens.items()},
        {key[: -len(".norm1.weight")]: len(one) for key, one in weights.appearance.items() if key.endswith(end)},
    )
    for blocks in filter(None, parts):
        for block in {**widths, **blocks}:
            if blocks.get(block) != widths.get(block):
                here, there = (
                    f"{found[block]} channels in block {block}" if block in found else f"no block {block}"
                    for found in (widths, blocks)
                )
                raise LightningDragError(f"{name} is for another model: the model has {here}, the file has {there}")
    if context is not None and TEXT in weights.appearance and weights.appearance[TEXT].shape[1] != context:
        raise LightningDragError(
            f"{name} is for another model: the model's text has {context} channels, the file's "
            f"{weights.appearance[TEXT].shape[1]}"
        )


def _checked(build, weights, name):
    try:
        return build(weights, name)
    except (PointEmbeddingError, ImageTokensError) as error:
        raise LightningDragError(str(error)) from error


def pack(weights):
    """LightningDragWeights as the tensors of one file, whose metadata says "format": FORMAT."""
    found = {f"point_embedding.{key}": value for key, value in weights.point_embedding.items()}
    for part, blocks in (("points", weights.points), ("image_tokens", weights.image_tokens)):
        for block, tensors in blocks.items():
            found |= {f"{part}.{block}.{key}": value for key, value in tensors.items()}
    for part in ("image_proj", "appearance", "unet"):
        found |= {f"{part}.{key}": value for key, value in getattr(weights, part).items()}
    return found


def _by_block(weights, parts, name, what):
    blocks = {}
    for key, value in weights.items():
        part = next((part for part in parts if key.endswith(f".{part}")), None)
        if part is None:
            raise LightningDragError(f"{name} holds {what}.{key}, which does not belong there")
        blocks.setdefault(key.removesuffix(f".{part}"), {})[part] = value
    for block, tensors in blocks.items():
        if missing := [part for part in parts if part not in tensors]:
            raise LightningDragError(f"{name} is incomplete: {what}.{block}.{missing[0]} is missing")
    return blocks


def unpack(tensors, metadata, name):
    """LightningDragWeights of the tensors and metadata of DragKit's own file; LightningDragError names the file."""
    if (metadata or {}).get("format") != FORMAT:
        kind = kind_of(tensors)
        found = f"it is LightningDrag's published {kind}" if kind else "it has another format"
        raise LightningDragError(
            f"{name} is no file of `dragkit convert-lightningdrag`: {found}; convert the published files first"
        )
    parts = ("point_embedding", "points", "image_tokens", "image_proj", "appearance", "unet")
    if strange := [key for key in tensors if key.partition(".")[0] not in parts]:
        raise LightningDragError(f"{name} holds {strange[0]}, which does not belong there")
    weights = LightningDragWeights(
        within(tensors, "point_embedding."),
        _by_block(within(tensors, "points."), POINTS, name, "points"),
        _by_block(within(tensors, "image_tokens."), IMAGE_TOKENS, name, "image_tokens"),
        within(tensors, "image_proj."),
        within(tensors, "appearance."),
        within(tensors, "unet."),
    )
    if weights.appearance:
        widths, _ = check_appearance(weights.appearance, name)
        _checked_embedding(weights.point_embedding, len(widths), name)
    else:
        _checked(build_point_embedding, weights.point_embedding, name)
    if not weights.points:
        raise LightningDragError(f"{name} is incomplete: it has no points for any transformer block")
    if weights.image_proj:
        _checked(build_image_projection, weights.image_proj, name)
    return weights
