"""Networks that say how things move, from files: DynaDrag's motion predictor, InstantDrag's FlowGen."""

import copy
from pathlib import Path

from ...kernels.instantdrag import flowgen
from ...kernels.motion import simvp
from ...weights import MOTION_PREDICTOR
from ...weights.tensor_files import read_safetensors


def load_motion_predictor(path=MOTION_PREDICTOR):
    """The network of a file that `dragkit train-motion` wrote; PredictorError for any other file."""
    return simvp.build(*read_safetensors(path, path, simvp.PredictorError), Path(path).name)


def in_regions(network, asked):
    """The same motion predictor, which is asked in regions or is not, whatever it was trained with."""
    network = copy.copy(network)
    network.knows_regions = asked
    return network


def load_flowgen(path):
    """The FlowGen of a .safetensors file; FlowGenError for any other file."""
    weights, _ = read_safetensors(path, path, flowgen.FlowGenError)
    return flowgen.build(weights, Path(path).name).requires_grad_(False)
