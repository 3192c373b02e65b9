// @ts-check
// An editor in a node of ComfyUI: what it hears from the graph and what it tells it.

import { Editor } from "../editor/view.mjs";
import { element } from "../editor/element.mjs";
import { downstreamMotion } from "./downstream_motion.mjs";
import { keepInHistory } from "./graph_history.mjs";
import { NodePicture } from "./node_picture.mjs";
import { NodeValue } from "./node_value.mjs";
import { RunQueue } from "./run_queue.mjs";
import { Session } from "../editor/session.mjs";
import { executionId, isConnected, rootGraph } from "./sources.mjs";
import { EMPTY } from "../document/state.mjs";
import { STYLE } from "../editor/style.mjs";

/** @typedef {import("./frontend.d.ts").App} App */
/** @typedef {import("./frontend.d.ts").Api} Api */
/** @typedef {import("./frontend.d.ts").ComfyNode} ComfyNode */
/** @typedef {import("./sources.mjs").Graph} Graph */

const POLL = 500;
const MIN_HEIGHT = 300;
const ABSENCE =
  "This version of ComfyUI cannot show the point editor in Nodes 2.0. Turn Nodes 2.0 off in the settings, or update " +
  "ComfyUI. The points are kept.";
/** What is shown survives ComfyUI's undo, which makes every node anew. @type {Map<string, Session>} */
const sessions = new Map();

/** For an emptied graph, which gives the same ids to other nodes. */
export const forgetSessions = () => sessions.clear();

export class NodeEditor {
  session = new Session();
  absence = element("div", { style: "max-width: 320px; padding: 0 16px; font-size: 12px; white-space: normal" }, ABSENCE);
  /** @type {string|null} */ #key = null;
  #life = new AbortController();

  /** @param {ComfyNode} node @param {App} app @param {Api} api */
  constructor(node, app, api) {
    this.node = node;
    this.app = app;
    this.api = api;
    this.points = new NodeValue(this.session);
    this.picture = new NodePicture(this.session, node, app, api, () => this.points.sizeKnown());
    this.queue = new RunQueue(
      () => app.queuePrompt(0, 1),
      async () => (await (await api.fetchApi("/queue")).json()).queue_pending.length,
    );
    this.host = {
      text: () => String(this.value),
      importText: (/** @type {string} */ text) => this.points.importText(text),
      upload: (/** @type {File} */ file) => void this.picture.upload(file),
      canUpload: () => !isConnected(node, "image"),
      runToHere: () => void app.queuePrompt(0, 1, [executionId(rootGraph(app), /** @type {Graph} */ (node.graph), node.id)]),
      forward: (/** @type {any} */ event) => app.canvas.canvas.dispatchEvent(new event.constructor(event.type, event)),
      graphScale: () => app.canvas.ds.scale,
    };
    this.editor = new Editor(this.session, { ...this.host, large: () => this.openLarge() });
    this.#follow();
  }

  /** For a node that is in a graph now: ComfyUI copies nodes by way of others, which it forgets. */
  start() {
    const { signal } = this.#life;
    /** @param {string} name @param {(event: any) => void} listener */
    const on = (name, listener) => this.api.addEventListener(name, listener, { signal });
    on("status", () => void this.queue.update());
    on("executed", ({ detail }) => this.picture.result(detail));
    const poll = setInterval(() => this.refresh(), POLL);
    signal.addEventListener("abort", () => clearInterval(poll));
    requestAnimationFrame(() => requestAnimationFrame(() => this.refresh()));
  }

  get value() {
    return this.points.value;
  }

  set value(value) {
    this.points.value = value;
    this.refresh();
  }

  /** Ends the editor; may be called twice. */
  destroy() {
    this.#life.abort();
    this.absence.remove();
    this.editor.destroy();
    this.large?.close();
  }

