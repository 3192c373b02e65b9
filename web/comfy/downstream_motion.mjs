// @ts-check
// How the points of a node will move things: what the first Drag Warp or Latent Warpage that gets them was told.

import { DEFAULT, howOf } from "../preview/how.mjs";
import { inputIndex, receivers, rootGraph, origin, widgetValue } from "./sources.mjs";

/** @typedef {import("./sources.mjs").Graph} Graph */
/** @typedef {import("./sources.mjs").GraphNode} GraphNode */

// whether a node finds what moves around the handles where no region is painted
const FINDS = { DragKitDragWarp: true, DragKitLatentWarpage: false };
// place of drag_points among the outputs of Drag Points
const DRAG_POINTS = 0;

/** @param {Parameters<typeof rootGraph>[0]} app @param {GraphNode} node Drag Points @param {import("./sources.mjs").Place} [at]
 * place of the node, where its graph has several */
export function downstreamMotion(app, node, at) {
  const root = rootGraph(app);
  for (const { node: found, place } of receivers(root, node, DRAG_POINTS, at)) {
    const type = found.type ?? "";
    if (!(type in FINDS)) continue;
    const given = (/** @type {string} */ name) => {
      const slot = inputIndex(found, name);
      return slot >= 0 && origin(root, found, slot, place) !== null;
    };
    if (given("flow")) return DEFAULT;
    const value = (/** @type {string} */ name) => widgetValue(place, found, name);
    return howOf(value("displacement"), value("border"), FINDS[/** @type {keyof typeof FINDS} */ (type)], given("mask"));
  }
  return DEFAULT;
}
