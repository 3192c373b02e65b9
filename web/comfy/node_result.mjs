// @ts-check
// The last result that a node's editor shows, and whether it is one of the points and the picture as they are now.

import { activePairs } from "../document/state.mjs";
import { read } from "../document/serialise.mjs";
import { candidates } from "./results.mjs";
import { runsOf, unchanged } from "./runs.mjs";
import { downstream, idAt, placeOf, rootGraph } from "./sources.mjs";

/** @typedef {import("./sources.mjs").FileReference} FileReference */

// of the node, where the chosen result is kept with the workflow
const CHOSEN = "dragkit_result";

export class NodeResult {
  /** @type {string} what is shown, or being loaded */ #shown = "";

  /** @param {import("../editor/session.mjs").Session} session @param {import("./frontend.d.ts").ComfyNode} node
   * that shows it @param {() => import("./node_editor.mjs").Spot} spot the node that takes the points
   * @param {import("./frontend.d.ts").App} app @param {import("./frontend.d.ts").Api} api
   * @param {import("./runs.mjs").Remembered} runs @param {(file: FileReference) => Promise<HTMLImageElement|null>} load
   * @param {() => unknown} value of the points */
  constructor(session, node, spot, app, api, runs, load, value) {
    this.session = session;
    this.node = node;
    this.spot = spot;
    this.app = app;
    this.runs = runs;
    this.prompts = runsOf(api);
    this.load = load;
    this.value = value;
  }

  /** What any node showed after a run.
   * @param {{node: string, display_node?: string, prompt_id?: string, output?: {images?: FileReference[]}|null}} detail */
  executed({ node, display_node, prompt_id: run = "", output }) {
    const [file] = output?.images ?? [];
    const id = String(display_node ?? node);
    const { node: start, place } = this.spot();
    if (!file || !downstream(rootGraph(this.app), start, place).has(id)) return;
    this.runs.made.set(id, { file, key: "", run, prompt: null });
    this.#ask(id, run);
    this.refresh();
  }

  /** A run that has these nodes' pictures already. @param {{nodes?: string[], prompt_id?: string}} detail */
  cached({ nodes = [], prompt_id: run = "" }) {
    for (const id of nodes.map(String)) if (this.runs.made.has(id)) this.#ask(id, run);
  }

  /** @param {string} id @param {string} run */
  #ask(id, run) {
    const made = this.runs.made.get(id);
    if (made) made.run = run;
    void this.prompts.prompt(run).then((prompt) => {
      if (!made || made.run !== run) return;
      made.prompt = prompt;
      // another workflow may have nodes of the same ids
      const { node, place } = this.#place();
      if (prompt && prompt[idAt(place, node.id)]?.class_type !== node.type && this.runs.made.get(id) === made) this.runs.made.delete(id);
      this.refresh();
    });
  }

  /** The node that takes the points, and where it is. */
  #place() {
    const { node, place } = this.spot();
    return { node, place: place ?? placeOf(rootGraph(this.app), node) };
  }

  /** Makes a node's picture the result; "" for the one at the end of the graph. @param {string} id */
  choose(id) {
    const properties = (this.node.properties ??= {});
    if (id) properties[CHOSEN] = id;
    else delete properties[CHOSEN];
    this.refresh();
  }

  /** Shows the result that belongs to the node now. */
  refresh() {
    const { session, node } = this;
    const start = this.#place();
    if (!node.graph || !start.node.graph) return;
    const root = rootGraph(this.app);
    const options = candidates(root, start.node, (id) => this.runs.made.has(id), this.spot().place);
    const wanted = String(node.properties?.[CHOSEN] ?? "");
    const chosen = options.some(({ id }) => id === wanted) ? wanted : "";
    const id = chosen || options[0]?.id;
    const made = id === undefined ? undefined : this.runs.made.get(id);
    session.setResults({ options, chosen }, made ? this.#age(root, made.prompt) : "");
    const shown = made ? JSON.stringify([id, made.file]) : "";
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!made) return session.setResult(null);
    void this.load(made.file).then((image) => {
      if (this.#shown !== shown || !image) return;
      session.setResult({ image, width: image.naturalWidth, height: image.naturalHeight, label: "last result" });
    });
  }

  /** What of the result is not as it is now. @param {import("./sources.mjs").Graph} root
   * @param {import("./runs.mjs").Prompt|null} prompt @returns {""|"points"|"picture"} */
  #age(root, prompt) {
    if (!prompt) return "";
    const { session } = this;
    const { node, place } = this.#place();
    const then = prompt[idAt(place, node.id)]?.inputs.points;
    if (!unchanged(prompt, root, node, place, ["image", "mask"])) return "picture";
    if (typeof then !== "string" || then === this.value()) return "";
    const parts = [then, this.value()].map((text) => {
      const { document } = read(text, session.store.size);
      return [document.picture, [activePairs(document), document.regions, document.strokes]].map((part) => JSON.stringify(part));
    });
    if (parts[0][0] !== parts[1][0]) return "picture";
    return parts[0][1] === parts[1][1] ? "" : "points";
  }
}
