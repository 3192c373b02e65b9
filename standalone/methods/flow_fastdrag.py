"""FastDrag on a FlowModel: invert, warp, fill, sample with the background anchored. Its attention is not recorded."""

import torch

from ...kernels.diffusion.inversion import invert
from .fastdrag import counter, dragged, region_of


def flow_fastdrag_latent(
    model, latent, points, mask=None, mode="inverse", steps=20, strength=0.5, refinement=0, flow=None,
    displacement=None, border=None, callback=None, inversion="predict",
):  # fmt: skip
    """Dragged latent [1, C, h, w] of the clean latent by DragPoints inside mask [1, H, W] (1 = may change); outside it
    is the latent's own. Options as in fastdrag_latent."""
    sigmas = model.sigmas(steps, strength)
    count = counter(callback, (len(sigmas) - 1) * (2 + refinement))
    region, path, done = region_of(mask, latent), [latent], count(1 + refinement)

    def keep(i, x):
        path.append(x)
        done(i, x)

    x = invert(lambda x, i: model.velocity(x, sigmas[i]), latent, sigmas, inversion, refinement, keep)
    x, done = dragged(x, points, region, mode, flow, displacement, border), count(1)
    for i in range(len(sigmas) - 1, 0, -1):
        x = x + (sigmas[i - 1] - sigmas[i]) * model.velocity(x, sigmas[i])
        x = torch.where(region, x, path[i - 1])
        done(i, x)
    return x


def flow_fastdrag(model, image, points, mask=None, **options):
    """Dragged picture [1, 3, H, W] of image [1, 3, H, W] in 0..1; options as in flow_fastdrag_latent."""
    return model.decode(flow_fastdrag_latent(model, model.encode(image), points, mask, **options))
