// @ts-check
// A region whose connected parts are moved, each by its own handles, as kernels/motion/displacements.py has it.

import { Plates } from "./clamped_plate.mjs";
import { labelParts } from "./connected_parts.mjs";
import { elastic, free, stretched } from "./displacements.mjs";
import { HeldRegion, Lattice } from "./elastic.mjs";
import { circumscribedCircle } from "./lwf.mjs";
import { ALL, NOTHING, SOME } from "./moved_picture.mjs";
import { even } from "./on_nodes.mjs";
import { Turns } from "./turns.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {import("./displacements.mjs").Choice} Choice */
/** @typedef {import("./displacements.mjs").Border} Border */
/** @typedef {import("./displacements.mjs").Circle} Circle */
/** @typedef {import("./on_nodes.mjs").Motion} Motion */
/** @typedef {import("./on_nodes.mjs").Grid} Grid */
/** @typedef {import("./on_nodes.mjs").OnNodes} OnNodes */
/** @typedef {OnNodes & {readonly number: number, readonly order: number, readonly squares: Uint8Array}} Moved the motion of
 *  the part with this number; order: its place in reading order; squares: what each holds of the part */

// of the longer side: how far outside its region a handle may lie
const REACH = 1 / 32;

/** What the squares of a grid hold of the part with a number. @param {Grid} grid @param {number} number
 * @param {Uint32Array} labels @param {number} width @param {number} height */
function squaresOf({ x, y, step, columns, rows }, number, labels, width, height) {
  const squares = new Uint8Array(columns * rows);
  for (let row = 0; row + 1 < rows; row++) {
    const [top, bottom] = [Math.floor(y + row * step + 0.5), Math.floor(y + (row + 1) * step + 0.5)];
    for (let column = 0; column + 1 < columns; column++) {
      const [left, right] = [Math.floor(x + column * step + 0.5), Math.floor(x + (column + 1) * step + 0.5)];
      // content at the picture's edge is read as far as the edge
      const inner = left > 0 && top > 0 && right < width - 1 && bottom < height - 1;
      let [some, all] = [false, inner];
      for (let v = Math.max(top, 0); v <= Math.min(bottom, height - 1) && !(some && !all); v++) {
        for (let i = v * width + Math.max(left, 0); i <= v * width + Math.min(right, width - 1); i++) {
          if (labels[i] === number) some = true;
          else all = false;
        }
      }
      squares[row * columns + column] = !some ? NOTHING : all ? ALL : SOME;
    }
  }
  return squares;
}

/** A region whose parts are moved; what is solved for it is kept as long as it stays. */
export class MovedRegion {
  #plates;
  /** @type {Map<number, Lattice>} */ #lattices = new Map();
  /** @type {Map<number, HeldRegion>} */ #held = new Map();
  /** @type {Map<string, Uint8Array>} */ #squares = new Map();
  /** @type {Circle|undefined} */ #around;

  /** @param {Uint8Array} region @param {number} width @param {number} height @param {Plates} [plates]
   * @param {ReturnType<typeof labelParts>} [labelled] its parts */
  constructor(region, width, height, plates = new Plates(), labelled = labelParts(region, width, height)) {
    this.region = region;
    this.width = width;
    this.height = height;
    this.#plates = plates;
    this.labels = labelled.labels;
    this.parts = labelled.parts;
  }

