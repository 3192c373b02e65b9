// @ts-check
// The painted region as a picture over the editor's: what may change, what moves, and how much of the rest is hidden.

import { FULL, drawStroke } from "../document/strokes.mjs";

const TINT = [0, 214, 170, 96];
// the rim of what moves, and of where the picture may change
const MOVES = [255, 176, 32, 220];
const CHANGES = [255, 255, 255, 150];
// alpha of the black over what may not change: of a picture of mean brightness, and the least, of a dark one
const [DIM, LEAST_DIM, BRIGHTNESS] = [110, 36, 128];

/** @param {number} width @param {number} height */
export function canvas(width, height) {
  const made = new OffscreenCanvas(width, height);
  const context = made.getContext("2d", { willReadFrequently: true });
  return { canvas: made, context: /** @type {OffscreenCanvasRenderingContext2D} */ (context) };
}

/** @param {readonly number[]} colour RGBA */
const packed = (colour) => new Uint32Array(new Uint8Array(colour).buffer)[0];

/** A colour, as opaque as levels are high. @param {Uint8Array} levels 0..FULL @param {readonly number[]} colour RGBA
 * @param {number} width @param {number} height @param {boolean} [rest] as high as they are low instead
 * @param {readonly number[]|null} [rim] colour of the border of what counts as painted */
function layerOf(levels, colour, width, height, rest = false, rim = null) {
  const { canvas: layer, context } = canvas(width, height);
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const [red, green, blue, alpha] = colour;
  const colours = Array.from({ length: FULL + 1 }, (_, level) =>
    packed([red, green, blue, Math.round((alpha * (rest ? FULL - level : level)) / FULL)]),
  );
  for (let i = 0; i < levels.length; i++) pixels[i] = colours[levels[i]];
  if (rim) {
    const line = packed(rim);
    const out = (/** @type {number} */ i) => 2 * levels[i] < FULL;
    for (let i = 0, y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (out(i)) continue;
        // two pixels, of which a small view shows one
        const beside = (x > 1 && out(i - 2)) || (x > 0 && out(i - 1)) || (x < width - 1 && out(i + 1)) || (x < width - 2 && out(i + 2));
        const above = (y > 0 && out(i - width)) || (y > 1 && out(i - 2 * width));
        const below = (y < height - 1 && out(i + width)) || (y < height - 2 && out(i + 2 * width));
        if (beside || above || below) pixels[i] = line;
      }
    }
  }
  context.putImageData(image, 0, 0);
  return layer;
}

/** Mean of all channels of a picture. @param {CanvasImageSource} image */
function brightnessOf(image) {
  const { context } = canvas(16, 16);
  context.drawImage(image, 0, 0, 16, 16);
  const { data } = context.getImageData(0, 0, 16, 16);
  return data.reduce((sum, value, i) => (i % 4 === 3 ? sum : sum + value), 0) / (3 * 256);
}

/** @typedef {{readonly levels: Uint8Array, readonly size: readonly [number, number],
 *  readonly stroke: import("../document/strokes.mjs").Stroke|undefined, readonly tint: boolean, readonly moves: boolean,
 *  readonly picture: CanvasImageSource|null}} Scene levels: how much of each pixel is painted, 0..FULL, of this size; stroke: being painted; tint:
 *  whether the region itself is coloured, for the tools that paint; moves: whether it is what moves; picture: beneath it */

export class RegionLayer {
  /** @type {{key: readonly unknown[], layer: OffscreenCanvas}|null} */ #drawn = null;
  /** @type {{picture: unknown, value: number}|null} */ #brightness = null;

  /** @param {Scene} scene with a region or a stroke @returns {OffscreenCanvas} */
  draw({ levels, size: [width, height], stroke, tint, moves, picture }) {
    const key = [levels, tint, moves, picture];
    if (!stroke && this.#drawn?.key.every((part, i) => part === key[i])) return this.#drawn.layer;
    const painting = stroke ? levels.slice() : levels;
    if (stroke && (stroke.tool !== "polygon" || (stroke.points?.length ?? 0) > 2)) drawStroke(painting, stroke, width, height);
    const layer = tint
      ? layerOf(painting, TINT, width, height)
      : layerOf(painting, [0, 0, 0, moves ? 0 : this.#dim(picture)], width, height, true, moves ? MOVES : CHANGES);
    this.#drawn = stroke ? null : { key, layer };
    return layer;
  }

  /** How much of what may not change is hidden: of a dark picture little would be left. @param {CanvasImageSource|null} picture */
  #dim(picture) {
    if (!picture) return DIM;
    if (this.#brightness?.picture !== picture) this.#brightness = { picture, value: brightnessOf(picture) };
    return Math.round(Math.min(Math.max((DIM * this.#brightness.value) / BRIGHTNESS, LEAST_DIM), DIM));
  }
}
