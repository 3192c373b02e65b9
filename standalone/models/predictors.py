"""Motion predictors from files."""

from pathlib import Path

from ...kernels.motion.simvp import PredictorError, build
from ...weights import MOTION_PREDICTOR
from ...weights.tensor_files import read_safetensors


def load_motion_predictor(path=MOTION_PREDICTOR):
    """The network of a file that `dragkit train-motion` wrote; PredictorError for any other file."""
    return build(*read_safetensors(path, path, PredictorError), Path(path).name)
