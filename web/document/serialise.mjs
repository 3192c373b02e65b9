// @ts-check
// The document as text: what the widget holds, the workflow saves and kernels/points/drag_text.py reads.

import { readDrags } from "./drag_text.mjs";
import {
  FRACTIONS, Problem, checkInside, fractions, innerPath, isNumber, jsonValues, shown, strip, xy,
} from "./json_values.mjs";
import { MAX_JSON, MAX_STEPS, MAX_STROKES, STEPS, simplify } from "./strokes.mjs";
import { readRegions } from "./region_text.mjs";
import { EMPTY, MAX_PAIRS } from "./state.mjs";

/** @typedef {import("./state.mjs").Document} Document */
/** @typedef {import("./state.mjs").Pair} Pair */
/** @typedef {import("./strokes.mjs").Stroke} Stroke */
/** @typedef {readonly [number, number]} Size width, height in pixels */

const FORMAT = "dragkit.points";
const VERSION = 1;
const MAX_TEXT = 1_000_000;
const MAX_SIDE = 16_384;
/** At a point: lowest, highest, and what it is without. @type {Record<string, [number, number, number]>} */
const TURNS = { turn: [-180, 180, 0], scale: [0.25, 4, 1] };
const MAX_STROKE_POINTS = 10_000;
// for strokes beside so many points that nothing would be left of MAX_JSON
const MIN_STROKES_JSON = 10_000;
/** The fewest and the most points of a stroke. @type {Record<string, [number, number]>} */
const TOOLS = {
  brush: [1, MAX_STROKE_POINTS],
  erase: [1, MAX_STROKE_POINTS],
  polygon: [3, MAX_STROKE_POINTS],
  box: [2, 2],
  invert: [0, 0],
  grow: [0, 0],
  shrink: [0, 0],
  smooth: [0, 0],
  fill: [0, 0],
};

/** @param {readonly number[]} point @param {readonly number[]} high */
const inside = (point, high) => point.every((value, i) => value >= 0 && value <= high[i]);

/** @param {number} count */
function checkCount(count) {
  if (count > MAX_PAIRS) throw new Problem(`there are ${count} points; at most ${MAX_PAIRS} can be used`);
}

/** @param {unknown} value a point that the edit does not use @returns {[number, number]|null} */
function unused(value) {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(isNumber)) return null;
  const point = value.map(Number);
  return inside(point, [1, 1]) ? [point[0], point[1]] : null;
}

/** What a pair says of turn and scale that is not as without. @param {Map<string, any>} entry @param {boolean} used
 * @param {string} owner @returns {{turn?: number, scale?: number}} */
function readTurn(entry, used, owner) {
  const given = Object.entries(TURNS).flatMap(([name, [low, high, rest]]) => {
    const value = entry.has(name) ? entry.get(name) : rest;
    const good = isNumber(value) && value >= low && value <= high;
    if (!good && used) throw new Problem(`${owner} has ${name} = ${shown(value)}; it must be a number from ${low} to ${high}`);
    return good && Number(value) !== rest ? [[name, Number(value)]] : [];
  });
  return Object.fromEntries(given);
}

/** A pair; null for one that the edit does not use and that has no place. @param {any} entry @param {number} number
 * @returns {Pair|null} */
function readPair(entry, number) {
  const owner = `point ${number}`;
  if (!(entry instanceof Map)) {
    throw new Problem(`${owner} is ${shown(entry)}; it must be an object with a handle and a target`);
  }
  const [handle, target] = [entry.get("handle") ?? null, entry.get("target") ?? null];
  const flags = { enabled: entry.get("enabled") !== false, locked: entry.get("locked") === true };
  if (target !== null && flags.enabled) {
    const ends = { handle: xy(handle, owner, "handle"), target: xy(target, owner, "target") };
    for (const [name, end] of Object.entries(ends)) checkInside(end, [1, 1], `${owner} has ${name}`, FRACTIONS);
    return { ...ends, ...flags, ...readTurn(entry, true, owner) };
  }
  const [from, to] = [unused(handle), unused(target)];
  return from && (to || target === null) ? { handle: from, target: to, ...flags, ...readTurn(entry, false, owner) } : null;
}

/** @param {unknown} size @param {string} owner */
function readSize(size, owner) {
  if (isNumber(size) && size > 0 && size <= 1) return Number(size);
  const rule = "a fraction of the smaller side, above 0 and at most 1";
  throw new Problem(`${owner} has size = ${shown(size)}; it must be ${rule}`);
}

