// @ts-check
// The region pairs of the document's text, in every form that kernels/points/region_text.py takes.

import { Problem, fractions, shown } from "./json_values.mjs";

/** @typedef {import("./strokes.mjs").Point} Point */
/** @typedef {import("./state.mjs").Region} Region */

export const MAX_REGIONS = 64;
export const MAX_REGION_CORNERS = 10_000;
const MIN_CORNERS = 3;

/** @param {unknown} corners @param {string} owner @param {string} name @returns {Point[]} */
function polygon(corners, owner, name) {
  if (!Array.isArray(corners) || corners.length < MIN_CORNERS) {
    const number = Array.isArray(corners) ? corners.length : "no list of";
    throw new Problem(`${owner} has a ${name} with ${number} corners; it must have ${MIN_CORNERS} or more`);
  }
  return corners.map((corner, i) => fractions(corner, owner, `${name} corner ${i + 1}`));
}

/** @param {unknown} entry @param {string} owner @returns {Region} */
function region(entry, owner) {
  if (!(entry instanceof Map)) {
    throw new Problem(`${owner} is ${shown(entry)}; it must be an object with a handle and a target`);
  }
  const [handle, target] = ["handle", "target"].map((name) => polygon(entry.get(name), owner, name));
  if (handle.length !== target.length) {
    const corners = `a handle with ${handle.length} corners and a target with ${target.length}`;
    throw new Problem(`${owner} has ${corners}; there must be as many`);
  }
  return { handle, target };
}

/** How many corners regions have. @param {readonly Region[]} regions */
export const cornersOf = (regions) => regions.reduce((sum, { handle, target }) => sum + handle.length + target.length, 0);

/** @param {any} entries a value of JSON, null for none @returns {Region[]} */
export function readRegions(entries) {
  if (entries === null) return [];
  if (!Array.isArray(entries)) {
    throw new Problem(`"regions" is ${shown(entries)}; it must be a list of objects with a handle and a target`);
  }
  if (entries.length > MAX_REGIONS) {
    throw new Problem(`there are ${entries.length} regions; at most ${MAX_REGIONS} can be used`);
  }
  const regions = entries.map((entry, i) => region(entry, `region ${i + 1}`));
  const count = cornersOf(regions);
  if (count > MAX_REGION_CORNERS) {
    throw new Problem(`the regions have ${count} corners; at most ${MAX_REGION_CORNERS} can be used`);
  }
  return regions;
}