  #follow() {
    const { store, ui } = this.session;
    const unsubscribe = store.subscribe((event) => {
      if (!ui.runOnRelease) this.queue.cancel();
      if (event !== "commit" && event !== "step") return;
      const dragged = this.points.keep();
      this.widget?.callback?.(this.value);
      const tracker = this.app.extensionManager?.workflow?.activeWorkflow?.changeTracker;
      keepInHistory(tracker, () => /** @type {any} */ (rootGraph(this.app)).serialize(), event === "step");
      if (ui.runOnRelease && dragged) void this.queue.request();
      this.refresh();
    });
    this.#life.signal.addEventListener("abort", unsubscribe);
  }

  /** What this node gives in `ui` after a run. @param {Record<string, any>|null} message */
  executed(message) {
    this.picture.executed(message);
    this.refresh();
  }

  /** Shows what belongs to the node now. */
  refresh() {
    if (!this.node.graph) return;
    this.#remember();
    this.#ensureShown();
    const linked = isConnected(this.node, this.widget?.name ?? "");
    if (linked !== this.session.linked) {
      this.session.linked = linked;
      this.session.store.notify();
    }
    this.session.setHow(downstreamMotion(this.app, this.node));
    this.picture.refresh();
  }

  /** In Nodes 2.0 the editor of a node that ComfyUI's undo replaced stays, and frontends before 1.28 show none at all;
   * then the node says why. */
  #ensureShown() {
    const shown = this.node.graph === this.app.canvas.graph;
    const body = shown && document.querySelector(`[data-testid="node-body-${this.node.id}"]`);
    if (this.editor.root.isConnected || !body) return this.absence.remove();
    const before = body.querySelector(".dragkit");
    if (before) before.replaceWith(this.editor.root);
    else if (this.absence.parentNode !== body) body.append(this.absence);
  }

  /** Keeps what is shown for the node that ComfyUI's undo puts in the place of this one. */
  #remember() {
    const root = /** @type {{id?: string}} */ (rootGraph(this.app));
    const key = `${root.id}:${/** @type {{id?: string}} */ (this.node.graph).id}:${this.node.id}`;
    if (this.#key === key || String(this.node.id) === "-1") return;
    this.#key = key;
    const before = sessions.get(key);
    if (before) {
      Object.assign(this.session.ui, before.ui);
      this.session.store.inherit(before.store);
      this.session.result ??= before.result;
      this.session.inputMask ??= before.inputMask;
    }
    sessions.set(key, this.session);
  }

  /** The same editor over the whole window. */
  openLarge() {
    const dialog = element("dialog", { class: "dragkit-large", "aria-label": "Drag points, large view" }, element("style", {}, STYLE));
    const editor = new Editor(this.session, { ...this.host, graphScale: () => 1, close: () => dialog.close() });
    dialog.append(editor.root);
    this.large = dialog;
    dialog.addEventListener("close", () => {
      editor.destroy();
      dialog.remove();
      this.editor.keys.focus({ preventScroll: true });
    });
    document.body.append(dialog);
    dialog.showModal();
    editor.keys.focus();
  }

  /** Takes the value from where ComfyUI put it. @param {Parameters<NodeValue["misplaced"]>[0]} info */
  repair(info) {
    const own = this.points.misplaced(info);
    if (own !== undefined) this.value = own;
  }

  /** Puts the editor into the node. @param {string} name of the input */
  mount(name) {
    this.widget = this.node.addDOMWidget(name, "DRAGKIT_POINTS_EDITOR", this.editor.root, {
      getValue: () => this.value,
      setValue: (/** @type {unknown} */ value) => {
        this.value = value;
      },
      getMinHeight: () => MIN_HEIGHT,
      hideOnZoom: false,
    });
    // the side panel gives every widget that it lists its own width, also in the node (ComfyUI_frontend issue 13068)
    Object.defineProperty(this.widget, "width", { get: () => undefined, set: () => {} });
    this.session.store.load(EMPTY);
    return this.widget;
  }
}
