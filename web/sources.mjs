// @ts-check
// Looks along the links of a graph: which file an input shows, and which nodes come after a node.

/** @typedef {{id: string|number, type?: string, mode?: number, graph?: Graph|null, subgraph?: Graph,
 *  inputs?: {name: string, type?: unknown, link?: number|null}[],
 *  outputs?: {type?: unknown, links?: number[]|null}[],
 *  widgets?: {name: string, value?: unknown}[]}} GraphNode */
/** @typedef {{origin_id: string|number, origin_slot: number, target_id: string|number, target_slot: number}} Link */
/** @typedef {{nodes?: GraphNode[], _nodes?: GraphNode[], links?: any, getNodeById(id: any): GraphNode|null|undefined,
 *  inputs?: {linkIds?: number[]}[], outputs?: {linkIds?: number[]}[]}} Graph */
/** @typedef {{readonly filename: string, readonly subfolder: string, readonly type: string}} FileReference */

// the two ends of a subgraph as nodes; ids are numbers or texts, depending on the version
const SUBGRAPH_INPUT = "-10";
const SUBGRAPH_OUTPUT = "-20";
const BYPASSED = 4;
const MUTED = 2;
const MAX_DEPTH = 100;

/** @param {Graph} graph */
const nodesOf = (graph) => graph.nodes ?? graph._nodes ?? [];

/** @param {Graph} graph @param {number|null|undefined} id @returns {Link|undefined} */
function linkOf(graph, id) {
  if (id === null || id === undefined) return undefined;
  return graph.links instanceof Map ? graph.links.get(id) : graph.links?.[id];
}

/** The node that stands for a subgraph, with its own graph. @param {Graph} root @param {Graph} graph
 * @returns {{node: GraphNode, graph: Graph}|undefined} */
export function hostOf(root, graph) {
  for (const node of nodesOf(root)) {
    if (!node.subgraph) continue;
    if (node.subgraph === graph) return { node, graph: root };
    const deeper = hostOf(node.subgraph, graph);
    if (deeper) return deeper;
  }
  return undefined;
}

/** Id of a node as the server knows it, "4:2" for node 2 in the subgraph of node 4. @param {Graph} root
 * @param {Graph} graph of the node @param {string|number} id @returns {string} */
export function executionId(root, graph, id) {
  const host = graph === root ? undefined : hostOf(root, graph);
  return host ? `${executionId(root, host.graph, host.node.id)}:${id}` : String(id);
}

/**
 * The node and output that an input gets its value from, through reroutes, bypassed nodes and the borders of subgraphs.
 * @param {Graph} root @param {GraphNode} node @param {number} slot index of the input
 * @returns {{node: GraphNode, slot: number}|null}
 */
export function origin(root, node, slot) {
  let graph = /** @type {Graph} */ (node.graph);
  let link = linkOf(graph, node.inputs?.[slot]?.link);
  // a subgraph may be used several times: out through the node that was entered
  /** @type {{node: GraphNode, graph: Graph}[]} */
  const entered = [];
  for (let depth = 0; link && depth < MAX_DEPTH; depth++) {
    const output = link.origin_slot;
    if (String(link.origin_id) === SUBGRAPH_INPUT) {
      const host = entered.pop() ?? hostOf(root, graph);
      if (!host) return null;
      graph = host.graph;
      link = linkOf(graph, host.node.inputs?.[output]?.link);
      continue;
    }
    const source = graph.getNodeById(link.origin_id);
    if (!source || source.mode === MUTED) return null;
    if (source.subgraph && source.mode !== BYPASSED) {
      entered.push({ node: source, graph });
      graph = source.subgraph;
      link = linkOf(graph, graph.outputs?.[output]?.linkIds?.[0]);
      continue;
    }
    const input = passes(source, output);
    if (input < 0) return { node: source, slot: output };
    link = linkOf(graph, source.inputs?.[input].link);
  }
  return null;
}

/** The input that a node passes on to an output unchanged, -1 for a node that makes it. @param {GraphNode} node
 * @param {number} output */
function passes(node, output) {
  if (node.mode === BYPASSED) {
    const type = node.outputs?.[output]?.type;
    const inputs = node.inputs ?? [];
    // as ComfyUI bypasses: the input at the same place first
    return inputs[output]?.type === type ? output : inputs.findIndex((input) => input.type === type);
  }
  return node.inputs?.length === 1 && node.outputs?.length === 1 && /reroute/i.test(node.type ?? "") ? 0 : -1;
}

/**
 * The value of a node's widget, also where the widget is on the outside of the node's subgraph; undefined where another
 * node gives it.
 * @param {Graph} root @param {GraphNode} node @param {string} name @returns {unknown}
 */
function widgetValue(root, node, name) {
  const graph = /** @type {Graph} */ (node.graph);
  const link = linkOf(graph, node.inputs?.find((input) => input.name === name)?.link);
  const value = node.widgets?.find((widget) => widget.name === name)?.value;
  if (!link) return value;
  const host = String(link.origin_id) === SUBGRAPH_INPUT ? hostOf(root, graph)?.node : undefined;
  const outside = host?.inputs?.[link.origin_slot];
  return host && outside && widgetValue(root, host, outside.name);
}

/**
 * The file that a node loads, if it is one like Load Image: its widget `image` holds "[folder/]name [input|output|temp]".
 * @param {Graph} root @param {GraphNode} node @returns {FileReference|null}
 */
export function loadedFile(root, node) {
  const value = widgetValue(root, node, "image");
  return typeof value === "string" ? fileReference(value) : null;
}

/** @param {string} text @returns {FileReference|null} */
export function fileReference(text) {
  const match = /^(.*?\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif))(?: \[(input|output|temp)\])?$/i.exec(text);
  if (!match) return null;
  const cut = match[1].lastIndexOf("/");
  return { filename: match[1].slice(cut + 1), subfolder: match[1].slice(0, Math.max(cut, 0)), type: match[2] ?? "input" };
}

/**
 * Ids (executionId) of all nodes that come after a node, through the borders of subgraphs.
 * @param {Graph} root @param {GraphNode} start @returns {Map<string, GraphNode>}
 */
export function downstream(root, start) {
  /** @type {Map<string, GraphNode>} */
  const found = new Map();
  /** @type {{graph: Graph, links: number[]}[]} */
  const open = [];
  const leave = (/** @type {GraphNode} */ node, /** @type {Graph} */ graph) =>
    open.push({ graph, links: (node.outputs ?? []).flatMap(({ links }) => links ?? []) });
  leave(start, /** @type {Graph} */ (start.graph));
  const seen = new Set();
  for (let next = open.pop(); next; next = open.pop()) {
    const { graph, links } = next;
    for (const id of links) {
      const link = linkOf(graph, id);
      if (!link || seen.has(link)) continue;
      seen.add(link);
      if (String(link.target_id) === SUBGRAPH_OUTPUT) {
        const host = hostOf(root, graph);
        if (host) open.push({ graph: host.graph, links: host.node.outputs?.[link.target_slot]?.links ?? [] });
        continue;
      }
      const node = graph.getNodeById(link.target_id);
      if (!node) continue;
      if (node.subgraph) open.push({ graph: node.subgraph, links: node.subgraph.inputs?.[link.target_slot]?.linkIds ?? [] });
      else {
        const key = executionId(root, graph, node.id);
        if (found.has(key)) continue;
        found.set(key, node);
        leave(node, graph);
      }
    }
  }
  return found;
}
