"""The tensors and transformer blocks of a UNet of SD1.5's layout, in diffusers' naming: the channels of its levels are
free, every level but the last has attention, and there are two residual blocks per level."""

LAYERS = 2
# a transformer block within a UNet, as diffusers' modules are called
TRANSFORMER = "attentions.{}.transformer_blocks.0"


def transformer_blocks(levels=4):
    """Names of the transformer blocks, in the order of diffusers' attention processors: down, up, middle."""
    down = [f"down_blocks.{i}.{TRANSFORMER.format(j)}" for i in range(levels - 1) for j in range(LAYERS)]
    up = [f"up_blocks.{i}.{TRANSFORMER.format(j)}" for i in range(1, levels) for j in range(LAYERS + 1)]
    return [*down, *up, f"mid_block.{TRANSFORMER.format(0)}"]


def ldm_block(name):
    """(type, number, index) by which ComfyUI's attention patches know the transformer block of that name: "input",
    "output" or "middle", the number among the blocks of its kind, and the index within it."""
    place = name.split(".")
    if place[0] == "mid_block":
        return "middle", 0, 0
    level, attention = int(place[1]), int(place[3])
    # each level of the encoder has one downsampling, the decoder's have it in their last block
    number = 1 + (LAYERS + 1) * level + attention if place[0] == "down_blocks" else (LAYERS + 1) * level + attention
    return {"down_blocks": "input", "up_blocks": "output"}[place[0]], number, 0


def _layer(name, *shape, bias=True):
    return {f"{name}.weight": list(shape)} | ({f"{name}.bias": [shape[0]]} if bias else {})


def _residual(name, inputs, outputs, time):
    return {
        **_layer(f"{name}.norm1", inputs),
        **_layer(f"{name}.conv1", outputs, inputs, 3, 3),
        **_layer(f"{name}.time_emb_proj", outputs, time),
        **_layer(f"{name}.norm2", outputs),
        **_layer(f"{name}.conv2", outputs, outputs, 3, 3),
        **(_layer(f"{name}.conv_shortcut", outputs, inputs, 1, 1) if inputs != outputs else {}),
    }


def _attention(name, width, context):
    layers = _layer(f"{name}.to_q", width, width, bias=False) | _layer(f"{name}.to_out.0", width, width)
    for part in ("to_k", "to_v"):
        layers |= _layer(f"{name}.{part}", width, context, bias=False)
    return layers


def _transformer(name, width, context):
    block = f"{name}.transformer_blocks.0"
    layers = _layer(f"{name}.norm", width)
    for part in ("proj_in", "proj_out"):
        layers |= _layer(f"{name}.{part}", width, width, 1, 1)
    for part in ("norm1", "norm2", "norm3"):
        layers |= _layer(f"{block}.{part}", width)
    return {
        **layers,
        **_attention(f"{block}.attn1", width, width),
        **_attention(f"{block}.attn2", width, context),
        **_layer(f"{block}.ff.net.0.proj", 8 * width, width),
        **_layer(f"{block}.ff.net.2", width, 4 * width),
    }


def unet_shapes(widths, inputs, context):
    """{name: shape} of a UNet with these channels per level, input channels and channels of the text."""
    first, deepest, levels, time = widths[0], widths[-1], len(widths), 4 * widths[0]
    shapes = _layer("conv_in", first, inputs, 3, 3)
    shapes |= _layer("time_embedding.linear_1", time, first) | _layer("time_embedding.linear_2", time, time)
    for i, width in enumerate(widths):
        name = f"down_blocks.{i}"
        for j in range(LAYERS):
            shapes |= _residual(f"{name}.resnets.{j}", widths[max(i - 1, 0)] if j == 0 else width, width, time)
            if i < levels - 1:
                shapes |= _transformer(f"{name}.attentions.{j}", width, context)
        if i < levels - 1:
            shapes |= _layer(f"{name}.downsamplers.0.conv", width, width, 3, 3)
    for j in range(2):
        shapes |= _residual(f"mid_block.resnets.{j}", deepest, deepest, time)
    shapes |= _transformer("mid_block.attentions.0", deepest, context)
    for i, width in enumerate(reversed(widths)):
        name, shallower = f"up_blocks.{i}", widths[max(levels - 2 - i, 0)]
        for j in range(LAYERS + 1):
            below = widths[min(levels - i, levels - 1)] if j == 0 else width
            beside = shallower if j == LAYERS else width
            shapes |= _residual(f"{name}.resnets.{j}", below + beside, width, time)
            if i > 0:
                shapes |= _transformer(f"{name}.attentions.{j}", width, context)
        if i < levels - 1:
            shapes |= _layer(f"{name}.upsamplers.0.conv", width, width, 3, 3)
    return shapes | _layer("conv_norm_out", first) | _layer("conv_out", 4, first, 3, 3)