/** Nothing for 1, as for a stroke that says nothing of it. @param {unknown} hardness @param {string} owner
 * @returns {{hardness?: number}} */
function readHardness(hardness, owner) {
  if (hardness === null) return {};
  if (!isNumber(hardness) || !(hardness >= 0 && hardness <= 1)) {
    throw new Problem(`${owner} has hardness = ${shown(hardness)}; it must be a number from 0 to 1`);
  }
  return Number(hardness) === 1 ? {} : { hardness: Number(hardness) };
}

/** @param {any} entry @param {number} number @returns {Stroke} */
function readStroke(entry, number) {
  const owner = `stroke ${number}`;
  if (!(entry instanceof Map)) throw new Problem(`${owner} is ${shown(entry)}; it must be an object with a tool and points`);
  const [tool, list, size, hardness] = ["tool", "points", "size", "hardness"].map((key) => entry.get(key) ?? null);
  if (typeof tool !== "string" || !Object.hasOwn(TOOLS, tool)) {
    throw new Problem(`${owner} has an unknown tool; tools are ${Object.keys(TOOLS).join(", ")}`);
  }
  if (tool === "invert" || tool === "fill") return { tool };
  if (STEPS.includes(tool)) return { tool: /** @type {Stroke["tool"]} */ (tool), size: readSize(size, owner) };
  const [low, high] = TOOLS[tool];
  if (!Array.isArray(list) || list.length < low || list.length > high) {
    const count = Array.isArray(list) ? list.length : "no list of";
    throw new Problem(`${owner} is a ${tool} with ${count} points; it must have ${low === high ? low : `${low} to ${high}`}`);
  }
  const points = list.map((value, i) => fractions(value, owner, `position ${i + 1}`));
  if (tool === "polygon" || tool === "box") return { tool, points };
  return { tool: tool === "brush" ? "brush" : "erase", points, size: readSize(size, owner), ...readHardness(hardness, owner) };
}

/** @param {any} entries @returns {Stroke[]} */
function readStrokes(entries) {
  if (entries === null) return [];
  if (!Array.isArray(entries)) {
    throw new Problem(`"strokes" is ${shown(entries)}; it must be a list of objects with a tool and points`);
  }
  if (entries.length > MAX_STROKES) {
    throw new Problem(`there are ${entries.length} strokes; at most ${MAX_STROKES} can be used`);
  }
  const steps = entries.filter((entry) => entry instanceof Map && STEPS.includes(entry.get("tool"))).length;
  if (steps > MAX_STEPS) {
    throw new Problem(`there are ${steps} strokes that grow, shrink, smooth or fill; at most ${MAX_STEPS} can be used`);
  }
  const strokes = entries.map((entry, i) => readStroke(entry, i + 1));
  const count = strokes.reduce((sum, { points = [] }) => sum + points.length, 0);
  if (count > MAX_STROKE_POINTS) {
    throw new Problem(`the strokes have ${count} points; at most ${MAX_STROKE_POINTS} can be used`);
  }
  return strokes;
}

/** @param {any} image @returns {Size|null} */
function readImage(image) {
  if (image === null) return null;
  const sides = Array.isArray(image) && image.length === 2 && image.every((s) => typeof s === "bigint" && s > 0n && s <= MAX_SIDE);
  if (!sides) throw new Problem(`"image" must be [width, height], two whole numbers from 1 to ${MAX_SIDE}`);
  return [Number(image[0]), Number(image[1])];
}

/** @param {string} text of DragKit's object @returns {Document} */
function readObject(text) {
  const [data, ...more] = /** @type {any[]} */ (jsonValues(text));
  if (more.length) throw new Problem("the JSON object is followed by more text; give one object only");
  if (data.get("format") !== FORMAT) {
    throw new Problem(`the JSON object has no "format": "${FORMAT}", by which DragKit knows its points`);
  }
  const version = data.get("version") ?? null;
  if (version !== BigInt(VERSION)) {
    throw new Problem(`the version is ${shown(version)}; this DragKit reads version ${VERSION}`);
  }
  const image = readImage(data.get("image") ?? null);
  const entries = data.get("points") ?? null;
  if (!Array.isArray(entries)) {
    throw new Problem(`"points" is ${shown(entries)}; it must be a list of objects with a handle and a target`);
  }
  const pairs = entries.map((entry, i) => readPair(entry, i + 1)).filter((pair) => pair !== null);
  checkCount(pairs.filter((pair) => pair?.enabled && pair.target).length);
  const picture = data.get("picture") ?? null;
  return {
    image,
    picture: picture === null ? null : innerPath(picture, '"picture"'),
    pairs: /** @type {Pair[]} */ (pairs),
    strokes: readStrokes(data.get("strokes") ?? null),
    regions: readRegions(data.get("regions") ?? null),
  };
}

