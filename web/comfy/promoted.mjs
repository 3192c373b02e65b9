// @ts-check
// The editor on the face of a subgraph, where ComfyUI promotes the points of a Drag Points inside: it promotes the value,
// and this brings the editor.

import { takeFiles } from "./dropped_files.mjs";
import { EDITOR, NodeEditor } from "./node_editor.mjs";
import { promotedNode, rootGraph } from "./sources.mjs";

/** @typedef {import("./frontend.d.ts").App} App */
/** @typedef {import("./frontend.d.ts").Api} Api */
/** @typedef {import("./frontend.d.ts").SubgraphHost} SubgraphHost */

export class PromotedEditors {
  /** @type {Map<string, NodeEditor>} by the subgraph's inputs */ #editors = new Map();
  #life = new AbortController();

  /** @param {SubgraphHost} host @param {App} app @param {Api} api */
  constructor(host, app, api) {
    this.host = host;
    this.app = app;
    this.api = api;
    const { signal } = this.#life;
    // at once: Nodes 2.0 looks for an element when it first shows the node, and never again
    const changed = (/** @type {any} */ { detail }) => detail.subgraphNode === host && this.show();
    for (const name of ["widget-promoted", "widget-demoted"]) host.subgraph.events?.addEventListener(name, changed, { signal });
  }

  /** Shows an editor for every input that the points of a Drag Points are promoted to. */
  show() {
    const { host } = this;
    // ComfyUI copies nodes by way of others, which it forgets
    if (host.graph?.getNodeById(host.id) !== host) return;
    for (const input of host.inputs) {
      const promoted = input._widget;
      if (promoted?.type !== EDITOR || promoted.element) continue;
      const before = this.#editors.get(input.name);
      const editor = before ?? new NodeEditor(host, this.app, this.api, () => this.#spot(input.name));
      this.#editors.set(input.name, editor);
      input._widget = editor.mountPromoted(input.name, promoted);
      if (before) continue;
      editor.start();
      if (this.#editors.size === 1) takeFiles(host, (file) => this.#upload(file));
    }
    // ComfyUI promotes one input after the other
    setTimeout(() => this.#forget());
  }

  /** Ends the editors of inputs that are no longer there. */
  #forget() {
    for (const [name, editor] of this.#editors) {
      if (this.host.inputs.some(({ _widget }) => _widget === editor.widget)) continue;
      editor.destroy();
      this.#editors.delete(name);
    }
  }

  /** @param {string} name of an input @returns {import("./node_editor.mjs").Spot} */
  #spot(name) {
    return promotedNode(rootGraph(this.app), this.host, name, "DragKitDragPoints") ?? { node: this.host };
  }

  /** Shows a file in the first editor that takes one; one that takes none says so. @param {File} file */
  #upload(file) {
    const editors = [...this.#editors.values()];
    void (editors.find(({ host }) => host.canUpload()) ?? editors[0])?.picture.upload(file);
  }

  destroy() {
    this.#life.abort();
    for (const editor of this.#editors.values()) editor.destroy();
    this.#editors.clear();
  }
}
