"""What an editor draws over each other on its canvas, beneath the arrows."""

import base64
import io

import numpy as np
from PIL import Image

# remembers which pictures an editor draws over each other, and where
WATCH = """() => {
  const own = CanvasRenderingContext2D.prototype.drawImage;
  window.drawn = [];
  window.places = [];
  window.unwatch = () => { CanvasRenderingContext2D.prototype.drawImage = own; };
  CanvasRenderingContext2D.prototype.drawImage = function (image, ...rest) {
    if (this.canvas.closest?.(".dragkit-stage")) {
      drawn.push(image);
      places.push(rest);
    }
    return own.call(this, image, ...rest);
  };
}"""
COMPOSE = """([width, height]) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  for (const image of drawn) canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  return canvas.toDataURL();
}"""


def decoded(url):
    """The picture [H, W, 3] in 0..255 of a PNG as a data URL."""
    return np.array(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")).astype(int)
