// @ts-check
// Where the picture lies in the editor, and what of it lies under the pointer.

/** @typedef {import("../document/state.mjs").Point} Point */
/** @typedef {import("../document/state.mjs").Pair} Pair */
/** @typedef {import("../document/state.mjs").Part} Part */
/** @typedef {import("../document/state.mjs").Selection} Selection */
/** @typedef {{readonly x: number, readonly y: number, readonly width: number, readonly height: number}} View the
 *  rectangle that the whole picture fills, in the canvas's own pixels */
/** @typedef {{readonly index: number, readonly part: Part}} Hit */
/** @typedef {readonly [number, number]} Position in the canvas's own pixels */

// room to take hold of points at the border of the picture
export const MARGIN = 10;
export const MAX_ZOOM = 32;

/**
 * The picture letterboxed into the canvas, enlarged by zoom around the point `centre` of it.
 * @param {readonly [number, number]} picture @param {readonly [number, number]} canvas sizes
 * @param {number} [zoom] @param {Point} [centre] @returns {View}
 */
export function fit(picture, canvas, zoom = 1, centre = [0.5, 0.5]) {
  const room = [Math.max(canvas[0] - 2 * MARGIN, 1), Math.max(canvas[1] - 2 * MARGIN, 1)];
  const scale = Math.min(room[0] / picture[0], room[1] / picture[1]) * zoom;
  const width = picture[0] * scale;
  const height = picture[1] * scale;
  return { x: canvas[0] / 2 - centre[0] * width, y: canvas[1] / 2 - centre[1] * height, width, height };
}

/** @param {View} view @param {readonly number[]} point @returns {Position} */
export const toCanvas = (view, [x, y]) => [view.x + x * view.width, view.y + y * view.height];

/** The inverse of toCanvas; not clamped. @param {View} view @param {readonly number[]} position @returns {Point} */
export const toPicture = (view, [x, y]) => [(x - view.x) / view.width, (y - view.y) / view.height];

/**
 * Zoom and centre after a zoom by factor that keeps what is at `position` where it is.
 * @param {readonly [number, number]} picture @param {readonly [number, number]} canvas
 * @param {number} zoom @param {Point} centre @param {Position} position @param {number} factor
 * @returns {{zoom: number, centre: Point}}
 */
export function zoomAt(picture, canvas, zoom, centre, position, factor) {
  const next = Math.min(Math.max(zoom * factor, 1), MAX_ZOOM);
  if (next === 1) return { zoom: 1, centre: [0.5, 0.5] };
  const [x, y] = toPicture(fit(picture, canvas, zoom, centre), position);
  const { width, height } = fit(picture, canvas, next);
  return { zoom: next, centre: inside([x + (canvas[0] / 2 - position[0]) / width, y + (canvas[1] / 2 - position[1]) / height]) };
}

/**
 * Zoom and centre after two fingers went from one place to another: what was between them is between them.
 * @param {readonly [number, number]} picture @param {readonly [number, number]} canvas @param {number} zoom
 * @param {Point} centre @param {readonly [Position, Position]} from @param {readonly [Position, Position]} to
 * @returns {{zoom: number, centre: Point}}
 */
export function pinchTo(picture, canvas, zoom, centre, from, to) {
  const middle = (/** @type {readonly [Position, Position]} */ [[a, b], [c, d]]) => /** @type {Position} */ ([(a + c) / 2, (b + d) / 2]);
  const spread = (/** @type {readonly [Position, Position]} */ [[a, b], [c, d]]) => Math.max(Math.hypot(a - c, b - d), 1);
  const [start, end] = [middle(from), middle(to)];
  const pinched = zoomAt(picture, canvas, zoom, centre, start, spread(to) / spread(from));
  if (pinched.zoom === 1) return pinched;
  const { width, height } = fit(picture, canvas, pinched.zoom);
  const [x, y] = pinched.centre;
  return { zoom: pinched.zoom, centre: inside([x - (end[0] - start[0]) / width, y - (end[1] - start[1]) / height]) };
}

