// @ts-check
// The choices of a displacement, as kernels/motion/displacements.py has them: how the drags at a few handles move every
// part of a region. The motion of a part is known on nodes, and in the squares between them where those are too far apart.

import { Plates } from "./clamped_plate.mjs";
import { labelParts } from "./connected_parts.mjs";
import { HeldRegion, Lattice, PAD, apartAndUnlike } from "./elastic.mjs";
import { circumscribedCircle, stretching } from "./lwf.mjs";
import { movingLeastSquares } from "./moving_least_squares.mjs";
import { nearest, nearest4 } from "./nearest.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {import("./connected_parts.mjs").Part} Part */
/** @typedef {"stretch"|"rigid"|"similarity"|"affine"|"nearest"|"nearest-4"} Choice */
/** @typedef {"free"|"held"} Border */
/** @typedef {(x: number, y: number, out: Float64Array, i: number) => void} Motion */
/** @typedef {{readonly number: number, readonly x: number, readonly y: number, readonly step: number,
 *  readonly columns: number, readonly rows: number, readonly nodes: Float64Array, readonly fine: Map<number, Float64Array>,
 *  readonly pieces: boolean}} Moved
 *  the motion of the part with this number: x, y: of the first of its nodes, which are step cells apart; nodes:
 *  displacements, x and y interleaved; fine: for the square that begins at a node, those of its (step + 1)^2 cells;
 *  pieces: every cell moves as it is */

// as in the kernels, where they are explained
const MISS = 1;
const AROUND = 3;
const STRETCH_MISS = 0.25;
const REACH = 1 / 32;
const NODES = 128;
const MAX_STEP = 8;
// cells between nodes of a held motion that is no moving least squares
const HELD_STEP = 2;

/** @param {Choice} choice @param {Part} part @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @returns {Motion} */
function motionOf(choice, part, handles, targets) {
  if (choice === "stretch") {
    const circle = circumscribedCircle(part.region, part.width, part.height);
    return stretching(handles, targets, /** @type {NonNullable<typeof circle>} */ (circle));
  }
  if (choice === "nearest") return nearest(handles, targets);
  if (choice === "nearest-4") return nearest4(handles, targets);
  return movingLeastSquares(choice, handles, targets);
}

/** Displacements on nodes. @param {Motion} motion @param {number} x @param {number} y @param {number} step
 * @param {number} columns @param {number} rows */
function onNodes(motion, x, y, step, columns, rows) {
  const nodes = new Float64Array(2 * columns * rows);
  for (let i = 0, row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i += 2) motion(x + column * step, y + row * step, nodes, i);
  }
  return nodes;
}

/** The squares within a radius around handles, cell by cell. @param {Motion} motion @param {readonly Cell[]} handles
 * @param {Float64Array} radius 0 for none @param {Pick<Moved, "x"|"y"|"step"|"columns"|"rows">} grid */
function refined(motion, handles, radius, { x, y, step, columns, rows }) {
  /** @type {Moved["fine"]} */
  const fine = new Map();
  if (step === 1) return fine;
  handles.forEach((handle, k) => {
    if (!(radius[k] > 0)) return;
    const span = (/** @type {number} */ at, /** @type {number} */ first, /** @type {number} */ count) => [
      Math.max(Math.floor((at - radius[k] - first) / step), 0),
      Math.min(Math.ceil((at + radius[k] - first) / step), count - 1),
    ];
    const [left, right] = span(handle[0], x, columns);
    const [top, bottom] = span(handle[1], y, rows);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const i = row * columns + column;
        if (!fine.has(i)) fine.set(i, onNodes(motion, x + column * step, y + row * step, 1, step + 1, step + 1));
      }
    }
  });
  return fine;
}

/** How far around each handle a motion bends more than nodes that are step cells apart can show. @param {Choice} choice
 * @param {number} step @param {readonly Cell[]} handles @param {readonly Cell[]} targets */
function bent(choice, step, handles, targets) {
  const vectors = targets.map(([x, y], k) => /** @type {Cell} */ ([x - handles[k][0], y - handles[k][1]]));
  const radius = new Float64Array(handles.length);
  const widen = (/** @type {number} */ k, /** @type {number} */ by) => (radius[k] = Math.max(radius[k], by));
  if (choice === "stretch") {
    apartAndUnlike(handles, vectors, (i, j, _, unlike) => [i, j].forEach((k) => widen(k, unlike)));
    return radius.map((unlike, k) => step * Math.sqrt((unlike + Math.hypot(...vectors[k])) / (32 * STRETCH_MISS)));
  }
  if (choice === "nearest" || choice === "nearest-4") return radius;
  apartAndUnlike(handles, vectors, (i, j, apart, unlike) => {
    if (unlike * step ** 2 > 2 * MISS * apart ** 2) [i, j].forEach((k) => widen(k, AROUND * apart));
  });
  return radius;
}

/** A part that moves as a whole. @param {Choice} choice @param {Part} part @param {readonly Cell[]} handles
 * @param {readonly Cell[]} targets @returns {Omit<Moved, "number">} */
function free(choice, part, handles, targets) {
  const motion = motionOf(choice, part, handles, targets);
  // a cell of "nearest" moves with its own handle, wherever the nodes are
  const step = choice === "nearest" ? 1 : Math.min(MAX_STEP, Math.max(1, Math.floor(Math.max(part.width, part.height) / NODES)));
  const count = (/** @type {number} */ size) => Math.ceil((size - 1) / step) + 3;
  // a node more all round, since the cells at its border are half outside
  const grid = { x: -step, y: -step, step, columns: count(part.width), rows: count(part.height) };
  const nodes = onNodes(motion, grid.x, grid.y, step, grid.columns, grid.rows);
  const radius = bent(choice, step, handles, targets);
  return { ...grid, nodes, fine: refined(motion, handles, radius, grid), pieces: choice === "nearest" };
}