/** @param {string} text @param {Size|null} size @returns {{document: Document|null, notice: string|null}} document null: in
 *  pixels of a picture of unknown size */
function readText(text, size) {
  const { pairs, inPixels, notice } = readDrags(text);
  checkCount(pairs.length);
  const high = inPixels ? size ?? [Infinity, Infinity] : [1, 1];
  const known = inPixels ? `the picture is ${high[0]} x ${high[1]} pixels` : FRACTIONS;
  const rule = inPixels && !size ? "positions in pixels are not negative" : known;
  pairs.forEach(([handle, target], i) => {
    checkInside(handle, high, `point ${i + 1} has handle`, rule);
    checkInside(target, high, `point ${i + 1} has target`, rule);
  });
  if (inPixels && !size) return { document: null, notice };
  /** @param {readonly number[]} point @returns {[number, number]} */
  const fraction = ([x, y]) => (inPixels ? [x / high[0], y / high[1]] : [x, y]);
  const document = {
    ...EMPTY,
    image: inPixels ? size : null,
    pairs: pairs.map(([handle, target]) => ({
      handle: fraction(handle), target: fraction(target), enabled: true, locked: false,
    })),
  };
  return { document, notice };
}

/** @param {unknown} value @param {Size|null} size */
function readAny(value, size) {
  if (typeof value !== "string") throw new Problem(`the points are ${shown(value)}; they must be text`);
  // Python counts a pair of surrogates once
  const length = value.length <= MAX_TEXT || value.length > 2 * MAX_TEXT ? value.length : [...value].length;
  if (length > MAX_TEXT) throw new Problem(`the text has ${length} characters; it may have at most ${MAX_TEXT}`);
  const text = strip(value);
  return text.startsWith("{") ? { document: readObject(text), notice: null } : readText(text, size);
}

/**
 * What a widget's value says: DragKit's JSON, or any other text that kernels/points/drag_text.py takes, for a picture of size
 * pixels. problem is why it cannot be read; waiting, that its pixels mean nothing before the size is known; in both
 * cases the document is EMPTY. notice is for what a text that can mean two things was taken. Half-finished and disabled pairs are kept, unless their place makes no sense. Never throws.
 * @param {unknown} value @param {Size|null} size @returns {{document: Document, problem: string|null, waiting: boolean,
 *  notice: string|null}}
 */
export function read(value, size) {
  try {
    const { document, notice } = readAny(value, size);
    return { document: document ?? EMPTY, problem: null, waiting: document === null, notice };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { document: EMPTY, problem: error.message, waiting: false, notice: null };
  }
}

/** @param {Stroke} stroke */
function plainStroke({ tool, points, size, hardness = 1 }) {
  if (tool === "invert" || tool === "fill") return { tool };
  if (STEPS.includes(tool)) return { tool, size };
  return tool === "polygon" || tool === "box" ? { tool, points } : { tool, points, size, ...(hardness < 1 && { hardness }) };
}

/** What is written of a document, less its strokes. @param {Document} document */
function withoutStrokes({ image, picture, pairs, regions }) {
  return {
    format: FORMAT,
    version: VERSION,
    ...(image && { image }),
    ...(picture !== null && { picture }),
    points: pairs.map(({ handle, target, enabled, locked, turn = 0, scale = 1 }) => ({
      handle, target, ...(!enabled && { enabled }), ...(locked && { locked }), ...(turn && { turn }),
      ...(scale !== 1 && { scale }),
    })),
    ...(regions.length && { regions }),
  };
}

/**
 * document with strokes so simple that its text has at most MAX_JSON characters; itself where they are.
 * @param {Document} document @returns {Document}
 */
export function fit(document) {
  const room = MAX_JSON - JSON.stringify({ ...withoutStrokes(document), strokes: [] }).length + 2;
  const strokes = simplify(document.strokes, Math.max(room, MIN_STROKES_JSON), document.image ?? [1, 1]);
  return strokes === document.strokes ? document : { ...document, strokes };
}

/** The JSON of fit(document). @param {Document} document @returns {string} */
export function write(document) {
  const { strokes } = fit(document);
  return JSON.stringify({ ...withoutStrokes(document), ...(strokes.length && { strokes: strokes.map(plainStroke) }) });
}
