// @ts-check
// Biharmonic functions of a region, with the numbers of kernels/motion/biharmonic.py: a clamped plate lifted at points.

import { backward, factorise, forward, forwardFour, product } from "./cholesky.mjs";
import { convolve, smoothSide } from "./fourier.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {{readonly points: readonly Cell[], readonly values: readonly number[]}} Lift */

// of the mean response of a point to its own charge, so that points on top of each other are lifted as one
const RIDGE = 1e-8;

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
    const [wide, high] = [smoothSide(width), smoothSide(height)];
    this.wide = wide;
    this.high = high;
    const power = (/** @type {number} */ n) => Float64Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos((2 * Math.PI * k) / n));
    const [across, down] = [power(wide), power(high)];
    // the transform is not scaled, so that its kernel is
    this.spectrum = new Float64Array(wide * high);
    for (let x = 0; x < wide; x++) {
      for (let y = 0; y < high; y++) this.spectrum[x * high + y] = 1 / (wide * high * (across[x] + down[y]) ** 2);
    }
    this.spectrum[0] = 0;
    const green = new Float64Array(wide * high);
    green[0] = 1;
    convolve(green, new Float64Array(wide * high), this.spectrum, wide, high);
    // for offsets from (-wide, -high) on, so that the difference of two places finds the response
    this.green = new Float64Array(4 * wide * high);
    for (let i = 0, y = 0; y < 2 * high; y++) for (let x = 0; x < 2 * wide; x++) this.green[i++] = green[(y % high) * wide + (x % wide)];
    this.zero = 2 * wide * high + wide;
    this.own = green[0];
    this.border = this.#ring();
    // rows of places are twice as long as the lattice's
    this.places = this.border.map((cell) => this.#place(cell));
    const n = this.border.length - 1;
    this.factor = new Float64Array(n * n);
    const { places, factor, zero, own } = this;
    const toFirst = Float64Array.from(places, (place) => this.green[place - places[0] + zero]);
    for (let i = 0; i < n; i++) {
      const from = places[i + 1] + zero;
      const rest = own - toFirst[i + 1];
      for (let j = 0; j <= i; j++) factor[i * n + j] = this.green[from - places[j + 1]] - toFirst[j + 1] + rest;
    }
    factorise(factor, n);
  }

  /** @param {number} cell of the lattice */
  #place(cell) {
    return cell + this.wide * Math.floor(cell / this.wide);
  }

  /** @param {number} to @param {number} of places */
  #response(to, of) {
    return this.green[to - of + this.zero];
  }

  /** Cells of the lattice within two steps of the inside: where both are zero, so is the slope. */
  #ring() {
    const { inside, width, height, wide, high } = this;
    const size = wide * high;
    let reached = new Uint8Array(size);
    for (let y = 0; y < height; y++) reached.set(inside.subarray(y * width, (y + 1) * width), y * wide);
    const own = reached;
    for (let round = 0; round < 2; round++) {
      const wider = reached.slice();
      for (let i = 0, y = 0; y < high; y++) {
        for (let x = 0; x < wide; x++, i++) {
          if (!reached[i]) continue;
          wider[x + 1 < wide ? i + 1 : i + 1 - wide] = 1;
          wider[x ? i - 1 : i + wide - 1] = 1;
          wider[i + wide < size ? i + wide : i + wide - size] = 1;
          wider[i >= wide ? i - wide : i - wide + size] = 1;
        }
      }
      reached = wider;
    }
    /** @type {number[]} */
    const ring = [];
    for (let i = 0; i < size; i++) if (reached[i] && !own[i]) ring.push(i);
    return Int32Array.from(ring);
  }

  /** Distance of a point from the nearest cell of the border. @param {Cell} point */
  space([x, y]) {
    const { border, wide } = this;
    const [column, row] = [Math.round(x), Math.round(y)];
    const key = row * 65536 + column;
    let near = this.#near.get(key);
    if (!near) {
      const distances = new Float64Array(border.length);
      let least = Infinity;
      for (let i = 0; i < border.length; i++) {
        const dx = (border[i] % wide) - column;
        const dy = Math.floor(border[i] / wide) - row;
        distances[i] = dx * dx + dy * dy;
        if (distances[i] < least) least = distances[i];
      }
      // no other can be nearer to a place within the cell
      const most = (Math.sqrt(least) + Math.SQRT2) ** 2;
      near = border.filter((_, i) => distances[i] <= most);
      this.#near.set(key, near);
    }
    let least = Infinity;
    for (let i = 0; i < near.length; i++) {
      const dx = (near[i] % wide) - x;
      const dy = Math.floor(near[i] / wide) - y;
      least = Math.min(least, dx * dx + dy * dy);
    }
    return Math.sqrt(least);
  }

  /** What the border answers to charges in cells. @param {Iterable<number>} cells */
  #answer(cells) {
    const { places, factor, own, zero, green } = this;
    const n = places.length - 1;
    /** @type {Float64Array[]} */
    const open = [];
    for (const cell of cells) {
      if (this.#answers.has(cell)) continue;
      const place = this.#place(cell);
      const rest = own - this.#response(places[0], place);
      const answer = new Float64Array(n);
      for (let b = 0; b < n; b++) answer[b] = green[places[b + 1] - place + zero] - green[places[b + 1] - places[0] + zero] + rest;
      open.push(answer);
      this.#answers.set(cell, answer);
    }
    for (let k = 0; k < open.length; k += 4) {
      if (k + 3 < open.length) forwardFour(factor, n, open.slice(k, k + 4));
      else open.slice(k).forEach((answer) => forward(factor, n, answer));
    }
  }

  /** The cells around points, and their weights. @param {readonly Cell[]} points */
  #cells(points) {
    const cells = new Int32Array(4 * points.length);
    const weights = new Float64Array(4 * points.length);
    let i = 0;
    for (const point of points) {
      cellsAround(point, (column, row, weight) => {
        cells[i] = row * this.wide + column;
        weights[i++] = weight;
      });
    }
    return { cells, weights };
  }

  /** Charges on the lattice that lift the points to the values. @param {Lift} lift
   * @param {{cells: Int32Array, weights: Float64Array}} around what is around them @param {Float64Array} lattice */
  #charge({ points, values }, { cells, weights }, lattice) {
    const { border, factor, places, own } = this;
    const n = border.length - 1;
    const count = points.length;
    const answers = new Float64Array(n * count);
    const first = new Float64Array(count);
    const at = cells.map((cell) => this.#place(cell));
    for (let k = 0; k < count; k++) {
      for (let i = 4 * k; i < 4 * k + 4; i++) {
        first[k] += weights[i] * this.#response(places[0], at[i]);
        if (weights[i] === 0) continue;
        const part = /** @type {Float64Array} */ (this.#answers.get(cells[i]));
        const weight = weights[i];
        for (let b = 0, to = k * n; b < n; b++, to++) answers[to] += weight * part[b];
      }
    }
    const between = new Float64Array(count * count);
    let trace = 0;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = own - first[i] - first[j];
        for (let p = 4 * i; p < 4 * i + 4; p++) {
          for (let q = 4 * j; q < 4 * j + 4; q++) sum += weights[p] * weights[q] * this.#response(at[p], at[q]);
        }
        between[i * count + j] = sum - product(answers, i * n, j * n, n);
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
    for (let k = 0; k < count; k++) {
      const charge = charges[k];
      for (let b = 0, to = k * n; b < n; b++, to++) answered[b] += charge * answers[to];
      for (let i = 4 * k; i < 4 * k + 4; i++) lattice[cells[i]] += charge * weights[i];
      rest += charge;
    }
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
    const around = lifts.map(({ points }) => this.#cells(points));
    this.#answer(around.flatMap(({ cells, weights }) => Array.from(cells).filter((_, i) => weights[i] !== 0)));
    for (let k = 0; k < lifts.length; k += 2) {
      // two at once, as real and imaginary part
      const pair = [new Float64Array(wide * high), new Float64Array(wide * high)];
      lifts.slice(k, k + 2).forEach((lift, i) => this.#charge(lift, around[k + i], pair[i]));
      convolve(pair[0], pair[1], this.spectrum, wide, high);
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
    const known = this.#made.findIndex((plate) => plate.width === width && plate.inside.length === inside.length && plate.inside.every((value, i) => value === inside[i]));
    const plate = known < 0 ? new ClampedPlate(inside, width, height) : this.#made.splice(known, 1)[0];
    this.#made = [plate, ...this.#made].slice(0, 8);
    return plate;
  }
}