/** A centre that keeps part of the picture in sight. @param {readonly number[]} centre @returns {Point} */
export const inside = ([x, y]) => [Math.min(Math.max(x, 0), 1), Math.min(Math.max(y, 0), 1)];

/** @param {Position} p @param {Position} a @param {Position} b distance from p to the segment a b */
export function segmentDistance(p, a, b) {
  const [ex, ey] = [b[0] - a[0], b[1] - a[1]];
  const [dx, dy] = [p[0] - a[0], p[1] - a[1]];
  const t = Math.min(Math.max((dx * ex + dy * ey) / (ex * ex + ey * ey || 1), 0), 1);
  return Math.hypot(dx - t * ex, dy - t * ey);
}

/**
 * What is within `reach` canvas pixels of a position: ends before lines, pairs that can be moved before locked ones,
 * enabled before disabled ones, then the nearest.
 * @param {readonly Pair[]} pairs @param {View} view @param {Position} position @param {number} reach @returns {Hit|null}
 */
export function hit(pairs, view, position, reach) {
  /** @type {(Hit & {rank: number})|null} */
  let best = null;
  pairs.forEach((pair, index) => {
    const handle = toCanvas(view, pair.handle);
    const target = pair.target && toCanvas(view, pair.target);
    const ends = /** @type {const} */ ([["target", target], ["handle", handle]]);
    /** @type {[Part, number][]} */
    const distances = ends.flatMap(([part, at]) => (at ? [[part, Math.hypot(at[0] - position[0], at[1] - position[1])]] : []));
    if (target) distances.push(["both", segmentDistance(position, handle, target)]);
    for (const [part, distance] of distances) {
      if (distance > reach) continue;
      const rank = (pair.locked ? 4 : 0) + (pair.enabled ? 0 : 2) + (part === "both" ? 1 : 0) + (distance / reach) * 0.99;
      if (!best || rank < best.rank) best = { index, part, rank };
    }
  });
  return best && { index: /** @type {Hit} */ (best).index, part: /** @type {Hit} */ (best).part };
}

/**
 * The parts of pairs inside the rectangle between two positions.
 * @param {readonly Pair[]} pairs @param {View} view @param {Position} a @param {Position} b @returns {Selection}
 */
export function inBox(pairs, view, a, b) {
  const within = (/** @type {Point|null} */ point) => {
    if (!point) return false;
    const [x, y] = toCanvas(view, point);
    return (x - a[0]) * (x - b[0]) <= 0 && (y - a[1]) * (y - b[1]) <= 0;
  };
  /** @type {Map<number, Part>} */
  const found = new Map();
  pairs.forEach(({ handle, target }, index) => {
    const [first, last] = [within(handle), within(target)];
    if (first || last) found.set(index, first && (last || !target) ? "both" : first ? "handle" : "target");
  });
  return found;
}

/**
 * The convex hull of points with a margin around it (fraction of the smaller side), cut at the picture's border.
 * @param {readonly Point[]} points @param {readonly [number, number]} picture size @param {number} margin
 * @returns {Point[]} at least 3 for at least one point
 */
export function hull(points, picture, margin) {
  const radius = margin * Math.min(...picture);
  const [rx, ry] = [radius / picture[0], radius / picture[1]];
  const turns = Array.from({ length: 16 }, (_, i) => (i * Math.PI) / 8);
  const around = points
    .flatMap(([x, y]) => turns.map((turn) => inside([x + rx * Math.cos(turn), y + ry * Math.sin(turn)])))
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (/** @type {Point[]} */ sorted) => {
    /** @type {Point[]} */
    const chain = [];
    for (const p of sorted) {
      for (;;) {
        const [a, b] = chain.slice(-2);
        if (!b || (b[0] - a[0]) * (p[1] - a[1]) > (b[1] - a[1]) * (p[0] - a[0])) break;
        chain.pop();
      }
      chain.push(p);
    }
    return chain.slice(0, -1);
  };
  return [...half(around), ...half(around.toReversed())];
}
