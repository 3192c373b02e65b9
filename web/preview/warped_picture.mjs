// @ts-check
// The live preview: a picture warped by the displacement of the drags, fast enough to follow the pointer.

import { cells, gridSize, inverse, sheet } from "./displacement.mjs";

/** @typedef {readonly [number, number]} Point x, y in fractions 0..1 of the picture */
/** @typedef {{readonly handle: Point, readonly target: Point}} Drag */

// two of a pixel's four channels, with room above each for a product with a weight 0..256
const CHANNELS = 0x00ff00ff;
const HALF = 0x00800080;

/** Blends two pairs of channels. @param {number} a @param {number} b @param {number} weight of b, 0..256 */
function blend(a, b, weight) {
  return ((Math.imul(a, 256 - weight) + Math.imul(b, weight) + HALF) >>> 8) & CHANNELS;
}

export class Preview {
  /** @param {Uint8ClampedArray} picture RGBA, copied @param {number} width @param {number} height */
  constructor(picture, width, height) {
    this.width = width;
    this.height = height;
    const [gridWidth, gridHeight] = gridSize(width, height);
    this.gridWidth = gridWidth;
    this.gridHeight = gridHeight;
    // the last pixel's right and lower neighbours have weight 0, but reading beyond an array is slow
    this.source = new Uint32Array(width * height + width + 1);
    new Uint8ClampedArray(this.source.buffer).set(picture);
    /** The result: RGBA, the same array after every update. */
    this.pixels = new Uint8ClampedArray(picture);
    /** @type {Uint8Array|null} */
    this.mask = null;
    this.movable = new Uint8Array(gridWidth * gridHeight).fill(1);

    // where the pixels of a row lie between the centres of two cells
    this.column = new Int32Array(width);
    this.weight = new Float64Array(width);
    for (let x = 0; x < width; x++) [this.column[x], this.weight[x]] = between(x, width, gridWidth);
    // the backward displacement in 1/256 pixel along a row: at its cells, and from each to the next
    this.rowX = new Float64Array(gridWidth);
    this.rowY = new Float64Array(gridWidth);
    this.stepX = new Float64Array(gridWidth);
    this.stepY = new Float64Array(gridWidth);
  }

  /**
   * The picture with drags applied; pixels where mask (at the picture's size, 1 = may change; null = all) is 0 are the
   * picture's own. A mask that changed must be another array.
   * @param {readonly Drag[]} drags @param {Uint8Array|null} mask
   */
  update(drags, mask) {
    const { width, height, gridWidth, gridHeight } = this;
    if (mask !== this.mask) {
      this.mask = mask;
      if (mask) this.movable = cells(mask, width, height, gridWidth, gridHeight);
      else this.movable.fill(1);
    }
    /** @param {Point} point @returns {Point} */
    const toGrid = ([x, y]) => [x * gridWidth - 0.5, y * gridHeight - 0.5];
    const handles = drags.map((drag) => toGrid(drag.handle));
    const targets = drags.map((drag) => toGrid(drag.target));
    this.#warp(inverse(sheet(handles, targets, this.movable, gridWidth, gridHeight), gridWidth, gridHeight));
    return this.pixels;
  }

  /** @param {Float64Array} back backward displacement on the grid */
  #warp(back) {
    const { width, height, gridWidth, gridHeight, source, mask, column, weight, rowX, rowY, stepX, stepY } = this;
    const out = new Uint32Array(this.pixels.buffer);
    out.set(source.subarray(0, out.length));
    const [scaleX, scaleY] = [(256 * width) / gridWidth, (256 * height) / gridHeight];
    const [lastX, lastY] = [(width - 1) << 8, (height - 1) << 8];
    for (let i = 0, y = 0; y < height; y++) {
      const [row, down] = between(y, height, gridHeight);
      const upper = 2 * row * gridWidth;
      const lower = 2 * Math.min(row + 1, gridHeight - 1) * gridWidth;
      for (let x = 0; x < gridWidth; x++) {
        rowX[x] = scaleX * (back[upper + 2 * x] + down * (back[lower + 2 * x] - back[upper + 2 * x]));
        rowY[x] = scaleY * (back[upper + 2 * x + 1] + down * (back[lower + 2 * x + 1] - back[upper + 2 * x + 1]));
      }
      for (let x = 0; x + 1 < gridWidth; x++) {
        stepX[x] = rowX[x + 1] - rowX[x];
        stepY[x] = rowY[x + 1] - rowY[x];
      }
      for (let x = 0; x < width; x++, i++) {
        if (mask !== null && mask[i] === 0) continue;
        const cell = column[x];
        const fromX = Math.min(Math.max(((x << 8) + rowX[cell] + weight[x] * stepX[cell]) | 0, 0), lastX);
        const fromY = Math.min(Math.max(((y << 8) + rowY[cell] + weight[x] * stepY[cell]) | 0, 0), lastY);
        const from = (fromY >> 8) * width + (fromX >> 8);
        const [right, below] = [fromX & 255, fromY & 255];
        const a = source[from];
        const b = source[from + 1];
        const c = source[from + width];
        const d = source[from + width + 1];
        const even = blend(
          blend(a & CHANNELS, b & CHANNELS, right),
          blend(c & CHANNELS, d & CHANNELS, right),
          below,
        );
        const odd = blend(
          blend((a >>> 8) & CHANNELS, (b >>> 8) & CHANNELS, right),
          blend((c >>> 8) & CHANNELS, (d >>> 8) & CHANNELS, right),
          below,
        );
        out[i] = even | (odd << 8);
      }
    }
  }
}

/**
 * The cell whose centre is at or before pixel i of size pixels, and the pixel's way to the next one, 0..1; before the
 * first and behind the last centre there is only that cell.
 * @param {number} i @param {number} size @param {number} count cells @returns {[number, number]}
 */
function between(i, size, count) {
  const place = Math.min(Math.max(((i + 0.5) * count) / size - 0.5, 0), count - 1);
  return [Math.floor(place), place % 1];
}
