// @ts-check
// Elastic motion held at the border of a region, with the numbers of kernels/motion/elastic.py: a motion that fits the
// drags times a biharmonic fade, in steps so short that none folds.

import { cellsAround } from "./clamped_plate.mjs";
import { movingLeastSquares } from "./moving_least_squares.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {import("./turns.mjs").Turns} Turns */
/** @typedef {{readonly choice: import("./moving_least_squares.mjs").MovingLeastSquares, readonly fade: Float64Array,
 *  readonly from: readonly Cell[], readonly to: readonly Cell[], readonly share: number}} Step share: of the way */

// as in the kernel, where they are explained
const CELLS = 64;
const COVERED = 0.75;
export const PAD = 2;
const SAMPLES = 33;
const BEND = 0.5;
const STEPS = 16;

/** @param {readonly Cell[]} points @param {readonly Cell[]} vectors @param {number} time @returns {Cell[]} */
const along = (points, vectors, time) => points.map(([x, y], k) => [x + time * vectors[k][0], y + time * vectors[k][1]]);

/**
 * The distance of each handle from each other one and the length of what their drags differ by.
 * @param {readonly Cell[]} handles @param {readonly Cell[]} vectors
 * @param {(i: number, j: number, apart: number, unlike: number) => void} pair
 */
export function apartAndUnlike(handles, vectors, pair) {
  for (let i = 0; i < handles.length; i++) {
    for (let j = 0; j < i; j++) {
      const [x, y, u, v] = [handles[i][0] - handles[j][0], handles[i][1] - handles[j][1], vectors[i][0] - vectors[j][0], vectors[i][1] - vectors[j][1]];
      pair(i, j, Math.sqrt(x * x + y * y), Math.sqrt(u * u + v * v));
    }
  }
}

/** A region [height, width] on the lattice of its plate: which cells are inside, before handles add theirs. */
export class Lattice {
  /** @param {Uint8Array} region not empty @param {number} width @param {number} height */
  constructor(region, width, height) {
    this.region = region;
    this.size = /** @type {const} */ ([width, height]);
    const step = Math.ceil(Math.max(width, height) / CELLS);
    this.step = step;
    const margin = (step - 1) >> 1;
    const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
    const covered = new Float64Array(columns * rows);
    const above = new Float64Array(width + 1);
    for (let row = 0; row < rows; row++) {
      const [top, bottom] = [row * step - margin, Math.min((row + 1) * step + margin, height + margin)];
      // of the rows that count, the sum of all columns before each
      above.fill(0);
      for (let y = Math.max(top, 0); y < Math.min(bottom, height); y++) {
        for (let x = 0, i = y * width; x < width; x++, i++) above[x + 1] += region[i];
      }
      for (let x = 0; x < width; x++) above[x + 1] += above[x];
      for (let column = 0; column < columns; column++) {
        const [left, right] = [column * step - margin, Math.min((column + 1) * step + margin, width + margin)];
        const sum = above[Math.min(right, width)] - above[Math.max(left, 0)];
        covered[row * columns + column] = sum / ((bottom - top) * (right - left));
      }
    }
    const least = Math.min(covered.reduce((a, b) => Math.max(a, b)), COVERED);
    this.width = columns + 2 * PAD;
    this.height = rows + 2 * PAD;
    this.inside = new Uint8Array(this.width * this.height);
    covered.forEach((part, i) => {
      // the kernel's are in single precision
      if (part >= least - 1e-7) this.inside[(Math.floor(i / columns) + PAD) * this.width + (i % columns) + PAD] = 1;
    });
  }

  /** @param {Cell} point @returns {[number, number]} */
  at([x, y]) {
    const { step } = this;
    return [(x - (step - 1) / 2) / step + PAD, (y - (step - 1) / 2) / step + PAD];
  }

  /** Centre of the lattice cell i. @param {number} i @returns {[number, number]} */
  centre(i) {
    const { step, width } = this;
    return [((i % width) - PAD) * step + (step - 1) / 2, (Math.floor(i / width) - PAD) * step + (step - 1) / 2];
  }

