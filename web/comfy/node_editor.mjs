// @ts-check
// An editor in a node of ComfyUI: what it hears from the graph and what it tells it.

import { t } from "../document/words.mjs";
import { Editor } from "../editor/view.mjs";
import { element } from "../editor/element.mjs";
import { downstreamMotion } from "./downstream_motion.mjs";
import { regionUse, standing } from "./downstream_region.mjs";
import { keepInHistory } from "./graph_history.mjs";
import { NodePicture } from "./node_picture.mjs";
import { NodeResult } from "./node_result.mjs";
import { NodeValue } from "./node_value.mjs";
import { RunQueue } from "./run_queue.mjs";
import { Remembered } from "./runs.mjs";
import { Session } from "../editor/session.mjs";
import { executionId, isConnected, rootGraph } from "./sources.mjs";
import { EMPTY } from "../document/state.mjs";
import { STYLE } from "../editor/style.mjs";

/** @typedef {import("./frontend.d.ts").App} App */
/** @typedef {import("./frontend.d.ts").Api} Api */
/** @typedef {import("./frontend.d.ts").ComfyNode} ComfyNode */
/** @typedef {import("./frontend.d.ts").Widget} Widget */
/** @typedef {import("./sources.mjs").Graph} Graph */
/** @typedef {{node: import("./sources.mjs").GraphNode, place?: import("./sources.mjs").Place}} Spot the node that takes the
 *  points, and its place where its graph may have several */

/** Type of the editor as a widget of ComfyUI's frontend. */
export const EDITOR = "DRAGKIT_POINTS_EDITOR";
const POLL = 500;
const MIN_HEIGHT = 300;
const ABSENCE =
  "This version of ComfyUI cannot show the point editor in Nodes 2.0. Turn Nodes 2.0 off in the settings, or update " +
  "ComfyUI. The points are kept.";
/** What is shown survives ComfyUI's undo, which makes every node anew. @type {Map<string, {session: Session, runs: Remembered}>} */
const sessions = new Map();

/** For an emptied graph, which gives the same ids to other nodes. */
export const forgetSessions = () => sessions.clear();

export class NodeEditor {
  session = new Session();
  runs = new Remembered();
  absence = element("div", { style: "max-width: 320px; padding: 0 16px; font-size: 12px; white-space: normal" }, t(ABSENCE));
  /** @type {string|null} */ #key = null;
  #life = new AbortController();
  /** @type {{editor: NodeEditor|null, value: unknown}} what ComfyUI may hold on to after the node is gone */
  #held = { editor: this, value: "" };

  /** @param {ComfyNode} node that shows it @param {App} app @param {Api} api @param {() => Spot} [spot] the node that takes
   * the points, where another one shows the editor */
  constructor(node, app, api, spot = () => ({ node })) {
    this.node = node;
    this.spot = spot;
    this.app = app;
    this.api = api;
    this.points = new NodeValue(this.session);
    this.picture = new NodePicture(this.session, spot, app, api, this.runs, () => this.points.sizeKnown());
    const load = (/** @type {import("./sources.mjs").FileReference} */ file) => this.picture.load(file);
    this.result = new NodeResult(this.session, node, spot, app, api, this.runs, load, () => this.value);
    this.queue = new RunQueue(
      () => app.queuePrompt(0, 1),
      async () => (await (await api.fetchApi("/queue")).json()).queue_pending.length,
    );
    this.host = {
      text: () => String(this.value),
      importText: (/** @type {string} */ text) => this.points.importText(text),
      upload: (/** @type {File} */ file) => void this.picture.upload(file),
      canUpload: () => !this.picture.given("image"),
      runToHere: () => void app.queuePrompt(0, 1, [this.#id()]),
      chooseResult: (/** @type {string} */ id) => {
        this.result.choose(id);
        this.#keepInHistory();
      },
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
    on("executed", ({ detail }) => {
      // ComfyUI tells a node of its own runs, but not the subgraph on whose face the editor is
      if (this.outer && String(detail.display_node ?? detail.node) === this.#id()) this.executed(detail.output);
      this.result.executed(detail);
    });
    on("execution_start", ({ detail }) => this.picture.started(detail ?? {}));
    on("execution_cached", ({ detail }) => this.result.cached(detail ?? {}));
    const poll = setInterval(() => this.refresh(), POLL);
    signal.addEventListener("abort", () => clearInterval(poll));
    requestAnimationFrame(() => requestAnimationFrame(() => this.refresh()));
  }

  /** Id of the node that takes the points, as the server knows it. */
  #id() {
    const { node, place } = this.spot();
    return executionId(rootGraph(this.app), /** @type {Graph} */ (node.graph), node.id, place);
  }

  get value() {
    return this.points.value;
  }

  set value(value) {
    this.points.value = value;
    this.refresh();
  }

  /** What ComfyUI keeps of it as the widget's value. */
  get #given() {
    return this.outer ? this.outer.value : this.value;
  }

  set #given(value) {
    if (this.outer) this.outer.value = value;
    this.value = value;
  }

  /** Ends the editor; may be called twice. */
  destroy() {
    this.#life.abort();
    this.#leave();
    this.absence.remove();
    this.editor.destroy();
    this.large?.close();
    if (!this.#held.editor) return;
    this.#held.value = this.#given;
    this.#held.editor = null;
    // its own widgets and elements ComfyUI keeps for as long as the page lives
    this.editor.root.replaceChildren();
  }

  #follow() {
    const { store, ui } = this.session;
    const unsubscribe = store.subscribe((event) => {
      if (!ui.runOnRelease) this.queue.cancel();
      if (event !== "commit" && event !== "step") return;
      const dragged = this.points.keep();
      if (this.outer) this.outer.value = this.value;
      this.widget?.callback?.(this.value);
      this.#keepInHistory(event === "step");
      if (ui.runOnRelease && dragged) void this.queue.request();
      this.refresh();
    });
    this.#life.signal.addEventListener("abort", unsubscribe);
  }

  /** Tells ComfyUI's undo that the workflow is another one now. @param {boolean} [stepped] by undo or redo */
  #keepInHistory(stepped = false) {
    const tracker = this.app.extensionManager?.workflow?.activeWorkflow?.changeTracker;
    keepInHistory(tracker, () => /** @type {any} */ (rootGraph(this.app)).serialize(), stepped);
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
    // ComfyUI puts what it loads or undoes on the face of a subgraph without a word
    if (this.outer && (this.outer.value ?? "") !== this.points.value) this.points.value = this.outer.value;
    const linked = isConnected(this.node, this.widget?.name ?? "");
    if (linked !== this.session.linked) {
      this.session.linked = linked;
      this.session.store.notify();
    }
    const { node, place } = this.spot();
    this.session.setHow(downstreamMotion(this.app, node, place));
    this.session.setSurroundings(regionUse(this.app, node, place), standing(this.app, node, place));
    this.picture.refresh();
    this.result.refresh();
  }

