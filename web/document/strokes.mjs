// @ts-check
// The painted region: vector strokes, rasterised without anti-aliasing exactly as kernels/points/strokes.py does it.

import { takeStep } from "./region_steps.mjs";

/** @typedef {readonly [number, number]} Point x, y in fractions 0..1 of the picture */
/** @typedef {import("./region_steps.mjs").Step} Step */
/** @typedef {"brush"|"erase"|"polygon"|"box"|"invert"|Step} Tool */
/** @typedef {{readonly tool: Tool, readonly points?: readonly Point[], readonly size?: number,
 *  readonly hardness?: number}} Stroke size as a fraction of the picture's smaller side: the diameter of a brush or an
 *  eraser, how far a Step goes; hardness 0..1: the part of a brush's radius from which on it fades, 1 where it is not said */

export const MAX_JSON = 50_000;
export const MAX_STROKES = 1000;
/** Strokes that change all that is painted look at every pixel many times. */
export const MAX_STEPS = 32;
/** @type {readonly string[]} */
export const STEPS = ["grow", "shrink", "smooth", "fill"];
const MIN_RADIUS = 0.75;
export const FULL = 255;
// steps of a soft edge
const LEVELS = 16;
// fractions of the picture's smaller side
const FIRST_TOLERANCE = 0.0005;
const LAST_TOLERANCE = 0.005;
// longer side of the picture that strokes are flattened on, and of the finest grid of cells that is made of it
const FLAT_SIDE = 512;
const FIRST_CELLS = 256;

// Only sums, products, quotients and square roots, in the order in which kernels/points/strokes.py has them: IEEE 754 rounds
// each of them to one result, so that both sides agree on every pixel.

/** @param {number} x @param {number} width */
function firstColumn(x, width) {
  return Math.min(Math.max(Math.ceil(x - 0.5), 0), width);
}

/** @param {readonly number[]} a @param {readonly number[]} b @param {number} row x where the edge a -> b crosses row */
function crossing(a, b, row) {
  return a[0] + (row - a[1]) * ((b[0] - a[0]) / (b[1] - a[1]));
}

/**
 * Paints mask up to value where a pixel's centre lies within radius of the path of points (pixels), or erases it down
 * to FULL - value.
 * @param {Uint8Array} mask @param {number} width @param {number} height
 * @param {readonly number[][]} points @param {number} radius @param {number} value @param {boolean} erases
 */
function brush(mask, width, height, points, radius, value, erases) {
  for (let i = 0; i < Math.max(points.length - 1, 1); i++) {
    const a = points[i];
    const b = points[Math.min(i + 1, points.length - 1)];
    const alongX = b[0] - a[0];
    const alongY = b[1] - a[1];
    const scale = radius / (Math.sqrt(alongX * alongX + alongY * alongY) || 1);
    const acrossX = alongY * scale;
    const acrossY = alongX * scale;
    const corners = [
      [a[0] + acrossX, a[1] - acrossY],
      [b[0] + acrossX, b[1] - acrossY],
      [b[0] - acrossX, b[1] + acrossY],
      [a[0] - acrossX, a[1] + acrossY],
    ];
    const top = Math.max(0, Math.floor(Math.min(a[1], b[1]) - radius) - 1);
    const bottom = Math.min(height, Math.floor(Math.max(a[1], b[1]) + radius) + 2);
    for (let y = top; y < bottom; y++) {
      const row = y + 0.5;
      let left = Infinity;
      let right = -Infinity;
      for (const end of [a, b]) {
        const rest = radius * radius - (row - end[1]) * (row - end[1]);
        if (rest >= 0) {
          const half = Math.sqrt(rest);
          left = Math.min(left, end[0] - half);
          right = Math.max(right, end[0] + half);
        }
      }
      for (let k = 0; k < 4; k++) {
        const from = corners[k];
        const to = corners[(k + 1) % 4];
        if (from[1] <= row !== to[1] <= row) {
          const x = crossing(from, to, row);
          left = Math.min(left, x);
          right = Math.max(right, x);
        }
      }
      const first = firstColumn(left, width);
      const last = firstColumn(right, width);
      for (let i = y * width + first; i < y * width + last; i++) {
        if (erases ? mask[i] > FULL - value : mask[i] < value) mask[i] = erases ? FULL - value : value;
      }
    }
  }
}

