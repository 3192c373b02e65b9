"""ComfyUI's progress bar over evaluations of the network."""

import comfy.model_management
import comfy.utils
import numpy as np
from PIL import Image

PREVIEW_SIDE = 512


class Progress:
    def __init__(self, total):
        self._bar = comfy.utils.ProgressBar(total)

    def tick(self):
        """One evaluation is done. Raises what ends the run when Cancel was pressed."""
        # the bar itself looks only now and then
        comfy.model_management.throw_exception_if_processing_interrupted()
        self._bar.update(1)

    def show(self, image):
        """Has the node show an IMAGE [1, H, W, 3]."""
        preview = Image.fromarray((image[0].cpu().numpy() * 255).round().astype(np.uint8))
        self._bar.update_absolute(self._bar.current, preview=("JPEG", preview, PREVIEW_SIDE))

    def finish(self):
        """The rest was not needed."""
        self._bar.update_absolute(self._bar.total)