  /** In Nodes 2.0 the editor of a node that ComfyUI's undo replaced stays, and frontends before 1.28 show none at all;
   * then the node says why. */
  #ensureShown() {
    const shown = this.node.graph === this.app.canvas.graph;
    const body = shown && document.querySelector(`[data-testid="node-body-${this.node.id}"]`);
    if (this.editor.root.isConnected || !body) return this.absence.remove();
    const before = body.querySelector(`.dragkit[data-input="${CSS.escape(this.widget?.name ?? "")}"]`);
    if (before) before.replaceWith(this.editor.root);
    else if (this.absence.parentNode !== body) body.append(this.absence);
  }

  /** Keeps what is shown for the node that ComfyUI's undo puts in the place of this one. */
  #remember() {
    const root = /** @type {{id?: string}} */ (rootGraph(this.app));
    const key = `${root.id}:${/** @type {{id?: string}} */ (this.node.graph).id}:${this.node.id}:${this.widget?.name}`;
    if (this.#key === key || String(this.node.id) === "-1") return;
    this.#key = key;
    const before = sessions.get(key);
    const { session, runs } = this;
    if (before) {
      Object.assign(session.ui, before.session.ui);
      session.inputMask ??= before.session.inputMask;
      runs.ran ??= before.runs.ran;
      if (!runs.made.size) runs.made = before.runs.made;
      if (!session.picture && before.session.picture) session.setPicture(before.session.picture);
      session.store.inherit(before.session.store);
      session.result ??= before.session.result;
    }
    sessions.set(key, { session, runs });
  }

  /** The same editor over the whole window. */
  openLarge() {
    const dialog = element("dialog", { class: "dragkit-large", "aria-label": t("Drag points, large view") }, element("style", {}, STYLE));
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
    this.session.store.load(EMPTY);
    return this.#add(name);
  }

  /** Puts the editor on the face of a subgraph, in the place of what ComfyUI promoted, which keeps the value.
   * @param {string} name of the subgraph's input @param {Widget} outer what ComfyUI promoted */
  mountPromoted(name, outer) {
    this.#leave();
    this.outer = outer;
    const widget = this.#add(name);
    // it stands for an input of the subgraph, which ComfyUI lists already: not among what was added beside those
    widget.onRemove = () => {};
    this.node.removeWidget(widget);
    delete widget.onRemove;
    this.points.value = outer.value;
    return widget;
  }

  /** ComfyUI forgets what is on a subgraph's face, but goes on to draw it. */
  #leave() {
    if (this.outer) this.widget?.onRemove?.();
  }

  /** @param {string} name */
  #add(name) {
    this.editor.root.dataset.input = name;
    const held = this.#held;
    this.widget = this.node.addDOMWidget(name, EDITOR, this.editor.root, {
      getValue: () => (held.editor ? held.editor.#given : held.value),
      setValue: (/** @type {unknown} */ value) => {
        if (held.editor) held.editor.#given = value;
      },
      getMinHeight: () => MIN_HEIGHT,
      hideOnZoom: false,
    });
    // the side panel gives every widget that it lists its own width, also in the node (ComfyUI_frontend issue 13068)
    Object.defineProperty(this.widget, "width", { get: () => undefined, set: () => {} });
    return this.widget;
  }
}
