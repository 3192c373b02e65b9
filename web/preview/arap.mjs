// @ts-check
// As-rigid-as-possible motion of a grid of squares, with the numbers of kernels/motion/arap.py.

import { movingLeastSquares } from "./moving_least_squares.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {import("./connected_parts.mjs").Part} Part */

// as in the kernel, where they are explained
const SQUARES = 24;
const ITERATIONS = 40;
const HANDLE = 1e3;
const GUESS = 1e-6;

/** The squares (1) of side step that hold pixels of a part. @param {Part} part @param {number} step */
function usedSquares({ region, width, height }, step) {
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const used = new Uint8Array(columns * rows);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / step) * columns;
    for (let column = 0; column < columns; column++) {
      const i = row + column;
      if (used[i]) continue;
      const start = y * width + column * step;
      const stop = Math.min(start + step, (y + 1) * width);
      for (let x = start; x < stop && !used[i]; x++) used[i] = region[x];
    }
  }
  return { used, columns, rows };
}

/** A positive definite matrix with nothing farther from its diagonal than `band`. */
class Banded {
  /** @param {number} size @param {number} band */
  constructor(size, band) {
    this.size = size;
    this.band = band;
    // row by row, the diagonal last
    this.rows = new Float64Array(size * (band + 1));
  }

  /** @param {number} i @param {number} j not above i @param {number} value */
  add(i, j, value) {
    this.rows[i * (this.band + 1) + this.band + j - i] += value;
  }

  /** Cholesky's factor in place. */
  factorise() {
    const { size, band, rows } = this;
    const wide = band + 1;
    for (let i = 0; i < size; i++) {
      for (let j = Math.max(i - band, 0); j <= i; j++) {
        const [own, other] = [i * wide + band - i, j * wide + band - j];
        let sum = rows[own + j];
        for (let k = Math.max(i - band, 0); k < j; k++) sum -= rows[own + k] * rows[other + k];
        rows[own + j] = j < i ? sum / rows[other + j] : Math.sqrt(sum);
      }
    }
  }

  /** Solves for two right sides, x and y interleaved, in place. @param {Float64Array} right */
  solve(right) {
    const { size, band, rows } = this;
    for (let i = 0; i < size; i++) {
      const own = i * (band + 1) + band - i;
      let x = right[2 * i];
      let y = right[2 * i + 1];
      for (let k = Math.max(i - band, 0); k < i; k++) {
        const value = rows[own + k];
        x -= value * right[2 * k];
        y -= value * right[2 * k + 1];
      }
      right[2 * i] = x / rows[own + i];
      right[2 * i + 1] = y / rows[own + i];
    }
    for (let i = size - 1; i >= 0; i--) {
      const own = i * (band + 1) + band - i;
      const x = (right[2 * i] /= rows[own + i]);
      const y = (right[2 * i + 1] /= rows[own + i]);
      for (let k = Math.max(i - band, 0); k < i; k++) {
        const value = rows[own + k];
        right[2 * k] -= value * x;
        right[2 * k + 1] -= value * y;
      }
    }
  }
}

/** The used square nearest to a handle, by the farther of its two distances, and the weights of its corners.
 * @param {Cell} handle @param {ReturnType<typeof usedSquares>} squares @param {number} step */
function tied([x, y], { used, columns }, step) {
  let [best, least] = [0, Infinity];
  used.forEach((one, i) => {
    if (!one) return;
    const distance = Math.max(Math.abs(x / step - (i % columns) - 0.5), Math.abs(y / step - Math.floor(i / columns) - 0.5));
    if (distance < least) [best, least] = [i, distance];
  });
  const [column, row] = [best % columns, Math.floor(best / columns)];
  const [u, v] = [x / step - column, y / step - row];
  const corner = row * (columns + 1) + column;
  const corners = [corner, corner + 1, corner + columns + 1, corner + columns + 2];
  return { corners, weights: [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v] };
}

/**
 * Displacements, x and y interleaved, of the corners of the squares of a part: columns x rows of them, step apart, the
 * first at its first cell. Those of unused squares go on straight beside used ones.
 * @param {Part} part @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 */
