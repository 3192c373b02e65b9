"""The tiny inpainting UNet of LightningDrag's golden numbers."""

from diffusers import UNet2DConditionModel

from ..golden import lightningdrag_tiny as tiny

CONFIG = dict(
    sample_size=16, in_channels=9, block_out_channels=tiny.WIDTHS, layers_per_block=2, norm_num_groups=tiny.GROUPS,
    cross_attention_dim=tiny.CONTEXT, attention_head_dim=tiny.HEADS,
)  # fmt: skip


def unet():
    network = UNet2DConditionModel(**CONFIG)
    network.load_state_dict(tiny.unet_weights())
    return network
