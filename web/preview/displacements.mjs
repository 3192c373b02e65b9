// @ts-check
// The choices of a displacement, as kernels/motion/displacements.py has them: how the drags at a few handles move a part of
// a region. The motion of a part is known on nodes.

import { arap } from "./arap.mjs";
import { apartAndUnlike } from "./elastic.mjs";
import { stretching } from "./lwf.mjs";
import { movingLeastSquares } from "./moving_least_squares.mjs";
import { nearest, nearest4, nearestHandle } from "./nearest.mjs";
import { gridOver, mixed, onNodes, refined, squaresAround, torn } from "./on_nodes.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {import("./connected_parts.mjs").Part} Part */
/** @typedef {import("./elastic.mjs").HeldRegion} HeldRegion */
/** @typedef {import("./turns.mjs").Turns} Turns */
/** @typedef {import("./on_nodes.mjs").Motion} Motion */
/** @typedef {import("./on_nodes.mjs").Grid} Grid */
/** @typedef {import("./on_nodes.mjs").OnNodes} OnNodes */
/** @typedef {{readonly x: number, readonly y: number, readonly radius: number}} Circle */
/** @typedef {"stretch"|"rigid"|"similarity"|"affine"|"arap"|"nearest"|"nearest-4"} Choice */
/** @typedef {"free"|"held"} Border */

// as in the kernels, where they are explained
const MISS = 1;
const AROUND = 3;
const STRETCH_MISS = 0.25;
// cells between nodes: of a block that moves as one, of weights that are steep at handles, of squares that turn
const BLOCK = 8;
const STEEP_STEP = 4;
const TURN_STEP = 8;

/** @param {Exclude<Choice, "arap"|"stretch">} choice @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 * @param {Turns|null} [turns] at the handles, which moving least squares follow @returns {Motion} */
function motionOf(choice, handles, targets, turns = null) {
  if (choice === "nearest") return nearest(handles, targets);
  if (choice === "nearest-4") return nearest4(handles, targets);
  return movingLeastSquares(choice, handles, targets, turns);
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

/** The handle that is nearest to each node of a grid. @param {Grid} grid @param {readonly Cell[]} handles */
function nearestOnNodes({ x, y, step, columns, rows }, handles) {
  return Uint16Array.from({ length: columns * rows }, (_, i) =>
    nearestHandle(handles, x + (i % columns) * step, y + Math.floor(i / columns) * step),
  );
}

/** A part that moves as a whole. @param {Exclude<Choice, "stretch">} choice @param {Part} part
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets @param {Turns|null} [turns]
 * @returns {OnNodes} */
export function free(choice, part, handles, targets, turns = null) {
  if (choice === "arap") {
    const { motion, step } = arap(part, handles, targets);
    const grid = gridOver(part, step / Math.ceil(step / TURN_STEP));
    const nodes = onNodes(motion, grid);
    return refined(motion, grid, nodes, torn(nodes, grid));
  }
  const motion = motionOf(choice, handles, targets, turns);
  if (choice === "nearest") {
    const grid = gridOver(part, BLOCK);
    return { ...grid, nodes: onNodes(motion, grid), fine: new Map(), unit: 1, pieces: { chosen: nearestOnNodes(grid, handles), motion } };
  }
  const grid = gridOver(part);
  return refined(motion, grid, onNodes(motion, grid), squaresAround(handles, bent(choice, grid.step, handles, targets), grid));
}

/** A part of a sheet that is held at a circle. @param {Circle} circle @param {Part} part @param {readonly Cell[]} handles
 * @param {readonly Cell[]} targets @returns {OnNodes} */
export function stretched({ x, y, radius }, part, handles, targets) {
  const motion = stretching(handles, targets, { x: x - part.left, y: y - part.top, radius });
  const grid = gridOver(part);
  return refined(motion, grid, onNodes(motion, grid), squaresAround(handles, bent("stretch", grid.step, handles, targets), grid));
}

/** A part that is held at its border. @param {Exclude<Choice, "stretch">} choice @param {Part} part @param {HeldRegion} held
 * @param {readonly Cell[]} handles @param {readonly Cell[]} targets @param {Turns|null} [turns] @returns {OnNodes} */
export function elastic(choice, part, held, handles, targets, turns = null) {
  const { lattice } = held;
  const { width, height } = lattice;
  const [x, y] = lattice.centre(0);
  if (choice === "rigid" || choice === "similarity" || choice === "affine") {
    const { nodes, displacement, radius } = held.moved(choice, targets, turns);
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
