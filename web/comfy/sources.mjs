// @ts-check
// Looks along the links of a graph: which file an input shows, and which nodes come after a node.

import { demoPhotograph } from "./demo_photographs.mjs";

/** @typedef {{id: string|number, type?: string, title?: string, mode?: number, graph?: Graph|null, subgraph?: Graph,
 *  properties?: Record<string, any>,
 *  inputs?: {name: string, type?: unknown, link?: number|null}[],
 *  outputs?: {type?: unknown, links?: number[]|null}[],
 *  widgets?: {name: string, value?: unknown, serializeValue?: unknown}[]}} GraphNode */
/** @typedef {{origin_id: string|number, origin_slot: number, target_id: string|number, target_slot: number}} Link */
/** @typedef {{nodes?: GraphNode[], _nodes?: GraphNode[], links?: any, getNodeById(id: any): GraphNode|null|undefined,
 *  inputs?: {linkIds?: number[]}[], outputs?: {linkIds?: number[]}[]}} Graph */
/** @typedef {{readonly graph: Graph, readonly host: GraphNode|null, readonly outer: Place|null}} Place a graph where it is
 *  used: the node that stands for it, and where that is; null for the root */
/** @typedef {{readonly filename: string, readonly subfolder: string, readonly type: string}} FileReference */

// the two ends of a subgraph as nodes; ids are numbers or texts, depending on the version
const SUBGRAPH_INPUT = "-10";
const SUBGRAPH_OUTPUT = "-20";
export const BYPASSED = 4;
export const MUTED = 2;
const MAX_DEPTH = 100;

/** The outermost of ComfyUI's graphs. @param {{graph: Graph & {rootGraph?: Graph}, rootGraph?: Graph}} app @returns {Graph} */
export const rootGraph = (app) => app.rootGraph ?? app.graph.rootGraph ?? app.graph;

/** Place of an input, -1 for none. @param {GraphNode} node @param {string} name */
export const inputIndex = (node, name) => node.inputs?.findIndex((input) => input.name === name) ?? -1;

/** @param {GraphNode} node @param {string} name of an input */
export const isConnected = (node, name) => node.inputs?.[inputIndex(node, name)]?.link != null;

/** @param {Graph} graph */
const nodesOf = (graph) => graph.nodes ?? graph._nodes ?? [];

/** @param {Graph} graph @param {number|null|undefined} id @returns {Link|undefined} */
function linkOf(graph, id) {
  if (id === null || id === undefined) return undefined;
  return graph.links instanceof Map ? graph.links.get(id) : graph.links?.[id];
}

/** The place of the graph that a node of `outer` stands for. @param {GraphNode} host @param {Place} outer @returns {Place} */
const within = (host, outer) => ({ graph: /** @type {Graph} */ (host.subgraph), host, outer });

/** All places where a graph is used: the root is one, a subgraph may have several. @param {Graph|null|undefined} graph
 * @param {Place} from @returns {Place[]} */
function placesOf(graph, from) {
  if (from.graph === graph) return [from];
  return nodesOf(from.graph).flatMap((node) => (node.subgraph ? placesOf(graph, within(node, from)) : []));
}

/** @param {Graph} root @returns {Place} */
const rootPlace = (root) => ({ graph: root, host: null, outer: null });

/** Id of a node at a place, as the server knows it. @param {Place} place @param {string|number} id @returns {string} */
export const idAt = ({ host, outer }, id) => (host && outer ? `${idAt(outer, host.id)}:${id}` : String(id));

/** The first place where the graph of a node is used. @param {Graph} root @param {GraphNode} node @returns {Place} */
export const placeOf = (root, node) => placesOf(node.graph, rootPlace(root))[0] ?? rootPlace(root);

/** Id of a node as the server knows it, "4:2" for node 2 in the subgraph of node 4, at the first place where its graph
 * is used. @param {Graph} root @param {Graph} graph of the node @param {string|number} id @param {Place} [at] place of the
 * graph, where it has several @returns {string} */
export function executionId(root, graph, id, at) {
  const [place = rootPlace(root)] = at ? [at] : placesOf(graph, rootPlace(root));
  return idAt(place, id);
}