/** A part that is held at its border. @param {Exclude<Choice, "stretch">} choice @param {Part} part @param {HeldRegion} held @param {readonly Cell[]} handles
 * @param {readonly Cell[]} targets @returns {Omit<Moved, "number">} */
function elastic(choice, part, held, handles, targets) {
  const { lattice } = held;
  const { step, width, height } = lattice;
  const [x, y] = lattice.centre(0);
  if (choice === "nearest" || choice === "nearest-4") {
    const motion = motionOf(choice, part, handles, targets);
    const fade = held.fade();
    /** @type {Motion} */
    const faded = (atX, atY, out, i) => {
      motion(atX, atY, out, i);
      const part = lattice.read(fade, atX, atY);
      out[i] *= part;
      out[i + 1] *= part;
    };
    const [columns, rows] = lattice.size.map((size) => Math.ceil((size + 1) / HELD_STEP) + 1);
    const grid = { x: -1, y: -1, step: HELD_STEP, columns, rows };
    return { ...grid, nodes: onNodes(faded, -1, -1, HELD_STEP, columns, rows), fine: new Map(), pieces: false };
  }
  const { nodes, displacement, radius } = held.moved(choice, targets);
  const grid = { x, y, step, columns: width, rows: height };
  return { ...grid, nodes, fine: refined(displacement, held.handles, radius, grid), pieces: false };
}

/** A region whose parts are moved; what is solved for it is kept as long as it stays. */
export class MovedRegion {
  #plates;
  /** @type {Map<number, Lattice>} */ #lattices = new Map();
  /** @type {Map<number, HeldRegion>} */ #held = new Map();
  /** @type {Uint32Array|undefined} */ #asOne;

  /** @param {Uint8Array} region @param {number} width @param {number} height @param {Plates} [plates] */
  constructor(region, width, height, plates = new Plates()) {
    this.region = region;
    this.width = width;
    this.height = height;
    this.#plates = plates;
    const { labels, parts } = labelParts(region, width, height);
    this.labels = labels;
    this.parts = parts;
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

  /** @param {readonly Cell[]} handles @param {readonly Cell[]} targets */
  #stretch(handles, targets) {
    const { region, width, height } = this;
    const labels = (this.#asOne ??= Uint32Array.from(region));
    const moved = handles.length && this.parts.length ? [{ ...free("stretch", { left: 0, top: 0, width, height, region }, handles, targets), number: 1 }] : [];
    return { moved, labels };
  }

  /**
   * Moves every part by its own handles, as cells (a cell's centre is an integer); "stretch" moves all of the region as
   * one. labels: the numbers of the parts; astray: indices of the drags whose handles are in no part, unless they are
   * pins, which hold nothing there.
   * @param {readonly Cell[]} handles @param {readonly Cell[]} targets @param {Choice} choice @param {Border} border
   * @returns {{moved: Moved[], labels: Uint32Array, astray: number[]}}
   */
  displace(handles, targets, choice, border) {
    if (choice === "stretch") return { ...this.#stretch(handles, targets), astray: [] };
    const { labels } = this;
    const found = handles.map((handle) => this.#partAt(handle));
    const astray = [...found.keys()].filter((k) => !found[k] && Math.hypot(targets[k][0] - handles[k][0], targets[k][1] - handles[k][1]) > 0);
    const moved = this.parts.flatMap((part, i) => {
      const own = [...found.keys()].filter((k) => found[k] === i + 1);
      if (!own.length) return [];
      const inBox = (/** @type {readonly Cell[]} */ points) =>
        own.map((k) => /** @type {Cell} */ ([points[k][0] - part.left, points[k][1] - part.top]));
      const [from, to] = [inBox(handles), inBox(targets)];
      const motion = border === "free" ? free(choice, part, from, to) : elastic(choice, part, this.#heldRegion(i + 1, from), from, to);
      return [{ ...motion, number: i + 1, x: motion.x + part.left, y: motion.y + part.top }];
    });
    return { moved, labels, astray };
  }
}

/**
 * Displacement of a cell that a motion knows, bilinear between its nodes. @param {Moved} moved
 * @param {number} x @param {number} y @returns {[number, number]}
 */
export function displacementAt({ x: left, y: top, step, columns, rows, nodes, fine }, x, y) {
  const column = Math.min(Math.max(Math.floor((x - left) / step), 0), columns - 2);
  const row = Math.min(Math.max(Math.floor((y - top) / step), 0), rows - 2);
  let [values, stride, first] = [nodes, columns, row * columns + column];
  let [u, v] = [(x - left) / step - column, (y - top) / step - row];
  const own = fine.get(first);
  if (own) {
    const [subColumn, subRow] = [Math.min(Math.floor(u * step), step - 1), Math.min(Math.floor(v * step), step - 1)];
    [values, stride, first] = [own, step + 1, subRow * (step + 1) + subColumn];
    [u, v] = [u * step - subColumn, v * step - subRow];
  }
  const at = (/** @type {number} */ axis) => {
    const i = 2 * first + axis;
    const above = values[i] + u * (values[i + 2] - values[i]);
    const below = values[i + 2 * stride] + u * (values[i + 2 * stride + 2] - values[i + 2 * stride]);
    return above + v * (below - above);
  };
  return [at(0), at(1)];
}
