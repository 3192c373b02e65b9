// @ts-check
// The live preview: a picture warped by what was drawn, fast enough to follow the pointer.

import { Plates } from "./clamped_plate.mjs";
import { MovedRegion } from "./moved_region.mjs";
import { displacementAt } from "./on_nodes.mjs";
import { findRegion } from "./find_region.mjs";
import { LatentCells } from "./latent_cells.mjs";
import { MovedPicture } from "./moved_picture.mjs";
import { MovedPairs } from "./region_pairs.mjs";
import { sampled } from "./sampling.mjs";

/** @typedef {import("./how.mjs").How} How */
/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {readonly [number, number]} Point x, y in fractions 0..1 of the picture */
/** @typedef {{readonly handle: Point, readonly target: Point, readonly turn?: number, readonly scale?: number}} Drag */
/** @typedef {import("./region_pairs.mjs").RegionPair} RegionPair */

/** @typedef {{readonly moved: readonly import("./moved_region.mjs").Moved[], readonly labels: Uint32Array,
 *  readonly tears: boolean, readonly front: How["front"], readonly width: number, readonly height: number}} Motion how the parts
 *  of a region move, on a grid of width x height cells; labels: the numbers of the parts */

// of the hatching on what opened up: pixels across two stripes, and their colours, RGBA
const HATCH = 12;
const [DARK, BRIGHT] = new Uint32Array(new Uint8Array([40, 40, 40, 255, 235, 235, 235, 255]).buffer);

/** The colour (packed) of the hatching at a place. @param {number} x @param {number} y */
export const hatch = (x, y) => (Math.floor(x + y) % HATCH < HATCH / 2 ? DARK : BRIGHT);