/**
 * The node inside a subgraph whose input takes the value that the subgraph's own input shows, through subgraphs inside it.
 * @param {Graph} root @param {GraphNode} host that stands for the subgraph @param {string} name of its input
 * @param {string} type of the node @returns {{node: GraphNode, place: Place}|null} place: of that node
 */
export function promotedNode(root, host, name, type) {
  const [outer] = placesOf(host.graph, rootPlace(root));
  /** @param {GraphNode} from @param {Place} around @param {number} slot @returns {{node: GraphNode, place: Place}|null} */
  const inside = (from, around, slot) => {
    const place = within(from, around);
    for (const id of place.graph?.inputs?.[slot]?.linkIds ?? []) {
      const link = linkOf(place.graph, id);
      const node = link && place.graph.getNodeById(link.target_id);
      if (!node) continue;
      const found = node.type === type ? { node, place } : node.subgraph ? inside(node, place, link.target_slot) : null;
      if (found) return found;
    }
    return null;
  };
  return outer ? inside(host, outer, inputIndex(host, name)) : null;
}

/**
 * The node and output that an input gets its value from, through reroutes, bypassed nodes and the borders of subgraphs.
 * @param {Graph} root @param {GraphNode} node @param {number} slot index of the input
 * @param {Place} [at] place of the node, where its graph has several
 * @returns {{node: GraphNode, slot: number, place: Place}|null} place: of that node
 */
export function origin(root, node, slot, at) {
  let place = at ?? placesOf(node.graph, rootPlace(root))[0];
  let link = place && linkOf(place.graph, node.inputs?.[slot]?.link);
  for (let depth = 0; link && depth < MAX_DEPTH; depth++) {
    const output = link.origin_slot;
    if (String(link.origin_id) === SUBGRAPH_INPUT) {
      const { host, outer } = place;
      if (!host || !outer) return null;
      place = outer;
      link = linkOf(place.graph, host.inputs?.[output]?.link);
      continue;
    }
    const source = place.graph.getNodeById(link.origin_id);
    if (!source || source.mode === MUTED) return null;
    if (source.subgraph && source.mode !== BYPASSED) {
      place = within(source, place);
      link = linkOf(place.graph, place.graph.outputs?.[output]?.linkIds?.[0]);
      continue;
    }
    const input = passed(source, output);
    if (input === null) return { node: source, slot: output, place };
    link = linkOf(place.graph, source.inputs?.[input]?.link);
  }
  return null;
}

/** The input that a node passes on to an output unchanged (-1 for none), null for a node that makes its output.
 * @param {GraphNode} node @param {number} output */
function passed({ mode, type, inputs = [], outputs = [] }, output) {
  if (mode === BYPASSED) {
    // as ComfyUI bypasses: the input at the same place first, then one of the very type, then one that takes any
    const wanted = outputs[output]?.type;
    const fits = (/** @type {{type?: unknown}|undefined} */ input) => [input?.type, wanted].includes("*") || input?.type === wanted;
    if (inputs[output] && fits(inputs[output])) return output;
    const exact = inputs.findIndex((input) => input.type === wanted);
    return exact >= 0 ? exact : inputs.findIndex(fits);
  }
  return inputs.length === 1 && outputs.length === 1 && /reroute/i.test(type ?? "") ? 0 : null;
}

/**
 * The value of a node's widget, also where the widget is on the outside of the node's subgraph; undefined where another
 * node gives it.
 * @param {Place} place of the node @param {GraphNode} node @param {string} name @returns {unknown}
 */
export function widgetValue({ graph, host, outer }, node, name) {
  const link = linkOf(graph, node.inputs?.find((input) => input.name === name)?.link);
  const value = node.widgets?.find((widget) => widget.name === name)?.value;
  if (!link) return value;
  if (String(link.origin_id) !== SUBGRAPH_INPUT || !host || !outer) return undefined;
  const outside = host.inputs?.[link.origin_slot];
  return outside && widgetValue(outer, host, outside.name);
}

/**
 * The file that a node loads, if it is one like Load Image: its widget `image` holds "[folder/]name [input|output|temp]".
 * @param {Graph} root @param {GraphNode} node @param {Place} [place] of the node, where its graph has several
 * @returns {FileReference|null}
 */
