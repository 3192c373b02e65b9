// @ts-check
// Region pairs, with the numbers of kernels/motion/region_flow.py: what lies in one polygon goes to another.

import { rasterise } from "../document/strokes.mjs";
import { labelParts } from "./connected_parts.mjs";
import { free } from "./displacements.mjs";
import { MovedRegion } from "./moved_region.mjs";
import { even } from "./on_nodes.mjs";

/** @typedef {import("./lwf.mjs").Cell} Cell */
/** @typedef {readonly [number, number]} Point x, y in fractions 0..1 of the picture */
/** @typedef {{readonly handle: readonly Point[], readonly target: readonly Point[]}} RegionPair */

// as in the kernel, where they are explained
const FLAT = 1e-3;
const GUIDES = 128;

/** Twice the area that each corner cuts off, positive where the polygon turns right. @param {readonly Cell[]} polygon */
function corners(polygon) {
  return polygon.map(([x, y], i) => {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length];
    const [lastX, lastY] = polygon[(i + 2) % polygon.length];
    return (nextX - x) * (lastY - nextY) - (nextY - y) * (lastX - nextX);
  });
}

/** The map [a .. h] of a unit square to a quadrilateral: x = (a u + b v + c) / (g u + h v + 1), y = (d u + e v + f) / ...
 * @param {readonly Cell[]} quad @returns {number[]} of a 3 x 3 matrix, row by row */
function ofUnitSquare([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]) {
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const area = dx1 * dy2 - dx2 * dy1;
  const [g, h] = [(sx * dy2 - dx2 * sy) / area, (dx1 * sy - sx * dy1) / area];
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1];
}

/** The adjugate, which is the inverse but for a factor. @param {number[]} matrix */
function adjugate([a, b, c, d, e, f, g, h, i]) {
  return [e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f, d * h - e * g, b * g - a * h, a * e - b * d];
}

/** @param {readonly Cell[]} quad @param {readonly Cell[]} target pixels @returns {import("./on_nodes.mjs").Motion} of cells */
function homography(quad, target) {
  const [back, on] = [adjugate(ofUnitSquare(quad)), ofUnitSquare(target)];
  const at = (/** @type {number} */ row, /** @type {number} */ column) =>
    on[3 * row] * back[column] + on[3 * row + 1] * back[3 + column] + on[3 * row + 2] * back[6 + column];
  const [a, b, c, d, e, f, g, h, i] = [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => at(row, column)));
  return (x, y, out, k) => {
    const [centreX, centreY] = [x + 0.5, y + 0.5];
    const depth = g * centreX + h * centreY + i;
    out[k] = (a * centreX + b * centreY + c) / depth - centreX;
    out[k + 1] = (d * centreX + e * centreY + f) / depth - centreY;
  };
}

/** The polygons that guide a motion. @param {readonly Cell[]} polygon */
function guides(polygon) {
  const count = Math.min(polygon.length, GUIDES);
  return Array.from({ length: count }, (_, k) => polygon[Math.round((k * (polygon.length - 1)) / Math.max(count - 1, 1))]);
}

/** @param {readonly Cell[]} handle @param {readonly Cell[]} target pixels @param {import("./connected_parts.mjs").Part} part */
function motion(handle, target, part) {
  const turns = [...corners(handle), ...corners(target)];
  const inPart = (/** @type {readonly Cell[]} */ ends) => ends.map(([x, y]) => /** @type {Cell} */ ([x - part.left, y - part.top]));
  if (handle.length === 4 && (turns.every((turn) => turn > FLAT) || turns.every((turn) => turn < -FLAT))) {
    return even(homography(inPart(handle), inPart(target)), part);
  }
  // cells of a grid: a centre is an integer
  const inCells = (/** @type {readonly Cell[]} */ ends) => guides(inPart(ends)).map(([x, y]) => /** @type {Cell} */ ([x - 0.5, y - 0.5]));
  return free("affine", part, inCells(handle), inCells(target));
}

/** The part of labels with a number. @param {Uint32Array} labels @param {number} width @param {number} number
 * @returns {import("./connected_parts.mjs").Part} */
function partOf(labels, width, number) {
  let [left, right, top, bottom] = [width, 0, labels.length / width, 0];
  labels.forEach((label, i) => {
    if (label !== number) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x + 1), Math.min(top, y), Math.max(bottom, y + 1)];
  });
  if (right <= left) return { left: 0, top: 0, width: 0, height: 0, region: new Uint8Array(0) };
  const region = new Uint8Array((right - left) * (bottom - top));
  for (let i = 0, y = top; y < bottom; y++) for (let x = left; x < right; x++) region[i++] = labels[y * width + x] === number ? 1 : 0;
  return { left, top, width: right - left, height: bottom - top, region };
}

/** The handle regions of pairs on a picture. */
export class MovedPairs {
  /** @param {readonly RegionPair[]} pairs the later in front where handle regions overlap @param {number} width
   * @param {number} height */
  constructor(pairs, width, height) {
    this.handles = pairs.map(({ handle }) => handle);
    this.width = width;
    this.height = height;
    const labels = new Uint32Array(width * height);
    pairs.forEach(({ handle: points }, k) => {
      rasterise([{ tool: "polygon", points }], width, height).forEach((inside, i) => inside && (labels[i] = k + 1));
    });
    const region = Uint8Array.from(labels, (label) => (label ? 1 : 0));
    const parts = pairs.map((_, k) => partOf(labels, width, k + 1));
    this.region = new MovedRegion(region, width, height, undefined, { labels, parts });
    const union = labelParts(region, width, height).labels;
    this.order = parts.map((_, k) => union[labels.indexOf(k + 1)] ?? 0);
  }

  /** Whether it was made for the handles of these pairs. @param {readonly RegionPair[]} pairs */
  fits(pairs) {
    return pairs.length === this.handles.length && pairs.every(({ handle }, k) => handle === this.handles[k]);
  }

  /** @param {readonly RegionPair[]} pairs with the handles that it was made for */
  displace(pairs) {
    const { width, height, region, order } = this;
    const pixels = (/** @type {readonly Point[]} */ ends) => ends.map(([x, y]) => /** @type {Cell} */ ([x * width, y * height]));
    return pairs.flatMap(({ handle, target }, k) => {
      const part = region.parts[k];
      return part.width ? [{ ...region.placed(motion(pixels(handle), pixels(target), part), k + 1), order: order[k] }] : [];
    });
  }
}
