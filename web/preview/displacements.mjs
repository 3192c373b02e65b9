// @ts-check
// The choices of a displacement, as kernels/motion/displacements.py has them: how the drags at a few handles move every
// part of a region. The motion of a part is known on nodes, and in the squares between them where those are too far apart.

import { arap } from "./arap.mjs";
import { Plates } from "./clamped_plate.mjs";
import { labelParts } from "./connected_parts.mjs";
import { HeldRegion, Lattice, apartAndUnlike } from "./elastic.mjs";
import { circumscribedCircle, stretching } from "./lwf.mjs";
import { ALL, NOTHING, SOME, TEAR } from "./moved_picture.mjs";
import { movingLeastSquares } from "./moving_least_squares.mjs";
import { nearest, nearest4, nearestHandle } from "./nearest.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {import("./connected_parts.mjs").Part} Part */
/** @typedef {{readonly x: number, readonly y: number, readonly radius: number}} Circle */
/** @typedef {"stretch"|"rigid"|"similarity"|"affine"|"arap"|"nearest"|"nearest-4"} Choice */
/** @typedef {"free"|"held"} Border */
/** @typedef {(x: number, y: number, out: Float64Array, i: number) => void} Motion */
/** @typedef {{readonly x: number, readonly y: number, readonly step: number, readonly columns: number,
 *  readonly rows: number}} Grid of nodes; x, y: of the first, step: pixels between two */
/** @typedef {Grid & {readonly nodes: Float64Array, readonly fine: Map<number, Float64Array>, readonly unit: number,
 *  readonly pieces: {readonly chosen: Uint16Array, readonly motion: Motion}|null}} OnNodes nodes: displacements, x and y
 *  interleaved; fine: for the square that begins at a node, those of nodes that are a unit apart; pieces: every cell moves
 *  as it is, like others in its square if the chosen handle is the same at all corners */
/** @typedef {OnNodes & {readonly number: number, readonly order: number, readonly squares: Uint8Array}} Moved the motion of
 *  the part with this number; order: its place in reading order; squares: what each holds of the part */

// as in the kernels, where they are explained
const MISS = 1;
const AROUND = 3;
const STRETCH_MISS = 0.25;
const REACH = 1 / 32;
const NODES = 128;
// cells between nodes: at least, of a block that moves as one, of weights that are steep at handles, of squares that turn
const LEAST_STEP = 4;
const BLOCK = 8;
const STEEP_STEP = 4;
const TURN_STEP = 8;

/** @param {Exclude<Choice, "arap"|"stretch">} choice @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @returns {Motion} */
function motionOf(choice, handles, targets) {
  if (choice === "nearest") return nearest(handles, targets);
  if (choice === "nearest-4") return nearest4(handles, targets);
  return movingLeastSquares(choice, handles, targets);
}

/** Displacements on nodes. @param {Motion} motion @param {Grid} grid */
function onNodes(motion, { x, y, step, columns, rows }) {
  const nodes = new Float64Array(2 * columns * rows);
  for (let i = 0, row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i += 2) motion(x + column * step, y + row * step, nodes, i);
  }
  return nodes;
}

/**
 * The same, with some squares cell by cell; at the border of these they agree with the nodes, so that nothing tears.
 * @param {Motion} motion @param {Grid} grid @param {Float64Array} nodes @param {Set<number>} chosen squares
 * @returns {OnNodes}
 */
function refined(motion, grid, nodes, chosen) {
  const { x, y, step, columns } = grid;
  const parts = Math.max(1, Math.round(step));
  const [unit, wide] = [step / parts, parts + 1];
  /** @type {OnNodes["fine"]} */
  const fine = new Map();
  if (parts > 1) {
    for (const i of chosen) {
      const own = onNodes(motion, { x: x + (i % columns) * step, y: y + Math.floor(i / columns) * step, step: unit, columns: wide, rows: wide });
      const side = (/** @type {number} */ neighbour, /** @type {number} */ from, /** @type {number} */ by, /** @type {number} */ a, /** @type {number} */ b) => {
        if (chosen.has(neighbour)) return;
        for (let k = 0; k <= parts; k++) {
          for (let axis = 0; axis < 2; axis++) own[2 * (from + k * by) + axis] = nodes[2 * a + axis] + (k / parts) * (nodes[2 * b + axis] - nodes[2 * a + axis]);
        }
      };
      side(i - columns, 0, 1, i, i + 1);
      side(i + columns, parts * wide, 1, i + columns, i + columns + 1);
      side(i - 1, 0, wide, i, i + columns);
      side(i + 1, parts, wide, i + 1, i + columns + 1);
      fine.set(i, own);
    }
  }
  return { ...grid, nodes, fine, unit, pieces: null };
}

