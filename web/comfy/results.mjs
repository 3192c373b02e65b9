// @ts-check
// Which picture of the graph is the result of a node's points: that of the node farthest behind it, or of a chosen one.

import { BYPASSED, MUTED, downstream, idAt, origin, placeOf } from "./sources.mjs";

/** @typedef {import("./sources.mjs").Graph} Graph */
/** @typedef {import("./sources.mjs").GraphNode} GraphNode */
/** @typedef {import("./sources.mjs").Place} Place */
/** @typedef {import("../editor/session.mjs").Candidate} Candidate */

const ENDS = ["SaveImage", "PreviewImage"];
// these show points, motion or masks, not the edited picture
const NO_RESULTS = ["DragKitDragPointsPreview", "DragKitFlowPreview", "MaskToImage", "MaskPreview"];

/** Length of the longest way from a start to each node behind it. @param {Graph} root @param {string} start */
function distances(root, start) {
  /** @type {Map<string, number>} */
  const known = new Map([[start, 0]]);
  /** @param {GraphNode} node @param {Place} place @returns {number} */
  return function distance(node, place) {
    const id = idAt(place, node.id);
    const before = known.get(id);
    if (before !== undefined) return before;
    // a loop leads nowhere
    known.set(id, -Infinity);
    const ways = (node.inputs ?? []).map((_, slot) => {
      const found = origin(root, node, slot, place);
      return found ? distance(found.node, found.place) + 1 : -Infinity;
    });
    const longest = Math.max(-Infinity, ...ways);
    known.set(id, longest);
    return longest;
  };
}

/**
 * The nodes that show a picture made with a node's points, that of the end of the graph first.
 * @param {Graph} root @param {GraphNode} start @param {(id: string) => boolean} reported whether a node has shown a picture
 * @param {Place} [at] place of the node, where its graph has several @returns {Candidate[]}
 */
export function candidates(root, start, reported, at) {
  const distance = distances(root, idAt(at ?? placeOf(root, start), start.id));
  const found = [...downstream(root, start, at)].flatMap(([id, { node, place }]) => {
    const type = node.type ?? "";
    if (node.mode === MUTED || node.mode === BYPASSED || NO_RESULTS.includes(type)) return [];
    if (!ENDS.includes(type) && !reported(id)) return [];
    const pictures = (node.inputs ?? []).flatMap((input, slot) => (input.type === "IMAGE" ? [origin(root, node, slot, place)] : []));
    const made = pictures.filter((one) => one && !NO_RESULTS.includes(one.node.type ?? ""));
    return made.length ? [{ id, name: `${node.title || type} #${id}`, far: distance(node, place), rank: ENDS.indexOf(type) }] : [];
  });
  const rank = (/** @type {{rank: number}} */ one) => (one.rank < 0 ? ENDS.length : one.rank);
  return found.sort((a, b) => b.far - a.far || rank(a) - rank(b)).map(({ id, name }) => ({ id, name }));
}
