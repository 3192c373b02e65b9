// @ts-check
// What was run: the prompts of runs, and whether the graph would still make the same of an input.

import { inputIndex, origin, idAt } from "./sources.mjs";
import { valueOf } from "./followed_picture.mjs";

/** @typedef {import("./sources.mjs").Graph} Graph */
/** @typedef {import("./sources.mjs").GraphNode} GraphNode */
/** @typedef {import("./sources.mjs").Place} Place */
/** @typedef {Record<string, {class_type: string, inputs: Record<string, any>}>} Prompt nodes by their ids */
/** @typedef {{readonly file: import("./sources.mjs").FileReference, readonly width?: number, readonly height?: number,
 *  readonly key: string, run: string, prompt: Prompt|null}} Made a picture of a run. width, height: of the picture that the
 *  file is a smaller copy of; key: of what was connected; run: id of the last run that made it or had it already; prompt:
 *  what that ran, null until it is known */

/** What runs have given to one node's editor. */
export class Remembered {
  /** @type {Made|null} the picture of the node in the last run */ ran = null;
  /** @type {Map<string, Made>} what nodes have shown, by their ids */ made = new Map();
}

const KEPT = 20;

/** The prompts of one server, asked for once. */
export class Runs {
  /** @type {Map<string, Promise<Prompt|null>>} */ #prompts = new Map();

  /** @param {import("./frontend.d.ts").Api} api */
  constructor(api) {
    this.api = api;
  }

  /** @param {string} id of a run @returns {Promise<Prompt|null>} null where the server does not know it any more */
  prompt(id) {
    const known = this.#prompts.get(id);
    if (known) return known;
    const asked = this.#ask(id).catch(() => null);
    this.#prompts.set(id, asked);
    if (this.#prompts.size > KEPT) this.#prompts.delete(this.#prompts.keys().next().value ?? id);
    return asked;
  }

  /** @param {string} id */
  async #ask(id) {
    const read = async (/** @type {string} */ path) => (await this.api.fetchApi(path)).json();
    const find = (/** @type {any} */ { queue_running: running = [], queue_pending: waiting = [] }) =>
      [...running, ...waiting].find((/** @type {any[]} */ [, own]) => own === id)?.[2];
    return find(await read("/queue")) ?? (await read(`/history/${id}`))[id]?.prompt?.[2] ?? null;
  }
}

/** @type {WeakMap<object, Runs>} */
const servers = new WeakMap();

/** The runs of a server, for all editors. @param {import("./frontend.d.ts").Api} api */
export function runsOf(api) {
  const runs = servers.get(api) ?? new Runs(api);
  servers.set(api, runs);
  return runs;
}

/** @param {unknown} value */
const isLink = (value) => Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && Number.isInteger(value[1]);

/**
 * Whether a node would get at these inputs what it got in a run.
 * @param {Prompt} prompt of the run @param {Graph} root @param {GraphNode} node @param {Place} place of it
 * @param {readonly string[]|null} names of the inputs, null for all @param {Set<string>} [seen] nodes that are unchanged
 * @returns {boolean}
 */
export function unchanged(prompt, root, node, place, names, seen = new Set()) {
  const id = idAt(place, node.id);
  if (seen.has(id)) return true;
  seen.add(id);
  const then = prompt[id];
  if (!then || then.class_type !== /** @type {any} */ (node).type) return false;
  const all = new Set([...Object.keys(then.inputs), ...(node.inputs ?? []).map(({ name }) => name)]);
  return (names ?? [...all]).every((name) => {
    const value = then.inputs[name];
    const slot = inputIndex(node, name);
    const found = slot < 0 ? null : origin(root, node, slot, place);
    if (isLink(value)) {
      const same = found && idAt(found.place, found.node.id) === value[0] && found.slot === value[1];
      return Boolean(same && unchanged(prompt, root, found.node, found.place, null, seen));
    }
    const now = valueOf(root, node, place, name);
    // what only a run knows was a link
    if (now === undefined || now === null) return value !== undefined || !found;
    if (value === undefined || JSON.stringify(now) === JSON.stringify(value)) return true;
    // some widgets send other than they hold: prompts with choices in braces, uploads
    const sent = node.widgets?.find((widget) => widget.name === name)?.serializeValue;
    return Boolean(sent) && (typeof now !== "string" || /[{}]/.test(now));
  });
}
