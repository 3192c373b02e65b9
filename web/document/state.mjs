// @ts-check
// What the user made (the document), and the changes that can be made to it.

import { MAX_STEPS, STEPS } from "./strokes.mjs";

/** @typedef {import("./strokes.mjs").Point} Point x, y in fractions 0..1 of the picture */
/** @typedef {import("./strokes.mjs").Stroke} Stroke */
/** @typedef {{readonly handle: Point, readonly target: Point|null, readonly enabled: boolean, readonly locked: boolean,
 *  readonly turn?: number, readonly scale?: number}} Pair a pair without a target is half finished and ignored by the edit;
 *  turn in degrees, clockwise, and scale are what happens to the picture around the handle */
/** @typedef {{readonly handle: readonly Point[], readonly target: readonly Point[]}} Region a region pair: polygons with
 *  as many corners, of which the first goes to the second */
/** @typedef {{readonly image: readonly [number, number]|null, readonly picture: string|null,
 *  readonly pairs: readonly Pair[], readonly strokes: readonly Stroke[], readonly regions: readonly Region[]}} Document
 *  image: size in pixels of the picture that the points were placed on; picture: a file in ComfyUI's input folder, used
 *  when no IMAGE is connected */
/** @typedef {"handle"|"target"|"both"} Part */
/** @typedef {ReadonlyMap<number, Part>} Selection which part of which pair, by index, and of which region, by ~index */

/** @type {Document} */
export const EMPTY = Object.freeze({ image: null, picture: null, pairs: [], strokes: [], regions: [] });
export const MAX_PAIRS = 512;
const [MIN_SCALE, MAX_SCALE] = [0.25, 4];

/** @param {number} value */
const fraction = (value) => Math.round(Math.min(Math.max(value, 0), 1) * 1e6) / 1e6;

/** The nearest point inside the picture, to a millionth of it. @param {readonly number[]} point @returns {Point} */
export const inPicture = ([x, y]) => [fraction(x), fraction(y)];

/** @param {Stroke} stroke @returns {Stroke} inside the picture, to 1e-5 of it: a tenth of a pixel at 10,000 pixels */
function inPictureStroke(stroke) {
  if (!stroke.points) return stroke;
  const round = (/** @type {number} */ v) => Math.round(fraction(v) * 1e5) / 1e5;
  return { ...stroke, points: stroke.points.map(([x, y]) => [round(x), round(y)]) };
}

/**
 * @param {Document} document @param {readonly number[]} handle @param {readonly number[]|null} target
 * @returns {Document} with one pair more, unless it has MAX_PAIRS
 */
export function addPair(document, handle, target = null) {
  if (document.pairs.length >= MAX_PAIRS) return document;
  const pair = { handle: inPicture(handle), target: target && inPicture(target), enabled: true, locked: false };
  return { ...document, pairs: [...document.pairs, pair] };
}

/** @param {Document} document @param {number} index @returns {Document} with an unlocked copy of a pair that is used */
export function copyPair(document, index) {
  if (document.pairs.length >= MAX_PAIRS) return document;
  return { ...document, pairs: [...document.pairs, { ...document.pairs[index], enabled: true, locked: false }] };
}

/** @param {Document} document @param {number} index @param {Partial<Pair>} change @returns {Document} */
export function changePair(document, index, change) {
  return { ...document, pairs: document.pairs.map((pair, i) => (i === index ? { ...pair, ...change } : pair)) };
}

/** Turn and scale of a pair as they are kept: in range (kernels/points/drag_text.py), to a degree and a hundredth, and
 * left out where they change nothing.
 * @param {Document} document @param {number} index @param {number} turn degrees, clockwise; any number of rounds
 * @param {number} scale @returns {Document} */
export function turnPair(document, index, turn, scale) {
  const { turn: _, scale: __, ...pair } = document.pairs[index];
  const angle = Math.round(turn - 360 * Math.round(turn / 360)) || 0;
  const factor = Math.round(Math.min(Math.max(scale, MIN_SCALE), MAX_SCALE) * 100) / 100;
  const turned = { ...pair, ...(angle && { turn: angle }), ...(factor !== 1 && { scale: factor }) };
  return { ...document, pairs: document.pairs.map((other, i) => (i === index ? turned : other)) };
}

/** The selected pairs hold still where they are: each target on its handle. Locked ones stay as they are.
 * @param {Document} document @param {Selection} selection @returns {Document} */
