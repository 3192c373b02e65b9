"""Motion predictors from files."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..kernels.simvp import PredictorError, build

SHIPPED_PREDICTOR = Path(__file__).parent.parent / "weights" / "dragkit-motion.safetensors"


def load_motion_predictor(path=SHIPPED_PREDICTOR):
    """The network of a file that `dragkit train-motion` wrote; PredictorError for any other file."""
    try:
        with safe_open(path, "pt") as file:
            weights, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()
    except (SafetensorError, OSError) as error:
        raise PredictorError(f"{path} is no safetensors file that can be read ({type(error).__name__})") from error
    return build(weights, metadata, Path(path).name)