/** @param {Uint8Array} mask @param {number} width @param {number} height @param {readonly number[][]} points */
function polygon(mask, width, height, points) {
  const turns = new Uint8Array((width + 1) * height);
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    const top = Math.max(0, Math.floor(Math.min(a[1], b[1])) - 1);
    const bottom = Math.min(height, Math.floor(Math.max(a[1], b[1])) + 2);
    for (let y = top; y < bottom; y++) {
      const row = y + 0.5;
      if (a[1] <= row !== b[1] <= row) turns[y * (width + 1) + firstColumn(crossing(a, b, row), width)] ^= 1;
    }
  });
  for (let y = 0; y < height; y++) {
    let inside = 0;
    for (let x = 0; x < width; x++) {
      inside ^= turns[y * (width + 1) + x];
      if (inside) mask[y * width + x] = FULL;
    }
  }
}

/** The discs [radius, value] that a brush is made of, from the widest and faintest; half of FULL is reached in the
 * middle of the soft edge. @param {number} radius @param {number} hardness @returns {[number, number][]} */
function rims(radius, hardness) {
  if (hardness >= 1) return [[radius, FULL]];
  return Array.from({ length: LEVELS }, (_, i) => [
    Math.max(radius * (1 - ((1 - hardness) * (i + 0.5)) / LEVELS), MIN_RADIUS),
    Math.floor((FULL * (i + 1) + LEVELS / 2) / LEVELS),
  ]);
}

/**
 * Applies one stroke to mask (0..FULL, row by row) in place.
 * @param {Uint8Array} mask @param {Stroke} stroke @param {number} width @param {number} height
 */
export function drawStroke(mask, stroke, width, height) {
  const { tool, size = 0, hardness = 1 } = stroke;
  const side = Math.min(width, height);
  if (tool === "invert") {
    for (let i = 0; i < mask.length; i++) mask[i] = FULL - mask[i];
    return;
  }
  if (STEPS.includes(tool)) return takeStep(mask, width, height, /** @type {Step} */ (tool), size * side);
  const points = (stroke.points ?? []).map(([x, y]) => [x * width, y * height]);
  if (tool === "polygon") polygon(mask, width, height, points);
  else if (tool === "box") {
    const [[left, top], [right, bottom]] = points;
    polygon(mask, width, height, [[left, top], [right, top], [right, bottom], [left, bottom]]);
  } else {
    const radius = Math.max((size * side) / 2, MIN_RADIUS);
    for (const [reach, value] of rims(radius, hardness)) brush(mask, width, height, points, reach, value, tool === "erase");
  }
}

/**
 * How much of each pixel strokes paint (0..FULL), applied in their order; 0 or FULL without soft ones.
 * @param {readonly Stroke[]} strokes @param {number} width @param {number} height
 */
export function cover(strokes, width, height) {
  const levels = new Uint8Array(width * height);
  for (const stroke of strokes) drawStroke(levels, stroke, width, height);
  return levels;
}

/** The pixels (1) that are painted at least by half. @param {Uint8Array} levels @param {number} [full] */
export const painted = (levels, full = FULL) => levels.map((value) => Number(2 * value >= full && value > 0));

/**
 * The pixels (1) that strokes paint at least by half, those whose centres lie in a hard one; all 0 means that everything
 * may change.
 * @param {readonly Stroke[]} strokes @param {number} width @param {number} height
 */
export const rasterise = (strokes, width, height) => painted(cover(strokes, width, height));

/** @param {Point} p @param {Point} a @param {Point} b @param {readonly number[]} scale from p to the segment a b */
function distance(p, a, b, scale) {
  const ex = (b[0] - a[0]) * scale[0];
  const ey = (b[1] - a[1]) * scale[1];
  const dx = (p[0] - a[0]) * scale[0];
  const dy = (p[1] - a[1]) * scale[1];
  const t = Math.min(Math.max((dx * ex + dy * ey) / (ex * ex + ey * ey || 1), 0), 1);
  return Math.hypot(dx - t * ex, dy - t * ey);
}

/**
 * Ramer-Douglas-Peucker: the points that keep the path within tolerance, its ends always, and at least `least`.
 * Distances are those of points times scale.
 * @param {readonly Point[]} points @param {number} tolerance @param {number} [least] @param {readonly number[]} [scale]
 */
export function simplifyPath(points, tolerance, least = 1, scale = [1, 1]) {
  if (points.length <= least) return points;
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const spans = [[0, points.length - 1]];
  let kept = points.length > 1 ? 2 : 1;
  while (spans.length) {
    const [from, to] = /** @type {[number, number]} */ (spans.pop());
    let far = 0;
    let index = from + 1;
    for (let i = from + 1; i < to; i++) {
      const d = distance(points[i], points[from], points[to], scale);
      if (d > far) {
        far = d;
        index = i;
      }
    }
    if (to - from > 1 && (far > tolerance || kept < least)) {
      keep[index] = 1;
      kept++;
      spans.push([from, index], [index, to]);
    }
  }
  return points.filter((_, i) => keep[i]);
}

