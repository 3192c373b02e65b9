"""Every shipped network and photograph (README.md: where each is from), and how such files are read; imports nothing of
the pack."""

from pathlib import Path

FOLDER = Path(__file__).parent
DEMO = FOLDER / "dragkit-demo.safetensors"
MOTION_PREDICTOR = FOLDER / "dragkit-motion.safetensors"
FLOWDIFFUSION = FOLDER / "dragkit-flowdiffusion.safetensors"
LIGHTNINGDRAG = FOLDER / "dragkit-lightningdrag.safetensors"
PHOTOGRAPHS = FOLDER / "photographs"

# the demo model was trained on the first four and never saw the other two
TRAINED = ("astronaut", "chelsea", "coffee", "rocket")
HELD_OUT = ("camera", "retina")
