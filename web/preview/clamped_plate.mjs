// @ts-check
// Biharmonic functions of a region, with the numbers of kernels/motion/biharmonic.py: a clamped plate lifted at points.

import { convolve, powerOfTwo } from "./fourier.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {{readonly points: readonly Cell[], readonly values: readonly number[]}} Lift */

// of the mean response of a point to its own charge, so that points on top of each other are lifted as one
const RIDGE = 1e-8;

/**
 * Cholesky factor of a positive definite matrix, in its lower triangle, in place; row by row.
 * @param {Float64Array} matrix @param {number} n
 */
function factorise(matrix, n) {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = matrix[row + j];
      for (let k = 0; k < j; k++) sum -= matrix[row + k] * matrix[other + k];
      matrix[row + j] = j < i ? sum / matrix[other + j] : Math.sqrt(Math.max(sum, 1e-300));
    }
  }
}

/** Solves L y = x in place. @param {Float64Array} factor @param {number} n @param {Float64Array} x */
function forward(factor, n, x) {
  for (let i = 0, row = 0; i < n; i++, row += n) {
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= factor[row + k] * x[k];
    x[i] = sum / factor[row + i];
  }
}

/** Solves L^T y = x in place. @param {Float64Array} factor @param {number} n @param {Float64Array} x */
function backward(factor, n, x) {
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    const value = (x[i] /= factor[row + i]);
    for (let k = 0; k < i; k++) x[k] -= factor[row + k] * value;
  }
}

/**
 * Calls back with the four lattice cells around a point and their bilinear weights.
 * @param {Cell} point @param {(column: number, row: number, weight: number) => void} cell
 */
export function cellsAround([x, y], cell) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [x - column, y - row];
  cell(column, row, (1 - u) * (1 - v));
  cell(column + 1, row, u * (1 - v));
  cell(column, row + 1, (1 - u) * v);
  cell(column + 1, row + 1, u * v);
}

/**
 * The plate over the cells inside [height, width]. Charges on its border and at the points make the field by the Green's
 * function of a periodic lattice, which may be larger than the plate's: the field is the same.
 */
export class ClampedPlate {
  /** What the border answers to a charge in a cell. @type {Map<number, Float64Array>} */ #answers = new Map();
  /** The border near a cell. @type {Map<number, Int32Array>} */ #near = new Map();

  /** @param {Uint8Array} inside @param {number} width @param {number} height */
  constructor(inside, width, height) {
    this.inside = inside;
    this.width = width;
    this.height = height;
    const [wide, high] = [powerOfTwo(width), powerOfTwo(height)];
    this.wide = wide;
    this.shift = Math.log2(wide);
    this.high = high;
    const power = (/** @type {number} */ k, /** @type {number} */ n) => 2 - 2 * Math.cos((2 * Math.PI * k) / n);
    // the transform is not scaled, so that its kernel is
    this.spectrum = new Float64Array(wide * high);
    for (let x = 0; x < wide; x++) {
      for (let y = 0; y < high; y++) this.spectrum[x * high + y] = 1 / (wide * high * (power(x, wide) + power(y, high)) ** 2);
    }
    this.spectrum[0] = 0;
    this.green = new Float64Array(wide * high);
    this.green[0] = 1;
    convolve(this.green, new Float64Array(wide * high), this.spectrum, wide, high);
    this.border = this.#ring();
    const n = this.border.length - 1;
    this.factor = new Float64Array(n * n);
    const first = this.border[0];
    for (let i = 0; i < n; i++) {
      const from = this.#response(this.border[i + 1], first);
      for (let j = 0; j <= i; j++) {
        const [to, of] = [this.border[i + 1], this.border[j + 1]];
        this.factor[i * n + j] = this.#response(to, of) - from - this.#response(first, of) + this.green[0];
      }
    }
    factorise(this.factor, n);
  }

