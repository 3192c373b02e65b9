// @ts-check
// The live preview: a picture warped by the displacement of the drags, fast enough to follow the pointer.

import { Plates } from "./clamped_plate.mjs";
import { MovedRegion } from "./displacements.mjs";
import { findRegion } from "./find_region.mjs";
import { MovedPicture } from "./moved_picture.mjs";
import { sampled } from "./sampling.mjs";

/** @typedef {import("./how.mjs").How} How */
/** @typedef {readonly [number, number]} Point x, y in fractions 0..1 of the picture */
/** @typedef {{readonly handle: Point, readonly target: Point}} Drag */

// of the hatching on what opened up: pixels across two stripes, and their colours, RGBA
const HATCH = 12;
const [DARK, BRIGHT] = new Uint32Array(new Uint8Array([40, 40, 40, 255, 235, 235, 235, 255]).buffer);

/** The colour (packed) of the hatching at a place. @param {number} x @param {number} y */
export const hatch = (x, y) => (Math.floor(x + y) % HATCH < HATCH / 2 ? DARK : BRIGHT);

export class Preview {
  #plates = new Plates();
  /** @type {MovedRegion|null} */ #region = null;
  #everywhere;

  /** @param {Uint8ClampedArray} picture RGBA, copied @param {number} width @param {number} height */
  constructor(picture, width, height) {
    this.width = width;
    this.height = height;
    this.source = sampled(picture, width, height);
    this.moved = new MovedPicture(this.source, { x: 0, y: 0, width, height });
    this.#everywhere = new Uint8Array(width * height).fill(1);
    /** The result: RGBA, the same array after every update. */
    this.pixels = new Uint8ClampedArray(picture);
    /** Where the result is to be shown (1): the region, and what left it. */
    this.shown = new Uint8Array(width * height);
    /** What nothing reaches (1), hatched in the result. */
    this.opened = new Uint8Array(width * height);
    /** Indices of the drags that start outside the region and move nothing. @type {number[]} */
    this.astray = [];
    /** How things move in the result. @type {import("./sharp_picture.mjs").Motion|null} */
    this.motion = null;
  }

  /**
   * The picture with drags applied; mask is at the picture's size, 1 = region, null = nothing is painted.
   * @param {readonly Drag[]} drags @param {Uint8Array|null} mask @param {How} how
   */
  update(drags, mask, { displacement, border, finds, masked }) {
    const { width, height, source, shown, opened } = this;
    const cells = (/** @type {"handle"|"target"} */ end) =>
      drags.map(({ [end]: [x, y] }) => /** @type {const} */ ([x * width - 0.5, y * height - 0.5]));
    const [handles, targets] = [cells("handle"), cells("target")];
    const painted = masked ? mask : null;
    const region = finds && !painted?.includes(0) ? findRegion(handles, targets, width, height, border) : (painted ?? this.#everywhere);
    const known = this.#region;
    const same = known && (known.region === region || known.region.every((value, i) => value === region[i]));
    const own = (this.#region = same ? known : new MovedRegion(region, width, height, this.#plates));
    const { moved, labels, astray } = own.displace(handles, targets, displacement, border);
    this.astray = astray;
    this.motion = { moved, labels, tears: border === "free", width, height };

    const out = new Uint32Array(this.pixels.buffer);
    out.set(source.subarray(0, out.length));
    this.moved.draw(out, moved, labels, border === "free");
    shown.set(region);
    opened.fill(0);
    const { front } = this.moved;
    const moves = new Set(moved.map(({ number }) => number));
    for (let i = 0; i < front.length; i++) {
      if (front[i] > 0) shown[i] = 1;
      else if (front[i] < 0 && border === "free" && moves.has(labels[i])) {
        opened[i] = 1;
        out[i] = hatch(i % width, Math.floor(i / width));
      }
    }
    return this.pixels;
  }
}
