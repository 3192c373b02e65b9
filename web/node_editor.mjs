// @ts-check
// An editor in a node of ComfyUI: its value, where its picture comes from, and what the graph makes of it.

import { Editor } from "./editor.mjs";
import { element } from "./element.mjs";
import { RunQueue } from "./run_queue.mjs";
import { read, write } from "./serialise.mjs";
import { Session } from "./session.mjs";
import { downstream, executionId, fileReference, loadedFile, origin } from "./sources.mjs";
import { EMPTY, activePairs } from "./state.mjs";
import { STYLE } from "./style.mjs";

/** @typedef {import("./comfy.d.ts").App} App */
/** @typedef {import("./comfy.d.ts").Api} Api */
/** @typedef {import("./comfy.d.ts").ComfyNode} ComfyNode */
/** @typedef {import("./sources.mjs").FileReference} FileReference */
/** @typedef {import("./sources.mjs").Graph} Graph */
/** @typedef {FileReference & {readonly width?: number, readonly height?: number}} PictureFile width, height: of the
 *  picture that the file is a smaller copy of */

const POLL = 500;
const MIN_HEIGHT = 300;
// these show points or motion, not the edited picture
const NO_RESULTS = ["DragKitDragPointsPreview", "DragKitFlowPreview"];
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
  /** @type {unknown} the value as the workflow holds it */ #value = "";
  #waiting = false;
  /** @type {string|null} what the picture that is shown was loaded for */ #shown = null;
  /** @type {{source: string, picture: PictureFile}|null} the IMAGE of the last run and what was connected then */
  #ran = null;
  /** @type {string|null} */ #key = null;
  #pairs = JSON.stringify([]);
  #life = new AbortController();

  /** @param {ComfyNode} node @param {App} app @param {Api} api */
  constructor(node, app, api) {
    this.node = node;
    this.app = app;
    this.api = api;
    this.queue = new RunQueue(
      () => app.queuePrompt(0, 1),
      async () => (await (await api.fetchApi("/queue")).json()).queue_pending.length,
    );
    this.host = {
      text: () => String(this.#value),
      importText: (/** @type {string} */ text) => this.importText(text),
      upload: (/** @type {File} */ file) => void this.upload(file),
      canUpload: () => !this.#isConnected("image"),
      runToHere: () => void app.queuePrompt(0, 1, [executionId(this.#root, /** @type {Graph} */ (node.graph), node.id)]),
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
    on("executed", ({ detail }) => this.#executed(detail));
    const poll = setInterval(() => this.refresh(), POLL);
    signal.addEventListener("abort", () => clearInterval(poll));
    requestAnimationFrame(() => requestAnimationFrame(() => this.refresh()));
  }

  get value() {
    return this.#value;
  }

  /** Never throws: what cannot be read stays as it is until something is drawn. */
  set value(value) {
    this.#value = value ?? "";
    this.#read();
  }

  /** Ends the editor; may be called twice. */
  destroy() {
    this.#life.abort();
    this.absence.remove();
    this.editor.destroy();
    this.large?.close();
  }

  get #root() {
    return this.app.rootGraph ?? this.app.graph.rootGraph ?? this.app.graph;
  }

  /** @param {string} name */
  #input(name) {
    return this.node.inputs?.findIndex((input) => input.name === name) ?? -1;
  }

  /** @param {string} name */
  #isConnected(name) {
    return this.node.inputs?.[this.#input(name)]?.link != null;
  }

  #read() {
    const { document, problem, waiting } = read(this.#value, this.session.store.size);
    this.#waiting = waiting;
    this.session.problem = problem;
    this.session.store.load(document);
    this.#pairs = JSON.stringify(activePairs(document));
    this.refresh();
  }

  #follow() {
    const { store, ui } = this.session;
    const unsubscribe = store.subscribe((event) => {
      if (!ui.runOnRelease) this.queue.cancel();
      if (event !== "commit") return;
      this.#value = write(store.document);
      this.#waiting = false;
      this.session.problem = null;
      this.widget?.callback?.(this.#value);
      const tracker = this.app.extensionManager?.workflow?.activeWorkflow?.changeTracker;
      (tracker?.captureCanvasState ?? tracker?.checkState)?.call(tracker);
      const pairs = JSON.stringify(activePairs(store.document));
      if (ui.runOnRelease && pairs !== this.#pairs) void this.queue.request();
      this.#pairs = pairs;
      this.refresh();
    });
    this.#life.signal.addEventListener("abort", unsubscribe);
  }

  /** Replaces the points by those of a text. @param {string} text @returns {string|null} why it cannot be read */
  importText(text) {
    const { store } = this.session;
    const { document, problem, waiting } = read(text, store.size);
    if (problem) return problem;
    if (waiting) return "the coordinates are pixels, but the size of the picture is unknown; connect or drop a picture first";
    // only DragKit's own form says anything about the region
    store.show(text.trim().startsWith("{") ? document : { ...store.document, pairs: document.pairs }, new Map());
    store.commit();
    return null;
  }

  /** @param {File} file */
  async upload(file) {
    const { session } = this;
    if (this.#isConnected("image")) return session.tell("An IMAGE is connected; disconnect it to use another picture.");
    const body = new FormData();
    body.append("image", file);
    body.append("subfolder", "dragkit");
    const answer = await this.api.fetchApi("/upload/image", { method: "POST", body });
    if (!answer.ok) return session.tell(`The picture could not be uploaded: ${answer.statusText || answer.status}.`);
    const { name, subfolder } = await answer.json();
    session.store.show({ ...session.store.committed, picture: subfolder ? `${subfolder}/${name}` : name });
    session.store.commit();
  }

  /** What this node gives in `ui` after a run. @param {Record<string, any>} message */
  executed(message) {
    const [picture] = message.dragkit_picture ?? [];
    const [mask] = message.dragkit_mask ?? [];
    this.#ran = picture ? { source: this.#source().key, picture } : null;
    if (mask) void this.#load(mask).then((image) => image && this.#setMask(image));
    else this.#setMask(null);
    this.refresh();
  }

  /** @param {CanvasImageSource|null} mask */
  #setMask(mask) {
    this.session.inputMask = mask;
    this.session.store.notify();
  }

  /** Where the picture comes from: a key that changes with it, and its file if one is known before a run.
   * @returns {{key: string, file: PictureFile|null}} */
  #source() {
    if (!this.#isConnected("image")) {
      const { picture } = this.session.store.document;
      return { key: `own:${picture}`, file: picture ? fileReference(picture) : null };
    }
    const found = origin(this.#root, this.node, this.#input("image"));
    const file = found?.slot === 0 ? loadedFile(this.#root, found.node, found.place) : null;
    return { key: file ? `file:${JSON.stringify(file)}` : `node:${found?.node.id}:${found?.slot}`, file };
  }

  /** Shows the picture that belongs to the node now. */
  refresh() {
    if (!this.node.graph) return;
    this.#remember();
    this.#ensureShown();
    if (!this.#isConnected("mask") && this.session.inputMask) this.#setMask(null);
    const linked = this.#isConnected(this.widget?.name ?? "");
    if (linked !== this.session.linked) {
      this.session.linked = linked;
      this.session.store.notify();
    }
    const { key, file } = this.#source();
    const ran = this.#ran?.source === key ? this.#ran.picture : null;
    const picture = ran ?? file;
    const shown = `${key} ${ran ? JSON.stringify(ran) : ""}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!picture) return this.#show(null);
    void this.#load(picture).then((image) => {
      if (this.#shown !== shown) return;
      if (!image) return this.session.tell(`The picture ${picture.filename} cannot be shown.`);
      const label = file ? file.filename : "connected IMAGE";
      this.#show({ image, width: picture.width ?? image.naturalWidth, height: picture.height ?? image.naturalHeight, label });
    });
  }

  /** @param {import("./session.mjs").Shown|null} picture */
  #show(picture) {
    this.session.setPicture(picture);
    // points in pixels can be read now
    if (this.#waiting && picture) this.#read();
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
    const root = /** @type {{id?: string}} */ (this.#root);
    const key = `${root.id}:${/** @type {{id?: string}} */ (this.node.graph).id}:${this.node.id}`;
    if (this.#key === key || String(this.node.id) === "-1") return;
    this.#key = key;
    const before = sessions.get(key);
    if (before) {
      Object.assign(this.session.ui, before.ui);
      this.session.result ??= before.result;
      this.session.inputMask ??= before.inputMask;
    }
    sessions.set(key, this.session);
  }

  /** @param {{node: string, display_node?: string, output?: {images?: FileReference[]}}} detail */
  #executed({ node, display_node, output }) {
    const [first] = output?.images ?? [];
    if (!first) return;
    const made = downstream(this.#root, this.node).get(String(display_node ?? node));
    if (!made || NO_RESULTS.includes(made.type ?? "")) return;
    void this.#load(first).then((image) => {
      if (!image) return;
      this.session.setResult({ image, width: image.naturalWidth, height: image.naturalHeight, label: "last result" });
      if (this.session.ui.runOnRelease) this.session.ui.showing = "result";
      this.session.store.notify();
    });
  }

  /** @param {FileReference} file @returns {Promise<HTMLImageElement|null>} */
  async #load({ filename, subfolder, type }) {
    const image = new Image();
    image.src = this.api.apiURL(`/view?${new URLSearchParams({ filename, subfolder, type })}${this.app.getRandParam()}`);
    return image.decode().then(
      () => image,
      () => null,
    );
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

  /** Takes the value from where ComfyUI put it if widgets of other packs moved it.
   * @param {{widgets_values?: unknown, widgets_values_named?: Record<string, unknown>}} info */
  repair({ widgets_values, widgets_values_named }) {
    if (!this.session.problem) return;
    const values = [widgets_values_named?.points, ...(Array.isArray(widgets_values) ? widgets_values : [])];
    const own = values.find((value) => typeof value === "string" && value.includes('"dragkit.points"'));
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
