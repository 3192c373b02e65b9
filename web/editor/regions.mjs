// @ts-check
// Region pairs in the editor: made of an outline, found under the pointer, turned, scaled and pulled by a corner.

import { segmentDistance, toCanvas, toPicture } from "./geometry.mjs";
import { simplifyPath } from "../document/strokes.mjs";
import { MAX_REGIONS, MAX_REGION_CORNERS, cornersOf } from "../document/region_text.mjs";
import { inPicture } from "../document/state.mjs";

/** @typedef {import("../document/state.mjs").Document} Document */
/** @typedef {import("../document/state.mjs").Point} Point */
/** @typedef {import("../document/state.mjs").Region} Region */
/** @typedef {import("../document/state.mjs").Selection} Selection */
/** @typedef {import("./geometry.mjs").View} View */
/** @typedef {import("./geometry.mjs").Position} Position */
/** @typedef {readonly Point[]} Polygon */
/** @typedef {{readonly at: Position, readonly region: number, readonly end: "handle"|"target",
 *  readonly corner: number|null}} Knob what reshapes an end of the region of this index: one corner of it, or all of it,
 *  turned and scaled, where corner is null */

// of the picture: hands draw no finer
const FIRST_TOLERANCE = 0.0005;
const MAX_OUTLINE = 64;
// of the picture: less is a slip of the hand
const MIN_AREA = 1e-5;
// with more corners than these, single ones mean nothing
const MAX_SINGLE_CORNERS = 4;
// canvas pixels from the box around a polygon to the knobs that turn and scale it
const KNOB_DISTANCE = 14;
const MIN_SCALE = 0.05;

/** @param {Polygon} polygon in fractions; its area, of which loops in the other sense are taken off */
function area(polygon) {
  const doubled = polygon.reduce((sum, [x, y], i) => {
    const [u, v] = polygon[(i + 1) % polygon.length];
    return sum + x * v - u * y;
  }, 0);
  return Math.abs(doubled) / 2;
}

/** outline with at most MAX_OUTLINE corners. @param {Polygon} outline @returns {Polygon} */
function simplified(outline) {
  let tolerance = FIRST_TOLERANCE;
  let path = simplifyPath(outline, tolerance, 3);
  while (path.length > MAX_OUTLINE) path = simplifyPath(outline, (tolerance *= 1.3), 3);
  return path;
}

/** document with this region more, unless there are too many. @param {Document} document @param {Region} region
 * @returns {Document} */
export function addRegion(document, region) {
  const regions = [...document.regions, region];
  return regions.length > MAX_REGIONS || cornersOf(regions) > MAX_REGION_CORNERS ? document : { ...document, regions };
}

/** document with a region whose target is still where its handle is, unless the outline has no area.
 * @param {Document} document @param {Polygon} outline @returns {Document} */
export function outlineRegion(document, outline) {
  const polygon = simplified(outline).map(inPicture);
  return area(polygon) < MIN_AREA ? document : addRegion(document, { handle: polygon, target: polygon });
}

/** @param {Document} document @param {number} index @param {Partial<Region>} change @returns {Document} */
export function changeRegion(document, index, change) {
  return { ...document, regions: document.regions.map((region, i) => (i === index ? { ...region, ...change } : region)) };
}

/** The mean of the corners: that of a handle goes to that of its target. @param {readonly (readonly number[])[]} corners
 * @returns {Position} */
export function centre(corners) {
  const [x, y] = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
  return [x, y];
}

/** @param {readonly Position[]} corners @param {Position} p */
function inside(corners, [x, y]) {
  return corners.reduce((found, a, i) => {
    const b = corners[(i + 1) % corners.length];
    return a[1] <= y !== b[1] <= y && x < a[0] + ((y - a[1]) * (b[0] - a[0])) / (b[1] - a[1]) ? !found : found;
  }, false);
}

/** @param {readonly Position[]} corners @param {Position} p @param {number} reach */
function touches(corners, p, reach) {
  return inside(corners, p) || corners.some((a, i) => segmentDistance(p, a, corners[(i + 1) % corners.length]) <= reach);
}

/**
 * The region in which a position is, or on whose arrow; what is selected goes first, then what was drawn last, and
 * targets before handles.
 * @param {readonly Region[]} regions @param {Selection} selection @param {View} view @param {Position} position
 * @param {number} reach @returns {import("./geometry.mjs").Hit|null} with the key of a selection as index
 */