export function arapNodes(part, handles, targets) {
  const step = Math.max(1, Math.ceil(Math.max(part.width, part.height) / SQUARES));
  const squares = usedSquares(part, step);
  const [columns, rows] = [squares.columns + 1, squares.rows + 1];
  const count = columns * rows;
  const taken = new Uint8Array(count);
  /** @type {number[]} first corners of the used squares */
  const first = [];
  squares.used.forEach((used, i) => {
    if (!used) return;
    const corner = Math.floor(i / squares.columns) * columns + (i % squares.columns);
    first.push(corner);
    for (const at of [corner, corner + 1, corner + columns, corner + columns + 1]) taken[at] = 1;
  });

  const system = new Banded(count, columns + 1);
  for (let i = 0; i < count; i++) system.add(i, i, taken[i] ? GUESS : 1);
  for (const corner of first) {
    const corners = [corner, corner + 1, corner + columns, corner + columns + 1];
    corners.forEach((i, a) => {
      for (let b = 0; b <= a; b++) system.add(i, corners[b], a === b ? 0.75 : -0.25);
    });
  }
  const fixed = new Float64Array(2 * count);
  const moved = new Float64Array(2 * count);
  const guess = movingLeastSquares("rigid", handles, targets);
  for (let i = 0; i < count; i++) {
    if (!taken[i]) continue;
    guess((i % columns) * step, Math.floor(i / columns) * step, moved, 2 * i);
    fixed[2 * i] = GUESS * moved[2 * i];
    fixed[2 * i + 1] = GUESS * moved[2 * i + 1];
  }
  handles.forEach((handle, k) => {
    const { corners, weights } = tied(handle, squares, step);
    corners.forEach((i, a) => {
      for (let b = 0; b <= a; b++) system.add(i, corners[b], HANDLE * weights[a] * weights[b]);
      fixed[2 * i] += HANDLE * weights[a] * (targets[k][0] - handle[0]);
      fixed[2 * i + 1] += HANDLE * weights[a] * (targets[k][1] - handle[1]);
    });
  });
  system.factorise();

  const right = new Float64Array(2 * count);
  const half = step / 2;
  for (let round = 0; round < ITERATIONS; round++) {
    right.set(fixed);
    for (let k = 0; k < first.length; k++) {
      const p = 2 * first[k];
      const q = p + 2 * columns;
      // moves of the corners along and across the diagonals; where they were has turned by nothing
      const downX = moved[q + 2] - moved[p];
      const downY = moved[q + 3] - moved[p + 1];
      const upX = moved[p + 2] - moved[q];
      const upY = moved[p + 3] - moved[q + 1];
      const a = 4 * half * step + half * (downX + downY + upX - upY);
      const b = half * (downY - downX + upY + upX);
      const length = Math.max(Math.sqrt(a * a + b * b), 1e-12);
      const cos = (a / length - 1) * half;
      const sin = (b / length) * half;
      // a corner at (s, t) half sides from the middle turns by (cos s - sin t, sin s + cos t)
      right[p] += sin - cos;
      right[p + 1] -= sin + cos;
      right[p + 2] += cos + sin;
      right[p + 3] += sin - cos;
      right[q] -= cos + sin;
      right[q + 1] += cos - sin;
      right[q + 2] += cos - sin;
      right[q + 3] += sin + cos;
    }
    system.solve(right);
    for (let i = 0; i < count; i++) {
      if (!taken[i]) continue;
      moved[2 * i] = right[2 * i];
      moved[2 * i + 1] = right[2 * i + 1];
    }
  }
  return { nodes: moved, taken, step, columns, rows };
}

/** Goes on straight from taken nodes to those beside them. @param {ReturnType<typeof arapNodes>} grid */
function continued({ nodes, taken, step, columns, rows }) {
  const [wide, high] = [columns + 2, rows + 2];
  const out = new Float64Array(2 * wide * high);
  const known = new Uint8Array(wide * high);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const i = row * columns + column;
      const at = (row + 1) * wide + column + 1;
      known[at] = taken[i];
      out.set(nodes.subarray(2 * i, 2 * i + 2), 2 * at);
    }
  }
  // along rows, then along columns, which also continues the corners
  for (const [along, length, across, lines] of [[1, wide, wide, high], [wide, high, 1, wide]]) {
    const before = known.slice();
    for (let line = 0; line < lines; line++) {
      for (let k = 0; k < length; k++) {
        const i = line * across + k * along;
        if (before[i]) continue;
        for (const to of [along, -along]) {
          const room = to > 0 ? k + 2 < length : k >= 2;
          if (known[i] || !room || !before[i + to] || !before[i + 2 * to]) continue;
          for (let axis = 0; axis < 2; axis++) out[2 * i + axis] = 2 * out[2 * (i + to) + axis] - out[2 * (i + 2 * to) + axis];
          known[i] = 1;
        }
      }
    }
  }
  return { nodes: out, step, columns: wide, rows: high };
}

/**
 * A function that writes the displacement of a place x, y of a part by the drags into out[i], out[i + 1]; and how far
 * apart the nodes are between which it is bilinear, the first at 0, 0.
 * @param {Part} part @param {readonly Cell[]} handles @param {readonly Cell[]} targets
 */
export function arap(part, handles, targets) {
  const { nodes, step, columns, rows } = continued(arapNodes(part, handles, targets));
  /** @param {number} x @param {number} y @param {Float64Array} out @param {number} i */
  const motion = (x, y, out, i) => {
    const column = Math.min(Math.max(Math.floor(x / step) + 1, 0), columns - 2);
    const row = Math.min(Math.max(Math.floor(y / step) + 1, 0), rows - 2);
    const u = x / step + 1 - column;
    const v = y / step + 1 - row;
    for (let axis = 0; axis < 2; axis++) {
      const k = 2 * (row * columns + column) + axis;
      const above = nodes[k] + u * (nodes[k + 2] - nodes[k]);
      const below = nodes[k + 2 * columns] + u * (nodes[k + 2 * columns + 2] - nodes[k + 2 * columns]);
      out[i + axis] = above + v * (below - above);
    }
  };
  return { motion, step };
}