  /** Number of the part nearest to a handle, 0 if all are farther away than 1/32 of the longer side. @param {Cell} handle */
  #partAt([x, y]) {
    const { labels, width, height } = this;
    const [column, row] = [Math.min(Math.max(Math.round(x), 0), width - 1), Math.min(Math.max(Math.round(y), 0), height - 1)];
    if (labels[row * width + column]) return labels[row * width + column];
    const reach = REACH * Math.max(width, height);
    let [found, least] = [0, reach];
    for (let v = Math.max(Math.floor(y - reach), 0); v <= Math.min(y + reach + 1, height - 1); v++) {
      for (let u = Math.max(Math.floor(x - reach), 0); u <= Math.min(x + reach + 1, width - 1); u++) {
        const label = labels[v * width + u];
        if (!label) continue;
        const distance = Math.hypot(u - x, v - y);
        if (distance < least || (!found && distance === least)) [found, least] = [label, distance];
      }
    }
    return found;
  }

  /** @param {number} number @param {readonly Cell[]} handles of the part */
  #heldRegion(number, handles) {
    const part = this.parts[number - 1];
    const lattice = this.#lattices.get(number) ?? new Lattice(part.region, part.width, part.height);
    this.#lattices.set(number, lattice);
    const key = (/** @type {readonly Cell[]} */ points) => points.join(" ");
    const known = this.#held.get(number);
    if (known && known.key === key(handles)) return known;
    const held = new HeldRegion(lattice, handles, this.#plates);
    held.key = key(handles);
    this.#held.set(number, held);
    return held;
  }

  /** The squares of a grid in a part. @param {Grid} grid @param {number} number */
  #squaresOf(grid, number) {
    const key = [number, grid.x, grid.y, grid.step].join(" ");
    const known = this.#squares.get(key) ?? squaresOf(grid, number, this.labels, this.width, this.height);
    this.#squares.set(key, known);
    return known;
  }

  /**
   * Moves every part by its own handles, as cells (a cell's centre is an integer); "stretch" moves all parts as one. A
   * part without handles is not among the moved. astray: indices of the drags whose handles are in no part, unless they
   * are pins, which hold nothing there.
   * @param {readonly Cell[]} handles @param {readonly Cell[]} targets @param {Choice} choice @param {Border} border
   * @param {readonly import("./turns.mjs").Turn[]|null} [turns] at the handles, which moving least squares follow
   * @returns {{moved: Moved[], astray: number[]}}
   */
  displace(handles, targets, choice, border, turns = null) {
    const asOne = choice === "stretch";
    const found = asOne ? [] : handles.map((handle) => this.#partAt(handle));
    const gone = (/** @type {number} */ k) => Math.hypot(targets[k][0] - handles[k][0], targets[k][1] - handles[k][1]) > 0 ||
      (turns !== null && (turns[k][0] !== 0 || turns[k][1] !== 1));
    const astray = [...found.keys()].filter((k) => !found[k] && gone(k));
    const moved = this.parts.flatMap((part, i) => {
      const own = [...handles.keys()].filter((k) => asOne || found[k] === i + 1);
      if (!own.length) return [];
      const inBox = (/** @type {readonly Cell[]} */ points) =>
        own.map((k) => /** @type {Cell} */ ([points[k][0] - part.left, points[k][1] - part.top]));
      const [from, to] = [inBox(handles), inBox(targets)];
      if (choice === "stretch") return [this.placed(stretched(this.#circle(), part, from, to), i + 1)];
      const rings = turns && Turns.of(own.map((k) => turns[k]), Math.max(part.width, part.height));
      const motion = border === "free" ? free(choice, part, from, to, rings) : elastic(choice, part, this.#heldRegion(i + 1, from), from, to, rings);
      return [this.placed(motion, i + 1)];
    });
    return { moved, astray };
  }

  /** Around the whole region. @returns {Circle} */
  #circle() {
    return (this.#around ??= /** @type {Circle} */ (circumscribedCircle(this.region, this.width, this.height)));
  }

  /** A motion in the box of a part, in the region. @param {OnNodes} motion @param {number} number of the part
   * @returns {Moved} */
  placed(motion, number) {
    const { left, top } = this.parts[number - 1];
    const { pieces } = motion;
    const there = pieces && { ...pieces, motion: /** @type {Motion} */ ((x, y, out, i) => pieces.motion(x - left, y - top, out, i)) };
    return this.classed({ ...motion, x: motion.x + left, y: motion.y + top, pieces: there, number, order: number });
  }

  /** A motion that says what its squares hold. @param {Omit<Moved, "squares">} motion @returns {Moved} */
  classed(motion) {
    return { ...motion, squares: this.#squaresOf(motion, motion.number) };
  }

  /** All parts in reading order: those that are not among the moved, which do not move. @param {readonly Moved[]} moved
   * @returns {Moved[]} */
  withStill(moved) {
    const own = new Map(moved.map((motion) => [motion.number, motion]));
    return this.parts.map((part, i) => own.get(i + 1) ?? this.placed(even((_, __, out, k) => out.fill(0, k, k + 2), part), i + 1));
  }
}
