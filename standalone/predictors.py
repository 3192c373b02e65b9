"""Motion predictors from files."""

from pathlib import Path

from ..kernels.simvp import PredictorError, build
from .tensor_files import read_safetensors

SHIPPED_PREDICTOR = Path(__file__).parent.parent / "weights" / "dragkit-motion.safetensors"


def load_motion_predictor(path=SHIPPED_PREDICTOR):
    """The network of a file that `dragkit train-motion` wrote; PredictorError for any other file."""
    return build(*read_safetensors(path, PredictorError), Path(path).name)
