// @ts-check
// A smooth motion on nodes that are some cells apart, and cell by cell where it bends or tears more than nodes can show, as
// kernels/motion/nodes.py has it.

import { TEAR } from "./moved_picture.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {import("./connected_parts.mjs").Part} Part */
/** @typedef {(x: number, y: number, out: Float64Array, i: number) => void} Motion writes the displacement of a place */
/** @typedef {{readonly x: number, readonly y: number, readonly step: number, readonly columns: number,
 *  readonly rows: number}} Grid of nodes; x, y: of the first, step: cells between two */
/** @typedef {Grid & {readonly nodes: Float64Array, readonly fine: Map<number, Float64Array>, readonly unit: number,
 *  readonly pieces: {readonly chosen: Uint16Array, readonly motion: Motion}|null}} OnNodes nodes: displacements, x and y
 *  interleaved; fine: for the square that begins at a node, those of nodes that are a unit apart; pieces: every cell moves
 *  as it is, like others in its square if the chosen handle is the same at all corners */

// nodes along the longer side of a part, as in the kernel, and the least cells between two where there are more of them
const NODES = 128;
const LEAST_STEP = 4;

/** Cells between the nodes of a part. @param {Pick<Part, "width"|"height">} part */
function stepOf({ width, height }) {
  const longest = Math.max(width, height);
  return longest > NODES ? Math.max(LEAST_STEP, Math.floor(longest / NODES)) : 1;
}

/** Displacements on nodes. @param {Motion} motion @param {Grid} grid */
export function onNodes(motion, { x, y, step, columns, rows }) {
  const nodes = new Float64Array(2 * columns * rows);
  for (let i = 0, row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i += 2) motion(x + column * step, y + row * step, nodes, i);
  }
  return nodes;
}

/** Nodes over a part and one more all round, since the cells at its border are half outside.
 * @param {Pick<Part, "width"|"height">} part @param {number} [step] @returns {Grid} */
export function gridOver(part, step = stepOf(part)) {
  const count = (/** @type {number} */ size) => Math.ceil((size - 1) / step) + 3;
  return { x: -step, y: -step, step, columns: count(part.width), rows: count(part.height) };
}

/**
 * The same, with some squares cell by cell; at the border of these they agree with the nodes, so that nothing tears.
 * @param {Motion} motion @param {Grid} grid @param {Float64Array} nodes @param {Set<number>} chosen squares
 * @returns {OnNodes}
 */
export function refined(motion, grid, nodes, chosen) {
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

/** A motion of a part. @param {Motion} motion @param {Part} part @returns {OnNodes} */
export function even(motion, part) {
  const grid = gridOver(part);
  return refined(motion, grid, onNodes(motion, grid), new Set());
}

/** The squares within a radius around handles. @param {readonly Cell[]} handles @param {Float64Array} radius 0 for none
 * @param {Grid} grid */
export function squaresAround(handles, radius, { x, y, step, columns, rows }) {
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

/** The squares that tear in part only. @param {Float64Array} nodes @param {Grid} grid */
export function torn(nodes, { step, columns, rows }) {
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

/** Squares whose corners do not have the same value. @param {Uint16Array} chosen @param {Grid} grid */
export function mixed(chosen, { columns, rows }) {
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

/**
 * Displacement of a cell that a motion knows, bilinear between its nodes. @param {OnNodes} moved
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
