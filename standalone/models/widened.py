"""UNets that see more beside the noisy latent."""

import torch
from diffusers import UNet2DConditionModel


def widened(unet, channels):
    """A copy of a UNet of 4 channels that takes more and gives the same, whatever the others hold."""
    wide = UNet2DConditionModel.from_config({**unet.config, "in_channels": channels}).to(unet.dtype)
    weights = dict(unet.state_dict())
    kernel = weights["conv_in.weight"]
    weights["conv_in.weight"] = torch.cat((kernel, kernel.new_zeros(len(kernel), channels - 4, *kernel.shape[2:])), 1)
    wide.load_state_dict(weights)
    return wide
