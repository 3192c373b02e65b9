// @ts-check
// The live preview: a picture warped by the displacement of the drags, fast enough to follow the pointer.

import { cells, gridSize, inverse, sheet } from "./displacement.mjs";
import { MovedRegion } from "./displacements.mjs";
import { findRegion } from "./find_region.mjs";
import { MovedPicture } from "./moved_picture.mjs";
import { STRETCH } from "./how.mjs";
import { colourAt, sampled } from "./sampling.mjs";
import { Plates } from "./clamped_plate.mjs";

/** @typedef {readonly [number, number]} Point x, y in fractions 0..1 of the picture */
/** @typedef {{readonly handle: Point, readonly target: Point}} Drag */

/** @typedef {import("./displacements.mjs").Choice} Choice */
/** @typedef {import("./how.mjs").How} How */

// of the hatching on what opened up: pixels across two stripes, and their colours, RGBA
const HATCH = 12;
const [DARK, BRIGHT] = new Uint32Array(new Uint8Array([40, 40, 40, 255, 235, 235, 235, 255]).buffer);

export class Preview {
  /** @param {Uint8ClampedArray} picture RGBA, copied @param {number} width @param {number} height */
  constructor(picture, width, height) {
    this.width = width;
    this.height = height;
    const [gridWidth, gridHeight] = gridSize(width, height);
    this.gridWidth = gridWidth;
    this.gridHeight = gridHeight;
    this.source = sampled(picture, width, height);
    /** The result: RGBA, the same array after every update. */
    this.pixels = new Uint8ClampedArray(picture);
    /** Where the result is to be shown (1): the region, and what left it; null for everywhere. @type {Uint8Array|null} */
    this.shown = null;
    /** What nothing reaches (1), hatched in the result; null for nothing. @type {Uint8Array|null} */
    this.opened = null;
    /** Indices of the drags that start outside the region and move nothing. @type {number[]} */
    this.astray = [];
    this.moved = new MovedPicture(this.source, width, height);
    this.plates = new Plates();
    /** @type {MovedRegion|null} */
    this.region = null;
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
   * The picture with drags applied; mask is at the picture's size, 1 = region, null = nothing is painted. A mask that
   * changed must be another array.
   * @param {readonly Drag[]} drags @param {Uint8Array|null} mask @param {How} [how]
   */
  update(drags, mask, how = STRETCH) {
    const { width, height } = this;
    const toCells = (/** @type {number} */ across, /** @type {number} */ down) => (/** @type {Point} */ [x, y]) =>
      /** @type {const} */ ([x * across - 0.5, y * down - 0.5]);
    const [from, to] = /** @type {const} */ (["handle", "target"]).map((end) => drags.map((drag) => toCells(width, height)(drag[end])));
    const painted = how.masked ? mask : null;
    const region = how.finds && !painted?.includes(0) ? findRegion(from, to, width, height, how.border) : painted;
    this.astray = [];
    this.opened = null;
    if (how.displacement === "stretch") this.#stretch(drags, region, toCells(this.gridWidth, this.gridHeight));
    else this.#move(from, to, region ?? new Uint8Array(width * height).fill(1), how.displacement, how.border);
    return this.pixels;
  }

  /** @param {readonly Drag[]} drags @param {Uint8Array|null} mask @param {(point: Point) => Point} toGrid */
  #stretch(drags, mask, toGrid) {
    const { width, height, gridWidth, gridHeight } = this;
    this.shown = mask;
    if (mask !== this.mask) {
      this.mask = mask;
      if (mask) this.movable = cells(mask, width, height, gridWidth, gridHeight);
      else this.movable.fill(1);
    }
    const handles = drags.map((drag) => toGrid(drag.handle));
    const targets = drags.map((drag) => toGrid(drag.target));
    this.#warp(inverse(sheet(handles, targets, this.movable, gridWidth, gridHeight), gridWidth, gridHeight));
  }

  /** @param {readonly Point[]} handles @param {readonly Point[]} targets in pixels @param {Uint8Array} region
   * @param {Choice} choice @param {"free"|"held"} border */
  #move(handles, targets, region, choice, border) {
    const { width, height, source } = this;
    const same = this.region && (this.region.region === region || this.region.region.every((value, i) => value === region[i]));
    if (!same) this.region = new MovedRegion(region, width, height, this.plates);
    const { labels } = /** @type {MovedRegion} */ (this.region);
    const { moved, astray } = /** @type {MovedRegion} */ (this.region).displace(handles, targets, choice, border);
    this.astray = astray;
    const out = new Uint32Array(this.pixels.buffer);
    out.set(source.subarray(0, out.length));
    this.moved.draw(out, moved, labels, border === "free");
    const { front } = this.moved;
    this.shown = region.slice();
    const opens = new Set(border === "free" ? moved.map(({ number }) => number) : []);
    const opened = new Uint8Array(region.length);
    for (let i = 0; i < front.length; i++) {
      if (front[i] > 0) this.shown[i] = 1;
      else if (front[i] < 0 && opens.has(labels[i])) {
        opened[i] = 1;
        out[i] = ((i % width) + Math.floor(i / width)) % HATCH < HATCH / 2 ? DARK : BRIGHT;
      }
    }
    this.opened = opened;
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
        out[i] = colourAt(source, width, fromX, fromY);
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