  /** Value of a field at a point. @param {Float64Array} field @param {number} x @param {number} y */
  read(field, x, y) {
    const { step, width, height } = this;
    const u = (x - (step - 1) / 2) / step + PAD;
    const v = (y - (step - 1) / 2) / step + PAD;
    const column = Math.floor(u);
    const row = Math.floor(v);
    // nothing is inside on the last of the lattice's cells
    if (column < 0 || row < 0 || column >= width - 1 || row >= height - 1) return 0;
    const i = row * width + column;
    const above = field[i] + (u - column) * (field[i + 1] - field[i]);
    const below = field[i + width] + (u - column) * (field[i + width + 1] - field[i + width]);
    return above + (v - row) * (below - above);
  }

  /** Whether a point lies in the region. @param {Cell} point */
  holds([x, y]) {
    const [column, row] = [Math.round(x), Math.round(y)];
    const [width, height] = this.size;
    return column >= 0 && row >= 0 && column < width && row < height && this.region[row * width + column] === 1;
  }
}

/** A region that is held at its border and pulled at handles; a handle outside pulls where the region is nearest. */
export class HeldRegion {
  /** what it was made for */
  key = "";
  /** @type {Float64Array|undefined} */ faded;

  /** @param {Lattice} lattice @param {readonly Cell[]} handles @param {import("./clamped_plate.mjs").Plates} plates */
  constructor(lattice, handles, plates) {
    this.lattice = lattice;
    /** @type {Cell[]} */
    this.shift = handles.map((handle) => {
      if (lattice.holds(handle)) return [0, 0];
      let [best, least] = [handle, Infinity];
      lattice.inside.forEach((inside, i) => {
        if (!inside) return;
        const centre = lattice.centre(i);
        const distance = (centre[0] - handle[0]) ** 2 + (centre[1] - handle[1]) ** 2;
        if (distance < least) [best, least] = [centre, distance];
      });
      return [best[0] - handle[0], best[1] - handle[1]];
    });
    this.handles = along(handles, this.shift, 1);
    const inside = lattice.inside.slice();
    for (const handle of this.handles) {
      cellsAround(lattice.at(handle), (column, row) => {
        inside[row * lattice.width + column] = 1;
      });
    }
    this.plate = plates.plate(inside, lattice.width, lattice.height);
  }