/** The squares within a radius around handles. @param {readonly Cell[]} handles @param {Float64Array} radius 0 for none
 * @param {Grid} grid */
function squaresAround(handles, radius, { x, y, step, columns, rows }) {
  /** @type {Set<number>} */
  const found = new Set();
  handles.forEach((handle, k) => {
    if (!(radius[k] > 0)) return;
    const span = (/** @type {number} */ at, /** @type {number} */ first, /** @type {number} */ count) => [
      Math.max(Math.floor((at - radius[k] - first) / step), 0),
      Math.min(Math.ceil((at + radius[k] - first) / step), count - 1),
    ];
    const [left, right] = span(handle[0], x, columns);
    const [top, bottom] = span(handle[1], y, rows);
    for (let row = top; row < bottom; row++) for (let column = left; column < right; column++) found.add(row * columns + column);
  });
  return found;
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
  if (choice === "nearest-4") return radius.fill(handles.length > 1 ? 2 * step : 0);
  apartAndUnlike(handles, vectors, (i, j, apart, unlike) => {
    if (unlike * step ** 2 > 2 * MISS * apart ** 2) [i, j].forEach((k) => widen(k, AROUND * apart));
  });
  return radius;
}

/** The squares that tear in part only. @param {Float64Array} nodes @param {Grid} grid */
function torn(nodes, { step, columns, rows }) {
  /** @type {Set<number>} */
  const found = new Set();
  const far = (TEAR * step) ** 2;
  for (let row = 0; row + 1 < rows; row++) {
    for (let i = row * columns; i + 1 < (row + 1) * columns; i++) {
      let count = 0;
      for (const from of [i, i + columns]) if ((step + nodes[2 * from + 2] - nodes[2 * from]) ** 2 + (nodes[2 * from + 3] - nodes[2 * from + 1]) ** 2 > far) count++;
      for (const from of [i, i + 1]) {
        const to = from + columns;
        if ((nodes[2 * to] - nodes[2 * from]) ** 2 + (step + nodes[2 * to + 1] - nodes[2 * from + 1]) ** 2 > far) count++;
      }
      if (count > 0 && count < 4) found.add(i);
    }
  }
  return found;
}

/** The handle that is nearest to each node of a grid. @param {Grid} grid @param {readonly Cell[]} handles */
function nearestOnNodes({ x, y, step, columns, rows }, handles) {
  return Uint16Array.from({ length: columns * rows }, (_, i) =>
    nearestHandle(handles, x + (i % columns) * step, y + Math.floor(i / columns) * step),
  );
}

/** Squares whose corners do not have the same value. @param {Uint16Array} chosen @param {Grid} grid */
function mixed(chosen, { columns, rows }) {
  /** @type {Set<number>} */
  const found = new Set();
  for (let row = 0; row + 1 < rows; row++) {
    for (let i = row * columns; i + 1 < (row + 1) * columns; i++) {
      const one = chosen[i];
      if (chosen[i + 1] !== one || chosen[i + columns] !== one || chosen[i + columns + 1] !== one) found.add(i);
    }
  }
  return found;
}

/** Nodes over a part and one more all round, since the cells at its border are half outside.
 * @param {Pick<Part, "width"|"height">} part @param {number} [step] @returns {Grid} */
function gridOver({ width, height }, step = Math.max(LEAST_STEP, Math.floor(Math.max(width, height) / NODES))) {
  const count = (/** @type {number} */ size) => Math.ceil((size - 1) / step) + 3;
  return { x: -step, y: -step, step, columns: count(width), rows: count(height) };
}

/** A motion of a part. @param {Motion} motion @param {Part} part @returns {OnNodes} */
export function even(motion, part) {
  const grid = gridOver(part);
  return refined(motion, grid, onNodes(motion, grid), new Set());
}

/** A part that moves as a whole. @param {Exclude<Choice, "stretch">} choice @param {Part} part
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets @returns {OnNodes} */
export function free(choice, part, handles, targets) {
  if (choice === "arap") {
    const { motion, step } = arap(part, handles, targets);
    const grid = gridOver(part, step / Math.ceil(step / TURN_STEP));
    const nodes = onNodes(motion, grid);
    return refined(motion, grid, nodes, torn(nodes, grid));
  }
  const motion = motionOf(choice, handles, targets);
  if (choice === "nearest") {
    const grid = gridOver(part, BLOCK);
    return { ...grid, nodes: onNodes(motion, grid), fine: new Map(), unit: 1, pieces: { chosen: nearestOnNodes(grid, handles), motion } };
  }
  const grid = gridOver(part);
  return refined(motion, grid, onNodes(motion, grid), squaresAround(handles, bent(choice, grid.step, handles, targets), grid));
}

/** A part of a sheet that is held at a circle. @param {Circle} circle @param {Part} part @param {readonly Cell[]} handles
 * @param {readonly Cell[]} targets @returns {OnNodes} */
