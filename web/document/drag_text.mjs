// @ts-check
// Lines and lists of drags, in every form that kernels/points/drag_text.py takes.

import { BLANKS, Problem, jsonValues, strip, xy } from "./json_values.mjs";

/** @typedef {[number, number]} Position in pixels or fractions */
/** @typedef {{pairs: [Position, Position][], values: number[], notice?: string|null}} Drags values: all coordinates, also
 *  those of no pair; notice: for what a text that can mean two things was taken */

const ARROW = /[-=]>/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const SPACES = new RegExp(`[${BLANKS}]+`);
const LINE_BREAKS = /\r\n|[\n-\r\x1c-\x1e\x85\u2028\u2029;]/;

/** @param {string} text */
function tokens(text) {
  if (text.includes(",")) return text.split(",").map(strip);
  const stripped = strip(text);
  return stripped ? stripped.split(SPACES) : [];
}

/** @param {string} text @returns {Drags} */
function lines(text) {
  /** @type {[Position, Position][]} */
  const pairs = [];
  text.split(LINE_BREAKS).forEach((line, row) => {
    const ends = line.replace(/[()[\]]/g, " ").split(ARROW).map(tokens);
    if (ends.length === 1 && !ends[0].length) return;
    if (ends.length !== 2 || !ends.every((end) => end.length === 2 && end.every((token) => NUMBER.test(token)))) {
      throw new Problem(`line ${row + 1} is no drag; write x,y -> x,y`);
    }
    const [[x, y], [u, v]] = ends.map((end) => end.map(Number));
    pairs.push([[x, y], [u, v]]);
  });
  return { pairs, values: pairs.flat(2) };
}

/** @param {unknown} value a list of objects, as KJNodes' spline editor writes it @returns {value is Map<string, any>[]} */
const isTrack = (value) => Array.isArray(value) && value.every((point) => point instanceof Map);

/** For lists of which there is only one, of positions: KJNodes' editors of splines and of points both write that.
 * @param {any[][]} values @returns {string|null} */
function takenFor(values) {
  if (values.length > 1 || !isTrack(values[0]) || values[0].length <= 2) return null;
  return (
    `${values[0].length} positions in one list are one track, a drag from the first to the last; for separate drags ` +
    "write handles and targets in turn as [x, y], or each drag in a list of its own"
  );
}

/** @param {string} text @returns {Drags} */
function lists(text) {
  // some nodes write Python's quotes; no list of coordinates holds a text
  const values = jsonValues(text.replaceAll("'", '"'));
  if (!values.every(Array.isArray)) throw new Problem("a list is followed by something else; give lists only");
  const tracks = values.flatMap((/** @type {any} */ value) => (isTrack(value) ? [value] : value));
  if (tracks.every(isTrack)) {
    const paths = tracks.map((track, i) =>
      track.map((point) => xy([point.get("x") ?? null, point.get("y") ?? null], `point ${i + 1}`, "track")),
    );
    const moves = paths.filter((path) => path.length > 1);
    const pairs = moves.map((path) => /** @type {[Position, Position]} */ ([path[0], path[path.length - 1]]));
    return { pairs, values: paths.flat(2), notice: takenFor(values) };
  }
  let points = /** @type {any[]} */ (values.length === 1 ? values[0] : values);
  if (!points.some((point) => Array.isArray(point) || point instanceof Map)) {
    const flat = points;
    if (flat.length % 4) {
      throw new Problem(`there are ${flat.length} numbers; a drag takes four, handle x, y and target x, y`);
    }
    points = Array.from({ length: flat.length / 2 }, (_, i) => flat.slice(2 * i, 2 * i + 2));
  }
  const ends = points.map((point, i) => xy(point, `point ${(i >> 1) + 1}`, i % 2 ? "target" : "handle"));
  if (ends.length % 2) {
    throw new Problem(`point ${(ends.length + 1) / 2} has no target; handles and targets take turns in a list`);
  }
  const pairs = Array.from({ length: ends.length / 2 }, (_, i) => /** @type {[Position, Position]} */ ([
    ends[2 * i], ends[2 * i + 1],
  ]));
  return { pairs, values: ends.flat() };
}

/** The drags of a text that is not DragKit's object; in pixels unless all coordinates lie in 0..1.
 * @param {string} text @returns {{pairs: [Position, Position][], inPixels: boolean, notice: string|null}} */
export function readDrags(text) {
  const plain = strip(text.replace(/#[^\n]*/g, ""));
  const { pairs, values, notice = null } = plain.startsWith("[") && !ARROW.test(plain) ? lists(plain) : lines(plain);
  return { pairs, inPixels: !values.every((value) => value >= 0 && value <= 1), notice };
}