/** Whether two regions are one. @param {Uint8Array} a @param {Uint8Array} b */
function same(a, b) {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** @param {readonly Drag[]} drags @returns {readonly import("./turns.mjs").Turn[]} */
const turnsOf = (drags) => drags.map(({ turn = 0, scale = 1 }) => [turn, scale]);

/** Keeps what was made for a region, as long as that stays. */
class Kept {
  #plates = new Plates();
  /** @type {MovedRegion|null} */ #region = null;

  /** @param {Uint8Array} region @param {number} width @param {number} height */
  region(region, width, height) {
    const known = this.#region;
    const stays = known && known.width === width && same(known.region, region);
    return (this.#region = stays ? known : new MovedRegion(region, width, height, this.#plates));
  }
}

export class Preview {
  #onPixels = new Kept();
  #onCells = new Kept();
  /** @type {MovedPairs|null} */ #pairs = null;
  /** @type {LatentCells|null} */ #cells = null;
  #everywhere;
  #pulling = false;
  /** packed colours of pixels and cut */ #out;
  #cut;
  /** rows of the result that may not be the picture's */ #changed = [0, 0];

  /** @param {Uint8ClampedArray} picture RGBA, copied @param {number} width @param {number} height */
  constructor(picture, width, height) {
    this.width = width;
    this.height = height;
    this.source = sampled(picture, width, height);
    this.moved = new MovedPicture(this.source, { x: 0, y: 0, width, height });
    this.#everywhere = new Uint8Array(width * height).fill(1);
    /** The result: RGBA, the same array after every update. */
    this.pixels = new Uint8ClampedArray(picture);
    this.#out = new Uint32Array(this.pixels.buffer);
    /** The result where it is to be shown, transparent elsewhere: the same array after every update. */
    this.cut = new Uint8ClampedArray(picture.length);
    this.#cut = new Uint32Array(this.cut.buffer);
    /** Where the result is to be shown (1): the region, and what left it. */
    this.shown = new Uint8Array(width * height);
    /** What nothing reaches (1), hatched in the result. */
    this.opened = new Uint8Array(width * height);
    /** Indices of the drags that start outside the region and move nothing. @type {number[]} */
    this.astray = [];
    /** How things move in the result, null where it shows cells. @type {Motion|null} */
    this.motion = null;
  }

  /**
   * The picture with what was drawn applied: drags, or region pairs, as how says.
   * @param {readonly Drag[]|readonly RegionPair[]} drawn @param {Uint8Array|null} mask of the picture's size, 1 = region;
   * null = nothing is painted @param {How} how @param {number} [cell] pixels a side of a latent cell
   * @param {boolean} [pulling] whether the next frame comes soon: then a region that is found may be a bit too large
   */
  update(drawn, mask, how, cell = 8, pulling = false) {
    this.#pulling = pulling;
    const painted = how.mask === "none" ? null : mask;
    this.astray = [];
    this.motion = null;
    if (how.latent) this.#inCells(drawn, painted, how, cell);
    else this.#inPixels(drawn, painted, how);
    return this.pixels;
  }

  /** Places of drags on a grid. @param {readonly Drag[]} drags @param {number} width @param {number} height */
  #places(drags, width, height) {
    const cells = (/** @type {"handle"|"target"} */ end) =>
      drags.map(({ [end]: [x, y] }) => /** @type {Cell} */ ([x * width - 0.5, y * height - 0.5]));
    return /** @type {const} */ ([cells("handle"), cells("target")]);
  }

  /** @param {readonly RegionPair[]} pairs @param {number} width @param {number} height */
  #pairsOn(pairs, width, height) {
    const known = this.#pairs;
    const fits = known && known.width === width && known.height === height && known.fits(pairs);
    return (this.#pairs = fits ? known : new MovedPairs(pairs, width, height));
  }

  /** What moves on a grid. @param {readonly Drag[]|readonly RegionPair[]} drawn @param {Uint8Array|null} painted
   * @param {How} how @param {number} width @param {number} height @param {Kept} kept */
  #motion(drawn, painted, how, width, height, kept) {
    if (how.moves === "regions") {
      const pairs = /** @type {readonly RegionPair[]} */ (drawn);
      const own = this.#pairsOn(pairs, width, height);
      return { region: own.region, moved: own.displace(pairs) };
    }
    const [handles, targets] = this.#places(/** @type {readonly Drag[]} */ (drawn), width, height);
    const everywhere = width * height === this.#everywhere.length ? this.#everywhere : new Uint8Array(width * height).fill(1);
    const found = how.finds && !painted?.includes(0) ? findRegion(handles, targets, width, height, how.border, this.#pulling) : (painted ?? everywhere);
    const region = kept.region(found, width, height);
    const { moved, astray } = region.displace(handles, targets, how.displacement, how.border, turnsOf(/** @type {readonly Drag[]} */ (drawn)));
    this.astray = astray;
    return { region, moved };
  }

  /** @param {readonly Drag[]|readonly RegionPair[]} drawn @param {Uint8Array|null} painted @param {How} how */
  #inPixels(drawn, painted, how) {
    const { width, height } = this;
    const { region, moved } = this.#motion(drawn, painted, how, width, height, this.#onPixels);
    const all = how.front === "longest" ? moved : region.withStill(moved);
    const tears = how.border === "free";
    this.motion = { moved: all, labels: region.labels, tears, front: how.front, width, height };
    this.moved.draw(this.#out, all, region.labels, tears, how.front);
    const [first, last] = region.parts.reduce(([a, b], { top, height: high }) => [Math.min(a, top), Math.max(b, top + high)], [height, 0]);
    this.#finish(region.region, region.labels, tears ? moved : [], [first, last]);
  }

  /** Marks what is shown and what opened, after what moved was drawn. @param {Uint8Array} region
   * @param {Uint8Array|Uint32Array} labels @param {readonly {readonly number: number}[]} opening parts that leave open where nothing arrived
   * @param {readonly number[]} rows of the region */
  #finish(region, labels, opening, rows) {
    const { width, shown, opened, source } = this;
    const [out, cut] = [this.#out, this.#cut];
    const { arrived, rows: reached } = this.moved;
    const moves = new Uint8Array(Math.max(0, ...opening.map(({ number }) => number)) + 1);
    for (const { number } of opening) moves[number] = 1;
    const now = [Math.min(rows[0], reached[0]), Math.max(rows[1], reached[1])];
    const [first, last] = [Math.min(now[0], this.#changed[0]), Math.max(now[1], this.#changed[1])];
    this.#changed = now;
    for (let y = first, i = first * width; y < last; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (arrived[i]) {
          shown[i] = 1;
          opened[i] = 0;
          cut[i] = out[i];
          continue;
        }
        const open = region[i] && moves[labels[i]];
        shown[i] = region[i];
        opened[i] = open;
        out[i] = open ? hatch(x, y) : source[i];
        cut[i] = region[i] ? out[i] : 0;
      }
    }
  }

  /** @param {readonly Drag[]|readonly RegionPair[]} drawn @param {Uint8Array|null} painted @param {How} how
   * @param {number} cell */
  #inCells(drawn, painted, how, cell) {
    const { width, height, source } = this;
    const known = this.#cells;
    const cells = (this.#cells = known?.size === cell ? known : new LatentCells(width, height, cell));
    const { region, moved } = this.#motion(drawn, painted && cells.covered(painted), how, cells.columns, cells.rows, this.#onCells);
    const inside = cells.enlarged(region.region, new Uint8Array(width * height));
    const labels = cells.enlarged(region.labels, new Uint32Array(width * height));
    const { arrived } = this.moved;
    if (how.latent === "fastdrag") {
      this.moved.draw(this.#out, [], labels, true);
      const from = cells.relocated(region.region, (x, y) => {
        const own = moved.find(({ number }) => number === region.labels[y * cells.columns + x]);
        return own ? displacementAt(own, x, y) : [0, 0];
      });
      cells.placed(from, source, this.#out, arrived);
      this.moved.rows = [0, height];
      // whatever is in the way is moved or taken away, in every part
      this.#finish(inside, inside, [{ number: 1 }], [0, height]);
      return;
    }
    const pixels = new MovedRegion(inside, width, height, undefined, { labels, parts: [] });
    const larger = moved.map((motion) => pixels.classed(cells.scaled(motion)));
    const tears = how.border === "free";
    this.moved.draw(this.#out, larger, labels, tears, how.front);
    // what leaves the mask of a latent is gone
    for (let i = 0; i < inside.length; i++) if (!inside[i]) arrived[i] = 0;
    this.#finish(inside, labels, tears ? moved : [], [0, height]);
  }
}
