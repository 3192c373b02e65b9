"""FlowDiffusion's conditioning and guidance (InstantDrag, Shin et al. 2024): a Stable Diffusion that is shown picture
and motion beside the noisy latent, 4 + 4 + 2 channels."""

import torch
import torch.nn.functional as F


def flow_channels(flow, height, width):
    """FLOW [B, 2, H, W] as FlowDiffusion is shown it: [B, 2, height, width], fractions of the picture, bicubic."""
    size = flow.new_tensor([flow.shape[3], flow.shape[2]]).view(1, 2, 1, 1)
    return F.interpolate(flow / size, (height, width), mode="bicubic", align_corners=False)


def branches(image_latent, flow):
    """The 6 channels that follow the noisy latent, in the three branches of the guidance: [B, 6, h, w] with picture and
    flow, with the picture alone, with neither. image_latent [B, 4, h, w] is the mode of the autoencoder's posterior,
    not scaled; flow is of flow_channels; a batch of one serves all of the other."""
    batch = max(len(image_latent), len(flow))
    image_latent, flow = image_latent.expand(batch, -1, -1, -1), flow.to(image_latent).expand(batch, -1, -1, -1)
    still, none = torch.zeros_like(flow), torch.zeros_like(image_latent)
    return tuple(torch.cat(parts, 1) for parts in ((image_latent, flow), (image_latent, still), (none, still)))


def guided(e_none, e_image, e_flow, image_scale, flow_scale):
    """The guided prediction from those of the three branches; the published scales are 1.5 both."""
    return e_none + image_scale * (e_image - e_none) + flow_scale * (e_flow - e_image)