export function loadedFile(root, node, place = placesOf(node.graph, rootPlace(root))[0]) {
  const value = widgetValue(place, node, "image");
  return typeof value === "string" ? fileReference(value) : null;
}

/** The file that is known before a run to be what a node gives at an output. @param {Graph} root
 * @param {{node: GraphNode, slot: number, place: Place}} output @returns {FileReference|null} */
export const shownFile = (root, { node, slot, place }) =>
  slot === 0 ? loadedFile(root, node, place) : demoPhotograph(node, slot, widgetValue(place, node, "photograph"));

/** @param {string} text @returns {FileReference|null} */
export function fileReference(text) {
  const match = /^(.*?\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif))(?: \[(input|output|temp)\])?$/i.exec(text);
  if (!match) return null;
  const cut = match[1].lastIndexOf("/");
  return { filename: match[1].slice(cut + 1), subfolder: match[1].slice(0, Math.max(cut, 0)), type: match[2] ?? "input" };
}

/**
 * Follows links, nearest first, through the borders of subgraphs.
 * @param {Graph} root @param {GraphNode} start @param {readonly number[]} links of its graph, where it may stand several times
 * @param {Place|undefined} at the one place of its graph that is meant, if one is
 * @param {(node: GraphNode, slot: number, place: Place) => readonly number[]|null} reached at an input, that slot: the links
 * to go on with, or null to go on inside the node, which is a subgraph
 */
function follow(root, start, links, at, reached) {
  const seen = new Set();
  /** @type {{place: Place, links: readonly number[]}[]} */
  const open = (at ? [at] : placesOf(start.graph, rootPlace(root))).map((place) => ({ place, links }));
  for (let next = open.shift(); next; next = open.shift()) {
    const { place } = next;
    const { graph, host, outer } = place;
    for (const id of next.links) {
      const link = linkOf(graph, id);
      const key = idAt(place, id);
      if (!link || seen.has(key)) continue;
      seen.add(key);
      const slot = link.target_slot;
      if (String(link.target_id) === SUBGRAPH_OUTPUT) {
        if (host && outer) open.push({ place: outer, links: host.outputs?.[slot]?.links ?? [] });
        continue;
      }
      const node = graph.getNodeById(link.target_id);
      const further = node && reached(node, slot, place);
      if (further) open.push({ place, links: further });
      else if (node?.subgraph) open.push({ place: within(node, place), links: node.subgraph.inputs?.[slot]?.linkIds ?? [] });
    }
  }
}

/** @param {GraphNode} node */
const linksAfter = ({ outputs = [] }) => outputs.flatMap(({ links }) => links ?? []);

/**
 * All nodes that come after a node, through the borders of subgraphs, by their ids (as the server knows them).
 * @param {Graph} root @param {GraphNode} start @param {Place} [at] place of the node, where its graph has several
 * @returns {Map<string, {node: GraphNode, place: Place}>}
 */
export function downstream(root, start, at) {
  /** @type {Map<string, {node: GraphNode, place: Place}>} */
  const found = new Map();
  follow(root, start, linksAfter(start), at, (node, _, place) => {
    if (node.subgraph) return null;
    found.set(idAt(place, node.id), { node, place });
    return linksAfter(node);
  });
  return found;
}

/**
 * The nodes that use what a node gives at an output, nearest first: through reroutes, bypassed nodes and the borders of
 * subgraphs.
 * @param {Graph} root @param {GraphNode} start @param {number} output its index @param {Place} [at] place of the node, where
 * its graph has several
 * @returns {{node: GraphNode, place: Place}[]} place: of that node
 */
export function receivers(root, start, output, at) {
  /** @type {{node: GraphNode, place: Place}[]} */
  const found = [];
  follow(root, start, start.outputs?.[output]?.links ?? [], at, (node, slot, place) => {
    if (node.mode === MUTED) return [];
    if (node.subgraph && node.mode !== BYPASSED) return null;
    const passes = (node.outputs ?? []).map((_, i) => passed(node, i));
    if (passes.every((from) => from === null)) found.push({ node, place });
    return passes.flatMap((from, i) => (from === slot ? (node.outputs?.[i]?.links ?? []) : []));
  });
  return found;
}
