"""LightningDrag for the quality bench: the demo model for inpainting and its points, as the command line has them."""

from functools import cache

from ..methods.lightningdrag import PUBLISHED, lightningdrag
from ..models.lightningdrag import load_demo_lightningdrag

networks = cache(load_demo_lightningdrag)


def dragged(model, case):
    network, drag = networks()
    steps, scale = PUBLISHED["ddim"]
    before = network.denoiser.evaluations
    result = lightningdrag(
        network, drag, case.source[None], case.points, case.mask, None, steps, scale, sampler="ddim", candidates=1
    )[0]
    # batches of two, and half of one for the reference
    model.denoiser.evaluations += 2 * (network.denoiser.evaluations - before) + 1
    return result


METHODS = {"LightningDrag": dragged}
