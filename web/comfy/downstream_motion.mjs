// @ts-check
// How the arrows and region pairs of a node will move things: what the first Drag Warp or Latent Warpage that gets them
// was told.

import { DEFAULT, DEFAULT_REGIONS, howOf } from "../preview/how.mjs";
import { inputIndex, receivers, rootGraph, origin, widgetValue } from "./sources.mjs";

/** @typedef {import("./sources.mjs").Graph} Graph */
/** @typedef {import("./sources.mjs").GraphNode} GraphNode */
/** @typedef {import("./sources.mjs").Place} Place */
/** @typedef {import("../preview/how.mjs").How} How */
/** @typedef {{node: GraphNode, place: Place}} Found */

const MOVERS = ["DragKitDragWarp", "DragKitLatentWarpage"];
const REGION_DRAG = "DragKitRegionDrag";
// places among the outputs of Drag Points and of Region Drag
const [DRAG_POINTS, MASK, REGIONS] = [0, 1, 3];
const [FLOW, HANDLE_REGION, REGION] = [0, 1, 2];

/** Where an input comes from. @param {Graph} root @param {Found} found @param {string} name */
function given(root, { node, place }, name) {
  const slot = inputIndex(node, name);
  return slot < 0 ? null : origin(root, node, slot, place);
}

/** @param {Graph} root @param {Found} mover @param {Partial<How>} more */
function told(root, mover, more) {
  const value = (/** @type {string} */ name) => widgetValue(mover.place, mover.node, name);
  const warps = mover.node.type === MOVERS[0];
  // a widget that another node gives is known in a run only
  const chosen = (/** @type {string} */ name) => value(name) ?? "";
  const own = warps ? { front: chosen("front") } : { mode: chosen("mode") };
  return howOf({ displacement: value("displacement"), border: value("border"), ...own }, { ...more, finds: warps });
}

/** @param {Parameters<typeof rootGraph>[0]} app @param {GraphNode} node Drag Points @param {Place} [at] place of the node, where
 * its graph has several @returns {{drags: How, regions: How}} */
export function downstreamMotion(app, node, at) {
  const root = rootGraph(app);
  return { drags: ofDrags(root, node, at), regions: ofRegions(root, node, at) };
}

/** @param {Graph} root @param {GraphNode} node @param {Place} [at] */
function ofDrags(root, node, at) {
  for (const mover of receivers(root, node, DRAG_POINTS, at)) {
    if (!MOVERS.includes(mover.node.type ?? "") || given(root, mover, "flow")) continue;
    const mask = given(root, mover, "mask");
    return told(root, mover, { mask: !mask ? "none" : mask.node === node && mask.slot === MASK ? "own" : "other" });
  }
  return DEFAULT;
}

/** @param {Graph} root @param {GraphNode} node @param {Place} [at] */
function ofRegions(root, node, at) {
  for (const pairs of receivers(root, node, REGIONS, at)) {
    // pairs of masks, which move too, are not known here
    if (pairs.node.type !== REGION_DRAG || given(root, pairs, "handle_mask")) continue;
    for (const mover of receivers(root, pairs.node, FLOW, pairs.place)) {
      if (!MOVERS.includes(mover.node.type ?? "")) continue;
      const mask = given(root, mover, "mask");
      const own = mask?.node === pairs.node && (mask.slot === HANDLE_REGION || mask.slot === REGION);
      return told(root, mover, { moves: "regions", mask: !mask ? "none" : own ? "own" : "other" });
    }
  }
  return DEFAULT_REGIONS;
}
