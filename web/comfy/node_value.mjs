// @ts-check
// The value of a node's editor: a text in the workflow, a document in the editor.

import { t } from "../document/words.mjs";
import { read, write } from "../document/serialise.mjs";
import { EMPTY, activePairs } from "../document/state.mjs";

/** @param {import("../document/state.mjs").Document} document */
const dragsOf = (document) => JSON.stringify([activePairs(document), document.regions]);

export class NodeValue {
  /** @type {unknown} as the workflow holds it */ #value = "";
  /** whether its coordinates wait for the size of the picture */ #waiting = false;
  #drags = dragsOf(EMPTY);

  /** @param {import("../editor/session.mjs").Session} session */
  constructor(session) {
    this.session = session;
  }

  get value() {
    return this.#value;
  }

  /** Never throws: what cannot be read stays as it is until something is drawn. */
  set value(value) {
    this.#value = value ?? "";
    this.#read();
  }

  #read() {
    const { store } = this.session;
    const { document, problem, waiting, notice } = read(this.#value, store.size);
    this.#waiting = waiting;
    this.session.problem = problem;
    if (notice && !waiting) this.session.notice = t("The points: {notice}.", { notice });
    store.load(document);
    this.#drags = dragsOf(document);
  }

  /** Reads points in pixels once the size of the picture is known. */
  sizeKnown() {
    if (this.#waiting) this.#read();
  }

  /** Takes over what was drawn. @returns {boolean} whether other content is dragged now, or elsewhere */
  keep() {
    const { store } = this.session;
    this.#value = write(store.document);
    this.#waiting = false;
    this.session.problem = null;
    const before = this.#drags;
    this.#drags = dragsOf(store.document);
    return this.#drags !== before;
  }

  /** Replaces the points by those of a text. @param {string} text @returns {string|null} why it cannot be read */
  importText(text) {
    const { store } = this.session;
    const { document, problem, waiting, notice } = read(text, store.size);
    if (problem) return problem;
    if (waiting) return "the coordinates are pixels, but the size of the picture is unknown; connect or drop a picture first";
    // only DragKit's own form says anything about the region
    store.show(text.trim().startsWith("{") ? document : { ...store.document, pairs: document.pairs }, new Map());
    this.session.notice = notice ? t("The points: {notice}.", { notice }) : "";
    store.commit();
    return null;
  }

  /** What ComfyUI saved for this editor, if widgets of other packs moved it.
   * @param {{widgets_values?: unknown, widgets_values_named?: Record<string, unknown>}} info */
  misplaced({ widgets_values, widgets_values_named }) {
    if (!this.session.problem) return undefined;
    const values = [widgets_values_named?.points, ...(Array.isArray(widgets_values) ? widgets_values : [])];
    return values.find((value) => typeof value === "string" && value.includes('"dragkit.points"'));
  }
}
