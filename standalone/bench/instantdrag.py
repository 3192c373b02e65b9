"""InstantDrag for the quality bench: the demo model's FlowDiffusion with motions of several kinds."""

from functools import cache, partial

from ...kernels.motion.displacements import displace
from ...kernels.motion.flow import confine_flow, resize_flow
from ...kernels.motion.prediction import predict_flow
from ...kernels.motion.total_flow import predict_total_flow
from ..methods.instantdrag import instantdrag
from ..models.flowdiffusion import load_demo_flowdiffusion
from ..models.predictors import load_motion_predictor
from .warp import region

flowdiffusion, predictor = cache(load_demo_flowdiffusion), cache(load_motion_predictor)


def predicted(case):
    """By the motion predictor."""
    return by_network(case, predictor())


def by_network(case, network, region=None):
    """By a motion predictor, held at the border of a region [H, W]."""
    predict = partial(predict_flow, network, region=region)
    flow = predict_total_flow(predict, case.source[None], case.points.handles, case.points.targets)
    return resize_flow(flow, *case.source.shape[-2:])


def _within_what_moves(case):
    return confine_flow(predicted(case), region(case, "what moves"))


def stretched(case):
    """By FastDrag's formula over what changes."""
    return displace(*case.points.to_grid(*case.source.shape[:0:-1]), case.mask[0] > 0.5, "stretch")


def _edited(flow_of):
    def run(model, case):
        network = flowdiffusion()
        before = network.denoiser.evaluations
        result = instantdrag(network, case.source[None], flow_of(case))[0]
        # an evaluation is a batch of three
        model.denoiser.evaluations += 3 * (network.denoiser.evaluations - before)
        return result

    return run


METHODS = {
    "InstantDrag": _edited(_within_what_moves),
    "InstantDrag LWF": _edited(stretched),
    "InstantDrag truth": _edited(lambda case: case.flow[None]),
}