export function pinPairs(document, selection) {
  const pinned = (/** @type {Pair} */ { turn, scale, ...pair }) => ({ ...pair, target: pair.handle });
  const pairs = document.pairs.map((pair, i) => (selection.has(i) && !pair.locked ? pinned(pair) : pair));
  return { ...document, pairs };
}

/**
 * Moves the selected parts by the same dx, dy (fractions), as far as the picture lets all of them; locked pairs stay.
 * @param {Document} document @param {Selection} selection @param {number} dx @param {number} dy @returns {Document}
 */
export function moveParts(document, selection, dx, dy) {
  const moving = [...selection].filter(([index]) => !document.pairs[index]?.locked);
  const ends = moving.flatMap(([index, part]) => {
    const { handle, target } = endsOf(document, index);
    return [...(part === "target" ? [] : handle), ...(part === "handle" ? [] : target)];
  });
  const [moveX, moveY] = [dx, dy].map((d, axis) => {
    const values = ends.map((end) => end[axis]);
    return Math.min(Math.max(d, -Math.min(...values)), 1 - Math.max(...values));
  });
  const parts = new Map(moving);
  const moved = (/** @type {Point} */ [x, y]) => inPicture([x + moveX, y + moveY]);
  const regions = document.regions.map(({ handle, target }, index) => {
    const part = parts.get(~index) ?? "";
    return {
      handle: ["handle", "both"].includes(part) ? handle.map(moved) : handle,
      target: ["target", "both"].includes(part) ? target.map(moved) : target,
    };
  });
  const pairs = document.pairs.map((pair, index) => {
    const part = parts.get(index);
    if (!part) return pair;
    return {
      ...pair,
      handle: part === "target" ? pair.handle : moved(pair.handle),
      target: part === "handle" || !pair.target ? pair.target : moved(pair.target),
    };
  });
  return { ...document, pairs, regions };
}

/** The places that a pair or a region has. @param {Document} document @param {number} index of a Selection
 * @returns {{handle: readonly Point[], target: readonly Point[]}} */
function endsOf({ pairs, regions }, index) {
  if (index < 0) return regions[~index];
  const { handle, target } = pairs[index];
  return { handle: [handle], target: target ? [target] : [] };
}

/** @param {Document} document @param {Selection} selection pairs, of which locked ones stay, and regions
 * @returns {Document} */
export function removePairs(document, selection) {
  const pairs = document.pairs.filter((pair, index) => pair.locked || !selection.has(index));
  const regions = document.regions.filter((_, index) => !selection.has(~index));
  const unchanged = pairs.length === document.pairs.length && regions.length === document.regions.length;
  return unchanged ? document : { ...document, pairs, regions };
}

/**
 * Sets a flag of all selected pairs if one of them does not have it, else clears it.
 * @param {Document} document @param {Selection} selection @param {"enabled"|"locked"} flag @returns {Document}
 */
export function toggle(document, selection, flag) {
  const value = document.pairs.some((pair, index) => selection.has(index) && !pair[flag]);
  return { ...document, pairs: document.pairs.map((pair, i) => (selection.has(i) ? { ...pair, [flag]: value } : pair)) };
}

/** @param {Document} document @param {Stroke} stroke @returns {Document} */
export function addStroke(document, stroke) {
  const { strokes } = document;
  const last = strokes.at(-1);
  if (STEPS.includes(stroke.tool) && !strokes.length) return document;
  if (last?.tool === stroke.tool) {
    // inverting twice is nothing, filling twice is filling, and the rest goes further
    if (stroke.tool === "invert") return { ...document, strokes: strokes.slice(0, -1) };
    if (stroke.tool === "fill") return document;
    if (STEPS.includes(stroke.tool)) {
      const size = Math.min(Math.round(((last.size ?? 0) + (stroke.size ?? 0)) * 1e4) / 1e4, 1);
      return { ...document, strokes: [...strokes.slice(0, -1), { ...last, size }] };
    }
  }
  if (STEPS.includes(stroke.tool) && strokes.filter(({ tool }) => STEPS.includes(tool)).length >= MAX_STEPS) return document;
  return { ...document, strokes: [...strokes, inPictureStroke(stroke)] };
}

/** The pairs that an edit uses. @param {Document} document */
export function activePairs(document) {
  return document.pairs.flatMap(({ enabled, target, locked, ...pair }) => (enabled && target ? [{ ...pair, target }] : []));
}

/** @param {Document} a @param {Document} b */
export const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