function stretched({ x, y, radius }, part, handles, targets) {
  const motion = stretching(handles, targets, { x: x - part.left, y: y - part.top, radius });
  const grid = gridOver(part);
  return refined(motion, grid, onNodes(motion, grid), squaresAround(handles, bent("stretch", grid.step, handles, targets), grid));
}

/** A part that is held at its border. @param {Exclude<Choice, "stretch">} choice @param {Part} part @param {HeldRegion} held
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets @returns {OnNodes} */
function elastic(choice, part, held, handles, targets) {
  const { lattice } = held;
  const { width, height } = lattice;
  const [x, y] = lattice.centre(0);
  if (choice === "rigid" || choice === "similarity" || choice === "affine") {
    const { nodes, displacement, radius } = held.moved(choice, targets);
    const grid = { x, y, step: lattice.step, columns: width, rows: height };
    return refined(displacement, grid, nodes, squaresAround(held.handles, radius, grid));
  }
  const motion = choice === "arap" ? arap(part, handles, targets).motion : motionOf(choice, handles, targets);
  const fade = held.fade();
  /** @type {Motion} */
  const faded = (atX, atY, out, i) => {
    const part = lattice.read(fade, atX, atY);
    if (part === 0) {
      out[i] = 0;
      out[i + 1] = 0;
      return;
    }
    motion(atX, atY, out, i);
    out[i] *= part;
    out[i + 1] *= part;
  };
  const parts = choice === "nearest" ? 1 : Math.ceil(lattice.step / (choice === "arap" ? TURN_STEP : STEEP_STEP));
  const grid = { x, y, step: lattice.step / parts, columns: (width - 1) * parts + 1, rows: (height - 1) * parts + 1 };
  const nodes = onNodes(faded, grid);
  if (choice === "arap") return refined(faded, grid, nodes, new Set());
  const squares = choice === "nearest" ? mixed(nearestOnNodes(grid, handles), grid) : squaresAround(handles, bent(choice, grid.step, handles, targets), grid);
  return refined(faded, grid, nodes, squares);
}

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
   * @returns {{moved: Moved[], astray: number[]}}
   */
  displace(handles, targets, choice, border) {
    const asOne = choice === "stretch";
    const found = asOne ? [] : handles.map((handle) => this.#partAt(handle));
    const gone = (/** @type {number} */ k) => Math.hypot(targets[k][0] - handles[k][0], targets[k][1] - handles[k][1]) > 0;
    const astray = [...found.keys()].filter((k) => !found[k] && gone(k));
    const moved = this.parts.flatMap((part, i) => {
      const own = [...handles.keys()].filter((k) => asOne || found[k] === i + 1);
      if (!own.length) return [];
      const inBox = (/** @type {readonly Cell[]} */ points) =>
        own.map((k) => /** @type {Cell} */ ([points[k][0] - part.left, points[k][1] - part.top]));
      const [from, to] = [inBox(handles), inBox(targets)];
      if (choice === "stretch") return [this.placed(stretched(this.#circle(), part, from, to), i + 1)];
      const motion = border === "free" ? free(choice, part, from, to) : elastic(choice, part, this.#heldRegion(i + 1, from), from, to);
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

/**
 * Displacement of a cell that a motion knows, bilinear between its nodes. @param {Moved} moved
 * @param {number} x @param {number} y @returns {[number, number]}
 */
export function displacementAt({ x: left, y: top, step, columns, rows, nodes, fine, unit, pieces }, x, y) {
  if (pieces) {
    const one = new Float64Array(2);
    pieces.motion(x, y, one, 0);
    return [one[0], one[1]];
  }
  const column = Math.min(Math.max(Math.floor((x - left) / step), 0), columns - 2);
  const row = Math.min(Math.max(Math.floor((y - top) / step), 0), rows - 2);
  let [values, stride, first] = [nodes, columns, row * columns + column];
  let [u, v] = [(x - left) / step - column, (y - top) / step - row];
  const own = fine.get(first);
  if (own) {
    const parts = Math.round(step / unit);
    const [subColumn, subRow] = [Math.min(Math.floor(u * parts), parts - 1), Math.min(Math.floor(v * parts), parts - 1)];
    [values, stride, first] = [own, parts + 1, subRow * (parts + 1) + subColumn];
    [u, v] = [u * parts - subColumn, v * parts - subRow];
  }
  const at = (/** @type {number} */ axis) => {
    const i = 2 * first + axis;
    const above = values[i] + u * (values[i + 2] - values[i]);
    const below = values[i + 2 * stride] + u * (values[i + 2 * stride + 2] - values[i + 2 * stride]);
    return above + v * (below - above);
  };
  return [at(0), at(1)];
}