  /** @param {readonly (readonly Cell[])[]} places of the handles */
  #fades(places) {
    const { lattice, plate } = this;
    const lifts = places.map((points) => ({ points: points.map((point) => lattice.at(point)), values: points.map(() => 1) }));
    const fades = plate.lifted(lifts);
    for (const fade of fades) for (let i = 0; i < fade.length; i++) fade[i] = Math.max(fade[i], 0);
    return fades;
  }

  /** On the lattice: 1 at the handles, 0 at the border. */
  fade() {
    return (this.faded ??= this.#fades([this.handles])[0].map((value) => Math.min(value, 1)));
  }

  /** Times from 0 to 1 between which every step bends as much; the last begins where a path leaves the region.
   * @param {readonly Cell[]} vectors @param {Turns|null} turns */
  #times(vectors, turns) {
    const { handles, lattice, plate } = this;
    const { step } = lattice;
    const bend = new Float64Array(SAMPLES).fill(turns ? turns.bend : 0);
    const total = new Float64Array(SAMPLES);
    let [stays, kept] = [true, 0];
    for (let t = 0; t < SAMPLES; t++) {
      const path = along(handles, vectors, t / (SAMPLES - 1));
      path.forEach((point, k) => {
        const at = lattice.at(point);
        if (stays) {
          let within = 0;
          cellsAround(at, (column, row, weight) => {
            const there = column >= 0 && row >= 0 && column < plate.width && row < plate.height;
            if (there && plate.inside[row * plate.width + column]) within += weight;
          });
          stays = within > 0.999;
        }
        const length = Math.hypot(...vectors[k]);
        bend[t] = Math.max(bend[t], length / Math.max(plate.space(at) * step, step));
      });
      apartAndUnlike(path, vectors, (i, j, apart, unlike) => {
        bend[t] = Math.max(bend[t], unlike / Math.max(apart, step));
      });
      if (stays) kept++;
      if (t > 0) total[t] = total[t - 1] + (stays ? (bend[t] + bend[t - 1]) / (2 * SAMPLES - 2) : 0);
    }
    const bends = total[SAMPLES - 1];
    const until = (kept - 1) / (SAMPLES - 1);
    const steps = Math.min(STEPS, Math.max(1, Math.ceil(bends / BEND)));
    const starts = Array.from({ length: steps }, (_, k) => {
      const goal = (bends * k) / steps;
      let right = 1;
      while (right < SAMPLES - 1 && total[right] <= goal) right++;
      const part = (goal - total[right - 1]) / Math.max(total[right] - total[right - 1], 1e-12);
      return Math.min((right - 1 + part) / (SAMPLES - 1), until);
    });
    return until < 1 ? [...starts, until, 1] : [...starts, until];
  }

  /** The steps, to be taken in turn. @param {Step["choice"]} choice @param {readonly Cell[]} vectors @param {Turns|null} turns
   * @returns {Step[]} */
  #steps(choice, vectors, turns) {
    const times = this.#times(vectors, turns);
    const path = times.map((time) => along(this.handles, vectors, time));
    const later = path.slice(1, -1);
    const fades = [this.fade(), ...(later.length ? this.#fades(later) : [])];
    return fades.map((fade, k) => ({ choice, fade, from: path[k], to: path[k + 1], share: times[k + 1] - times[k] }));
  }

  /**
   * The motion by drags to targets: its displacements on the lattice (x, y interleaved), what it does at any place, and
   * how far around each handle the lattice is too coarse for it.
   * @param {Step["choice"]} choice @param {readonly Cell[]} targets @param {Turns|null} [turns]
   */
  moved(choice, targets, turns = null) {
    const { lattice, plate, handles, shift } = this;
    const vectors = targets.map(([x, y], k) => /** @type {Cell} */ ([x + shift[k][0] - handles[k][0], y + shift[k][1] - handles[k][1]]));
    const steps = this.#steps(choice, vectors, turns).map(({ fade, from, to, share }) => ({
      fade, move: movingLeastSquares(choice, from, to, turns && turns.part(share)),
    }));
    const by = new Float64Array(2);
    /** @param {number} x @param {number} y @param {Float64Array} out @param {number} i */
    const displacement = (x, y, out, i) => {
      let endX = x;
      let endY = y;
      for (let k = 0; k < steps.length; k++) {
        const { fade, move } = steps[k];
        const part = Math.min(lattice.read(fade, endX, endY), 1);
        if (part <= 0) continue;
        move(endX, endY, by, 0);
        endX += part * by[0];
        endY += part * by[1];
      }
      out[i] = endX - x;
      out[i + 1] = endY - y;
    };
    const radius = new Float64Array(handles.length);
    apartAndUnlike(handles, vectors, (i, j, apart, unlike) => {
      if (apart >= lattice.step || unlike * lattice.step ** 2 <= apart ** 2) return;
      for (const k of [i, j]) radius[k] = Math.max(radius[k], apart + lattice.step);
    });

    const { inside } = plate;
    const nodes = new Float64Array(2 * inside.length);
    for (let i = 0, row = 0; row < lattice.height; row++) {
      const y = (row - PAD) * lattice.step + (lattice.step - 1) / 2;
      for (let column = 0; column < lattice.width; column++, i++) {
        if (inside[i]) displacement((column - PAD) * lattice.step + (lattice.step - 1) / 2, y, nodes, 2 * i);
      }
    }
    // what the lattice misses between its cells
    const read = new Float64Array(2);
    const points = handles.map((handle) => lattice.at(handle));
    const missed = handles.map((_, k) => {
      if (radius[k] > 0) return [0, 0];
      read.fill(0);
      cellsAround(points[k], (column, row, weight) => {
        const i = 2 * (row * lattice.width + column);
        read[0] += weight * nodes[i];
        read[1] += weight * nodes[i + 1];
      });
      return [vectors[k][0] - read[0], vectors[k][1] - read[1]];
    });
    plate.lifted([0, 1].map((axis) => ({ points, values: missed.map((miss) => miss[axis]) }))).forEach((field, axis) => {
      for (let i = 0; i < field.length; i++) nodes[2 * i + axis] += field[i];
    });
    return { nodes, displacement, radius };
  }
}