/** @param {number} value @param {number} [parts] of one, a power of ten */
const rounded = (value, parts = 1e4) => Math.round(value * parts) / parts;

/** @param {Stroke} stroke @param {number} tolerance @param {readonly number[]} scale @returns {Stroke} */
function thinned(stroke, tolerance, scale) {
  if (!stroke.points) return stroke;
  const least = { polygon: 3, box: 2 }[/** @type {string} */ (stroke.tool)] ?? 1;
  const path = simplifyPath(stroke.points, tolerance, least, scale);
  const parts = tolerance < 0.001 ? 1e4 : 1e3;
  const size = stroke.size && { size: Math.max(rounded(stroke.size, parts), 1 / parts) };
  return { ...stroke, points: path.map(([x, y]) => [rounded(x, parts), rounded(y, parts)]), ...size };
}

/**
 * Boxes that cover mask: of a grid with `cells` on the longer side, the cells in which anything is painted, joined to
 * runs in their rows, and equal runs of neighbouring rows.
 * @param {Uint8Array} mask @param {number} width @param {number} height @param {number} cells @returns {Stroke[]}
 */
function boxes(mask, width, height, cells) {
  const columns = Math.max(1, Math.round((cells * width) / Math.max(width, height)));
  const rows = Math.max(1, Math.round((cells * height) / Math.max(width, height)));
  const painted = Array.from({ length: rows }, () => new Uint8Array(columns + 1));
  mask.forEach((value, i) => {
    const x = i % width;
    if (value) painted[Math.floor((((i - x) / width) * rows) / height)][Math.floor((x * columns) / width)] = 1;
  });
  /** @type {Stroke[]} */
  const done = [];
  /** @type {Map<string, [number, number, number]>} runs [left, right, top] that reach the row before */
  let open = new Map();
  const close = (/** @type {[number, number, number]} */ [left, right, top], /** @type {number} */ bottom) =>
    done.push({
      tool: "box",
      points: [
        [rounded(left / columns), rounded(top / rows)],
        [rounded(right / columns), rounded(bottom / rows)],
      ],
    });
  for (let y = 0; y <= rows; y++) {
    /** @type {typeof open} */
    const runs = new Map();
    let left = -1;
    painted[y]?.forEach((value, x) => {
      if (value && left < 0) left = x;
      if (value || left < 0) return;
      const key = `${left} ${x}`;
      runs.set(key, open.get(key) ?? [left, x, y]);
      left = -1;
    });
    for (const [key, run] of open) if (!runs.has(key)) close(run, y);
    open = runs;
  }
  return done;
}

/** @param {readonly Stroke[]} strokes @param {number} limit */
function fits(strokes, limit) {
  return strokes.length <= MAX_STROKES && JSON.stringify(strokes).length <= limit;
}

/**
 * strokes whose JSON has at most limit characters (100 or more), and that are at most MAX_STROKES; the same object
 * where they are short enough. Else their paths lose points, up to 1/200 of the smaller side of the picture, whose size
 * says what a distance is, and digits. Where that is not enough, all of them become boxes with the same result, on a
 * grid that gets coarser until they fit: what is painted stays painted and grows by less than a cell, and holes smaller
 * than one may close.
 * @param {readonly Stroke[]} strokes @param {number} [limit] @param {readonly number[]} [size] width and height
 * @returns {readonly Stroke[]}
 */
export function simplify(strokes, limit = MAX_JSON, size = [1, 1]) {
  if (fits(strokes, limit)) return strokes;
  const scale = size.map((side) => side / Math.min(...size));
  const fine = strokes.map((stroke) => thinned(stroke, FIRST_TOLERANCE, scale));
  for (let t = FIRST_TOLERANCE, result = fine; t <= LAST_TOLERANCE; t *= 1.5) {
    if (t > FIRST_TOLERANCE) result = fine.map((stroke) => thinned(stroke, t, scale));
    if (fits(result, limit)) return result;
  }
  const [width, height] = size.map((side) => Math.max(1, Math.round((FLAT_SIDE * side) / Math.max(...size))));
  // a brush along a polygon or a box, so that none is too thin to be seen
  const outlined = fine.flatMap((stroke) =>
    stroke.tool === "polygon" || stroke.tool === "box" ? [stroke, { ...stroke, tool: /** @type {Tool} */ ("brush") }] : [stroke],
  );
  const mask = rasterise(outlined, width, height);
  let result = boxes(mask, width, height, FIRST_CELLS);
  for (let cells = FIRST_CELLS; cells > 1 && !fits(result, limit); ) {
    cells = Math.floor(cells * 0.8);
    result = boxes(mask, width, height, cells);
  }
  return result;
}
