// @ts-check
// The part of the live preview that a canvas shows, on the picture's own pixels, once the hand rests.

import { sharpPicture } from "../preview/sharp_picture.mjs";
import { atLeast, sizeOf } from "./smaller_copies.mjs";

/** @typedef {import("./geometry.mjs").View} View */
/** @typedef {import("./session.mjs").Layer} Layer */

// milliseconds without a change
const REST = 120;

export class SharpView {
  /** @type {{key: readonly unknown[], layer: Layer}|null} */ #made = null;
  #timer = 0;

  /** @param {import("./session.mjs").Session} session @param {() => void} redraw @param {AbortSignal} signal */
  constructor(session, redraw, signal) {
    this.session = session;
    this.redraw = redraw;
    signal.addEventListener("abort", () => this.#stop());
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#made = null;
  }

  /**
   * The layer that is drawn in the place of the coarse one; that one itself until the sharp one is there, or where it is as
   * sharp. @param {Layer} coarse @param {View} view in canvas pixels @param {readonly [number, number]} size of the canvas
   * @param {number} sharpness screen pixels per canvas pixel @returns {Layer}
   */
  layer(coarse, view, size, sharpness) {
    clearTimeout(this.#timer);
    const { picture, motion } = this.session;
    if (!picture || !motion) return coarse;
    const across = Math.round(Math.min(view.width * sharpness, sizeOf(picture.image)[0]));
    if (across <= motion.width) return coarse;
    const key = [picture, motion, across, view.x, view.y, view.width, ...size];
    if (this.#made?.key.every((part, i) => part === key[i])) return { ...this.#made.layer, alpha: coarse.alpha };
    this.#timer = setTimeout(() => {
      const layer = this.#layer(picture, motion, across, view, size);
      if (!layer) return;
      this.#made = { key, layer };
      this.redraw();
    }, REST);
    return coarse;
  }

  /** @param {import("./session.mjs").Shown} picture @param {import("../preview/warped_picture.mjs").Motion} motion
   * @param {number} width of the whole picture as it is drawn, in pixels @param {View} view
   * @param {readonly [number, number]} size @returns {Layer|null} */
  #layer({ image, ...picture }, motion, width, view, size) {
    const height = Math.max(Math.round((width * picture.height) / picture.width), 1);
    const [x, right] = [-view.x, size[0] - view.x].map((at) => Math.min(Math.max(at / view.width, 0), 1) * width);
    const [y, bottom] = [-view.y, size[1] - view.y].map((at) => Math.min(Math.max(at / view.height, 0), 1) * height);
    const frame = { x: Math.floor(x), y: Math.floor(y), width: 0, height: 0 };
    frame.width = Math.ceil(right) - frame.x;
    frame.height = Math.ceil(bottom) - frame.y;
    if (frame.width < 1 || frame.height < 1) return null;
    const pixels = sharpPicture(motion, [width, height], frame, (from) => {
      const canvas = new OffscreenCanvas(from.width, from.height);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
      context.imageSmoothingQuality = "high";
      context.drawImage(atLeast(image, width), -from.x, -from.y, width, height);
      return context.getImageData(0, 0, from.width, from.height).data;
    });
    const canvas = new OffscreenCanvas(frame.width, frame.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.putImageData(new ImageData(pixels, frame.width, frame.height), 0, 0);
    return { image: canvas, box: [frame.x / width, frame.y / height, frame.width / width, frame.height / height] };
  }
}