  /** @param {number} to @param {number} of cells of the lattice */
  #response(to, of) {
    const { wide } = this;
    const column = (to - of) & (wide - 1);
    const row = ((to >> this.shift) - (of >> this.shift)) & (this.high - 1);
    return this.green[(row << this.shift) + column];
  }

  /** Cells of the lattice within two steps of the inside: where both are zero, so is the slope. */
  #ring() {
    const { inside, width, height, wide, high } = this;
    let reached = new Uint8Array(wide * high);
    for (let y = 0; y < height; y++) reached.set(inside.subarray(y * width, (y + 1) * width), y * wide);
    const own = reached;
    for (let round = 0; round < 2; round++) {
      const wider = reached.slice();
      for (let i = 0; i < reached.length; i++) {
        if (!reached[i]) continue;
        const [x, row] = [i & (wide - 1), i - (i & (wide - 1))];
        wider[row + ((x + 1) & (wide - 1))] = 1;
        wider[row + ((x - 1) & (wide - 1))] = 1;
        wider[(i + wide) % (wide * high)] = 1;
        wider[(i + wide * (high - 1)) % (wide * high)] = 1;
      }
      reached = wider;
    }
    return Int32Array.from([...reached.keys()].filter((i) => reached[i] && !own[i]));
  }

  /** Distance of a point from the nearest cell of the border. @param {Cell} point */
  space([x, y]) {
    const { border, shift, wide } = this;
    const [column, row] = [Math.round(x), Math.round(y)];
    const key = row * 65536 + column;
    let near = this.#near.get(key);
    if (!near) {
      const distances = Array.from(border, (cell) => Math.hypot((cell & (wide - 1)) - column, (cell >> shift) - row));
      // no other can be nearer to a place within the cell
      const most = distances.reduce((a, b) => Math.min(a, b)) + Math.SQRT2;
      near = border.filter((_, i) => distances[i] <= most);
      this.#near.set(key, near);
    }
    let least = Infinity;
    for (let i = 0; i < near.length; i++) {
      const dx = (near[i] & (wide - 1)) - x;
      const dy = (near[i] >> shift) - y;
      least = Math.min(least, dx * dx + dy * dy);
    }
    return Math.sqrt(least);
  }

  /** @param {number} cell */
  #answer(cell) {
    let answer = this.#answers.get(cell);
    if (!answer) {
      const { border, green } = this;
      const first = this.#response(border[0], cell);
      answer = new Float64Array(border.length - 1);
      for (let b = 1; b < border.length; b++) {
        answer[b - 1] = this.#response(border[b], cell) - first - this.#response(border[b], border[0]) + green[0];
      }
      forward(this.factor, answer.length, answer);
      this.#answers.set(cell, answer);
    }
    return answer;
  }

  /** Charges on the lattice that lift the points to the values. @param {Lift} lift @param {Float64Array} lattice */
  #charge({ points, values }, lattice) {
    const { wide, border, factor, green } = this;
    const n = border.length - 1;
    const count = points.length;
    const cells = new Int32Array(4 * count);
    const weights = new Float64Array(4 * count);
    const answers = points.map((point, k) => {
      const answer = new Float64Array(n);
      let i = 4 * k;
      cellsAround(point, (column, row, weight) => {
        cells[i] = row * wide + column;
        weights[i++] = weight;
        if (weight === 0) return;
        const part = this.#answer(row * wide + column);
        for (let b = 0; b < n; b++) answer[b] += weight * part[b];
      });
      return answer;
    });
    const first = points.map((_, k) => {
      let sum = 0;
      for (let i = 4 * k; i < 4 * k + 4; i++) sum += weights[i] * this.#response(border[0], cells[i]);
      return sum;
    });
    const between = new Float64Array(count * count);
    let trace = 0;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = green[0] - first[i] - first[j];
        for (let p = 4 * i; p < 4 * i + 4; p++) {
          for (let q = 4 * j; q < 4 * j + 4; q++) sum += weights[p] * weights[q] * this.#response(cells[p], cells[q]);
        }
        const [one, other] = [answers[i], answers[j]];
        for (let b = 0; b < n; b++) sum -= one[b] * other[b];
        between[i * count + j] = sum;
      }
      trace += between[i * count + i];
    }
    for (let i = 0; i < count; i++) between[i * count + i] += (RIDGE * trace) / count;
    factorise(between, count);
    const charges = Float64Array.from(values);
    forward(between, count, charges);
    backward(between, count, charges);

    const answered = new Float64Array(n);
    let rest = 0;
    charges.forEach((charge, k) => {
      for (let b = 0; b < n; b++) answered[b] += charge * answers[k][b];
      for (let i = 4 * k; i < 4 * k + 4; i++) lattice[cells[i]] += charge * weights[i];
      rest += charge;
    });
    backward(factor, n, answered);
    for (let b = 0; b < n; b++) {
      lattice[border[b + 1]] -= answered[b];
      rest -= answered[b];
    }
    lattice[border[0]] -= rest;
  }

  /**
   * Fields [height, width], one for each lift: they have its values at its points (cells, read bilinearly), 0 from the
   * border on. @param {readonly Lift[]} lifts @returns {Float64Array[]}
   */
  lifted(lifts) {
    const { inside, width, height, wide, high, border } = this;
    const fields = [];
    for (let k = 0; k < lifts.length; k += 2) {
      // two at once, as real and imaginary part
      const pair = [new Float64Array(wide * high), new Float64Array(wide * high)];
      lifts.slice(k, k + 2).forEach((lift, i) => this.#charge(lift, pair[i]));
      convolve(pair[0], pair[1], this.spectrum, wide, high, height);
      for (const lattice of pair.slice(0, lifts.length - k)) {
        const field = new Float64Array(width * height);
        for (let i = 0, y = 0; y < height; y++) {
          for (let x = 0; x < width; x++, i++) if (inside[i]) field[i] = lattice[y * wide + x] - lattice[border[0]];
        }
        fields.push(field);
      }
    }
    return fields;
  }
}

/** The plates of the last few regions, at hand while their arrows are pulled. */
export class Plates {
  /** @type {ClampedPlate[]} */ #made = [];

  /** @param {Uint8Array} inside @param {number} width @param {number} height */
  plate(inside, width, height) {
    const known = this.#made.findIndex((plate) => plate.width === width && plate.inside.every((value, i) => value === inside[i]));
    const plate = known < 0 ? new ClampedPlate(inside, width, height) : this.#made.splice(known, 1)[0];
    this.#made = [plate, ...this.#made].slice(0, 8);
    return plate;
  }
}
