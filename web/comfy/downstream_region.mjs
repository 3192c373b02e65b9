// @ts-check
// What the painted region is to the nodes behind a Drag Points node, and whether anything is behind it at all.

import { BYPASSED, MUTED, downstream, inputIndex, origin, receivers, rootGraph, widgetValue } from "./sources.mjs";

/** @typedef {import("./sources.mjs").Graph} Graph */
/** @typedef {import("./sources.mjs").GraphNode} GraphNode */
/** @typedef {import("../editor/session.mjs").RegionUse} RegionUse */
/** @typedef {import("../editor/session.mjs").Standing} Standing */

// these move the region as their border says; the region of all others is where the picture may change
const MOVERS = ["DragKitDragWarp", "DragKitLatentWarpage"];
const SHOWS_POINTS = ["DragKitDragPointsPreview"];
// places among the outputs of Drag Points
const [DRAG_POINTS, REGION] = [0, 1];

/** @param {Parameters<typeof rootGraph>[0]} app @param {GraphNode} node Drag Points
 * @param {import("./sources.mjs").Place} [at] place of the node, where its graph has several @returns {RegionUse} */
export function regionUse(app, node, at) {
  const root = rootGraph(app);
  const takers = receivers(root, node, REGION, at);
  const mover = takers.find(({ node: { type = "" } }) => MOVERS.includes(type));
  if (mover) {
    const { node: found, place } = mover;
    const slot = inputIndex(found, "flow");
    const value = (/** @type {string} */ name) => widgetValue(place, found, name);
    const flows = slot >= 0 && origin(root, found, slot, place) !== null;
    return flows || value("border") === "free" || value("displacement") === "stretch" ? "moves" : "changes";
  }
  if (takers.length) return "changes";
  return receivers(root, node, DRAG_POINTS, at).some(({ node: { type = "" } }) => !SHOWS_POINTS.includes(type)) ? "unused" : null;
}

/** @param {Parameters<typeof rootGraph>[0]} app @param {GraphNode} node Drag Points
 * @param {import("./sources.mjs").Place} [at] place of the node, where its graph has several @returns {Standing} */
export function standing(app, node, at) {
  if (node.mode === BYPASSED) return "bypassed";
  if (node.mode === MUTED) return "muted";
  return downstream(rootGraph(app), node, at).size ? null : "ends";
}
