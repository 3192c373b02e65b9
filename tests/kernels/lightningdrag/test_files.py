"""LightningDrag's files: the published four recognised and checked, and DragKit's own one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from dragkit.kernels.diffusion.sd15_unet import ldm_block, transformer_blocks, unet_shapes
from dragkit.kernels.lightningdrag.embedding import PointEmbedding
from dragkit.kernels.lightningdrag.files import (
    FORMAT,
    LightningDragError,
    appearance_shapes,
    check_model,
    flat,
    from_published,
    kind_of,
    pack,
    unpack,
)

GOLDEN = Path(__file__).parents[2] / "golden"
INDEX = json.loads((GOLDEN / "lightningdrag_attn_index_map.json").read_text())
NAMES = ("attn.bin", "points.pt", "ip.bin", "appearance.safetensors")
WIDTHS, CONTEXT, EMBEDDING = (4, 8, 12, 16), 6, 2


def empty(shapes):
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def published(widths=WIDTHS, context=CONTEXT, embed_dim=EMBEDDING):
    """The four published files at any size, with the published names."""
    with torch.device("meta"):
        points = PointEmbedding(embed_dim).state_dict()
    levels = [0, 0, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1, 0, 0, 0, 3]
    attention = {}
    for i, level in enumerate(levels):
        attention |= {f"{2 * i}.norm.{part}": [8 * embed_dim << level] for part in ("weight", "bias")}
        attention[f"{2 * i}.proj.weight"] = [widths[level], 8 * embed_dim << level]
        attention |= {f"{2 * i + 1}.to_{part}_ip.weight": [widths[level], context] for part in "kv"}
    odd = {name: shape for name, shape in attention.items() if "_ip" in name}
    projection = {"proj.weight": [4 * context, 5], "proj.bias": [4 * context], "norm.weight": [context]}
    projection["norm.bias"] = [context]
    ip = {"image_proj": {k: torch.rand(v) for k, v in projection.items()}, "ip_adapter": empty(odd)}
    return [empty(attention), points, flat(ip), empty(appearance_shapes(widths, context))], attention


def test_the_blocks_are_the_published_ones_in_both_namings():
    named = [INDEX["index_to_processor"][str(i)] for i in range(0, 32, 2)]
    assert [f"{block}.attn1.processor" for block in transformer_blocks()] == named
    places = [ldm_block(block) for block in transformer_blocks()]
    assert places[:6] == [("input", i, 0) for i in (1, 2, 4, 5, 7, 8)]
    assert places[6:] == [*(("output", i, 0) for i in range(3, 12)), ("middle", 0, 0)]


def test_the_shapes_are_the_published_ones():
    files, attention = published((320, 640, 1280, 1280), 768, 16)
    assert attention == INDEX["state_dict"]
    # 857,066,560 parameters of the published appearance encoder
    assert sum(value.numel() for value in files[3].values()) == 857_066_560
    weights = from_published(*files, NAMES)
    assert list(weights.points) == transformer_blocks()
    assert weights.points["mid_block.attentions.0.transformer_blocks.0"]["proj.weight"].shape == (1280, 1024)


def test_the_files_are_recognised_and_the_one_file_brings_them_back():
    files, _ = published()
    kinds = ["attention weights", "point embedding", "IP-Adapter", "appearance encoder"]
    assert [kind_of(one) for one in files] == kinds and kind_of({"x": None}) is None
    weights = from_published(*files, NAMES)
    again = unpack(pack(weights), {"format": FORMAT}, "one.safetensors")
    assert again == weights
    # IP-Adapter's image tokens win
    first = weights.image_tokens["down_blocks.0.attentions.0.transformer_blocks.0"]["to_k_ip.weight"]
    assert first is files[2]["ip_adapter.1.to_k_ip.weight"]


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (0, {"0.proj.weight": None}, "attn.bin is not LightningDrag's attention weights: 0.proj.weight is missing"),
        (0, {"32.norm.weight": [3]}, "attn.bin is not .*: 32.norm.weight .3. does not belong there"),
        (0, {"30.norm.weight": [64]}, r"attn.bin is not .*: 30.norm.weight is \[64\] instead of \[128\]"),
        (1, {"conv_in.weight": None}, "points.pt is no point embedding of LightningDrag"),
        (
            1,
            {f"downsample_blocks_unet.2.conv{i}.weight": None for i in (1, 2)},
            "points.pt has a point embedding of 3 levels, but the appearance encoder has 4",
        ),
        (2, {"ip_adapter.1.to_k_ip.weight": None}, "ip.bin is no IP-Adapter for SD1.5: 1.to_k_ip.weight is missing"),
        (2, {"image_proj.proj.weight": None, "image_proj.latents": [1]}, "ip.bin has no image projection"),
        (3, {"conv_out.weight": [4, 4, 3, 3]}, "appearance.safetensors is no appearance .*: conv_out.weight"),
        (3, {"time_embedding.linear_1.weight": None}, "appearance.safetensors is no appearance encoder"),
        (3, {"down_blocks.0.resnets.0.conv1.weight": None}, "appearance.safetensors is no appearance encoder"),
    ],
)
def test_wrong_files_are_named_in_one_sentence(file, change, said):
    files, _ = published()
    for name, shape in change.items():
        if shape is None:
            del files[file][name]
        else:
            files[file][name] = torch.empty(shape, device="meta")
    with pytest.raises(LightningDragError, match=said) as error:
        from_published(*files, NAMES)
    assert "\n" not in str(error.value)


def test_wrong_own_files_are_named():
    files, _ = published()
    good = pack(from_published(*files, NAMES))
    block = "points.mid_block.attentions.0.transformer_blocks.0"
    wrong = [
        ({}, None, "one is no file of `dragkit convert-lightningdrag`: it has another format"),
        (files[1], {}, "one is no file of .*: it is LightningDrag's published point embedding; convert"),
        (good | {"text.x": torch.zeros(1)}, {"format": FORMAT}, "one holds text.x"),
        (good | {"points.x": torch.zeros(1)}, {"format": FORMAT}, "one holds points.x"),
        (
            {key: value for key, value in good.items() if key != f"{block}.norm.bias"}, {"format": FORMAT},
            f"one is incomplete: {block}.norm.bias is missing",
        ),
        (
            {key: value for key, value in good.items() if not key.startswith("points.")}, {"format": FORMAT},
            "one is incomplete: it has no points",
        ),
        (
            {key: value for key, value in good.items() if not key.startswith("point_e")}, {"format": FORMAT},
            "one is no point embedding of LightningDrag: .* it is empty",
        ),
    ]  # fmt: skip
    last = "point_embedding.downsample_blocks_unet.2."
    short = {key: value for key, value in good.items() if not key.startswith(last)}
    wrong.append((short, {"format": FORMAT}, "one has a point embedding of 3 levels"))
    for tensors, metadata, said in wrong:
        with pytest.raises(LightningDragError, match=said):
            unpack(tensors, metadata, "one")


def test_a_file_for_another_model_is_refused():
    weights = from_published(*published()[0], NAMES)
    blocks = {block: tensors["proj.weight"].shape[0] for block, tensors in weights.points.items()}
    check_model(weights, blocks, "file")
    middle = "mid_block.attentions.0.transformer_blocks.0"
    with pytest.raises(LightningDragError, match=f"no block {middle}, the file has 16 channels in block {middle}"):
        check_model(weights, {block: width for block, width in blocks.items() if block != middle}, "file")
    with pytest.raises(LightningDragError, match="has 99 channels in block mid.*, the file has 16 channels in"):
        check_model(weights, blocks | {middle: 99}, "file")
    check_model(weights, blocks, "file", CONTEXT)
    with pytest.raises(LightningDragError, match="the model's text has 1024 channels, the file's 6"):
        check_model(weights, blocks, "file", 1024)
    # an appearance encoder of another size than the points
    mixed = replace(weights, appearance=published((4, 8, 12, 20))[0][3])
    with pytest.raises(LightningDragError, match="has 16 channels in block mid.*, the file has 20 channels in"):
        check_model(mixed, blocks, "file")


def test_the_appearance_encoder_is_a_unet_without_its_end():
    whole, kept = unet_shapes(WIDTHS, 4, CONTEXT), appearance_shapes(WIDTHS, CONTEXT)
    gone = set(whole) - set(kept)
    assert len(gone) == 24 and all(name.startswith(("conv_", "up_blocks.3.attentions.2.")) for name in gone)
    assert all(whole[name] == shape for name, shape in kept.items())