export function hitRegion(regions, selection, view, position, reach) {
  const keys = regions.map((_, i) => ~i).reverse();
  for (const index of [...keys.filter((key) => selection.has(key)), ...keys.filter((key) => !selection.has(key))]) {
    const { handle, target } = regions[~index];
    const [from, to] = [handle, target].map((polygon) => polygon.map((corner) => toCanvas(view, corner)));
    if (touches(to, position, reach)) return { index, part: "target" };
    if (touches(from, position, reach)) return { index, part: "handle" };
    if (segmentDistance(position, centre(from), centre(to)) <= reach) return { index, part: "both" };
  }
  return null;
}

/**
 * The knobs of the one region of which one end is selected: its corners if these are few, and four around it.
 * @param {Document} document @param {Selection} selection @param {View} view @returns {Knob[]}
 */
export function knobs({ regions }, selection, view) {
  const [selected, ...more] = selection;
  if (!selected || more.length) return [];
  const [key, end] = selected;
  if (key >= 0 || end === "both") return [];
  const region = ~key;
  const corners = regions[region][end].map((corner) => toCanvas(view, corner));
  const single = corners.length > MAX_SINGLE_CORNERS ? [] : corners;
  const [left, right] = around(corners.map(([x]) => x), view.x, view.width);
  const [top, bottom] = around(corners.map(([, y]) => y), view.y, view.height);
  /** @type {Position[]} */
  const box = [[left, top], [right, top], [right, bottom], [left, bottom]];
  return [
    ...single.map((at, corner) => ({ at, region, end, corner })),
    ...box.map((at) => ({ at, region, end, corner: null })),
  ];
}

/** A bit more than what values cover, inside the picture. @param {number[]} values @param {number} start
 * @param {number} length */
function around(values, start, length) {
  return [
    Math.max(Math.min(...values) - KNOB_DISTANCE, start),
    Math.min(Math.max(...values) + KNOB_DISTANCE, start + length),
  ];
}

/**
 * polygon turned and scaled around its centre as the way from there to a position changes, as far as the picture lets
 * it grow.
 * @param {Polygon} polygon @param {View} view @param {Position} from @param {Position} to
 * @param {{readonly turns: boolean, readonly scales: boolean}} how @returns {Polygon}
 */
export function turned(polygon, view, from, to, { turns, scales }) {
  const corners = polygon.map((corner) => toCanvas(view, corner));
  const [x, y] = centre(corners);
  const [before, after] = [from, to].map((at) => [at[0] - x, at[1] - y]);
  const [length, next] = [Math.hypot(...before), Math.hypot(...after)];
  if (!length || !next) return polygon;
  const angle = turns ? Math.atan2(after[1], after[0]) - Math.atan2(before[1], before[0]) : 0;
  const scale = scales ? Math.max(next / length, MIN_SCALE) : 1;
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const offsets = corners.map(([u, v]) => [cos * (u - x) - sin * (v - y), sin * (u - x) + cos * (v - y)]);
  const fits = Math.min(
    1,
    ...offsets.flatMap(([u, v]) => [room(u, x - view.x, view.width), room(v, y - view.y, view.height)]),
  );
  return offsets.map(([u, v]) => inPicture(toPicture(view, [x + fits * u, y + fits * v])));
}

/** How often a step fits between a place and the border ahead. @param {number} step @param {number} place
 * @param {number} length */
function room(step, place, length) {
  return step > 0 ? (length - place) / step : step < 0 ? place / -step : Infinity;
}

/**
 * Pulls a knob; Shift: only turns, Alt: only scales.
 * @param {import("./gestures.mjs").Gestures} gestures @param {import("./gestures.mjs").Press} start @param {Knob} knob
 * @returns {import("./gestures.mjs").Gesture}
 */
export function reshape(gestures, start, { region, end, corner }) {
  const { store } = gestures;
  const { document } = store;
  const polygon = document.regions[region][end];
  return {
    move: ({ point, position, view, shift, alt }) => {
      if (!gestures.pulling) return;
      const changed =
        corner === null
          ? turned(polygon, view, start.position, position, { turns: !alt || shift, scales: !shift })
          : polygon.map((old, i) => (i === corner ? inPicture(point) : old));
      store.show(changeRegion(document, region, { [end]: changed }));
    },
    up: () => {
      store.commit();
      return true;
    },
  };
}
