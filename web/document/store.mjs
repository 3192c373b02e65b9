// @ts-check
// The history of a document, and what is selected in it.

import { EMPTY, same } from "./state.mjs";

/** @typedef {import("./state.mjs").Document} Document */
/** @typedef {import("./state.mjs").Selection} Selection */

const HISTORY = 200;

/** Where an item is in another list; -1 if it is gone. @param {readonly unknown[]} before
 * @param {readonly unknown[]} after @param {number} index in before */
function follow(before, after, index) {
  return before.length === after.length ? index : after.indexOf(before[index]);
}

/**
 * The document of one node, its history and what is selected in it. `show` changes what is seen while a gesture lasts,
 * `commit` makes one step of it, `cancel` takes it back. Listeners hear "view", "commit" (the value changed), "step" (it
 * changed by undo or redo) or "load".
 */
export class Store {
  #listeners = new Set();
  /** @type {Document[]} */ #past = [];
  /** @type {Document[]} */ #future = [];
  /** @type {Document} */ #committed = EMPTY;
  /** @type {string|null} */ #kind = null;
  /** @type {Document} */ document = EMPTY;
  /** @type {Selection} */ selection = new Map();
  /** @type {readonly [number, number]|null} size in pixels of the picture that is shown */ size = null;

  /** @param {(document: Document) => Document} normalise what becomes of a document that is committed */
  constructor(normalise = (document) => document) {
    this.normalise = normalise;
  }

  /** @param {(event: "view"|"commit"|"step"|"load") => void} listener @returns {() => void} unsubscribes */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param {"view"|"commit"|"step"|"load"} [event] */
  notify(event = "view") {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** What the history holds now: without what is only shown. */
  get committed() {
    return this.#committed;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** A document that comes from outside; the history ends here. @param {Document} document */
  load(document) {
    this.document = this.#committed = document;
    this.#past = [];
    this.#future = [];
    this.#kind = null;
    this.#select(new Map());
    this.notify("load");
  }

  /** @param {Document} document @param {Selection} [selection] */
  show(document, selection = this.#selectedIn(document)) {
    this.document = document;
    this.#select(selection);
    this.notify();
  }

  /** @param {Selection} selection */
  select(selection) {
    this.#kind = null;
    this.show(this.document, selection);
  }

  /** Takes back what is only shown. @param {Selection} [selection] */
  cancel(selection) {
    this.show(this.#committed, selection);
  }

  /**
   * Makes what is shown one step of the history, if it is a change. Steps of the same kind in a row are one.
   * @param {string|null} [kind]
   */
  commit(kind = null) {
    if (same(this.document, this.#committed)) return this.cancel();
    if (kind === null || kind !== this.#kind) this.#past = [...this.#past.slice(1 - HISTORY), this.#committed];
    this.#kind = kind;
    this.#future = [];
    this.document = this.#committed = this.normalise({ ...this.document, image: this.size ?? this.document.image });
    this.notify("commit");
  }

  undo() {
    this.#step(this.#past, this.#future);
  }

  redo() {
    this.#step(this.#future, this.#past);
  }

  /** @param {Document[]} from @param {Document[]} to */
  #step(from, to) {
    const document = from.pop();
    if (!document) return;
    to.push(this.#committed);
    const selection = this.#selectedIn(document);
    this.document = this.#committed = document;
    this.#kind = null;
    this.#select(selection);
    this.notify("step");
  }

  /** Takes over the history of another store that holds the same document, or held it. @param {Store} other */
  inherit(other) {
    const steps = [...other.#past, other.#committed, ...other.#future.toReversed()];
    const near = (/** @type {number} */ place) => Math.abs(place - other.#past.length);
    const [place] = [...steps.keys()].filter((i) => same(steps[i], this.#committed)).sort((a, b) => near(a) - near(b));
    if (place === undefined) return;
    this.#past = steps.slice(0, place);
    this.#future = steps.slice(place + 1).toReversed();
    this.notify();
  }

  /** What is selected, at its places in another document: pairs that come or go move the others.
   * @param {Document} document @returns {Selection} */
  #selectedIn({ pairs, regions }) {
    const before = this.document;
    return new Map(
      [...this.selection].flatMap(([index, part]) => {
        const place = index < 0 ? follow(before.regions, regions, ~index) : follow(before.pairs, pairs, index);
        return place < 0 ? [] : [[index < 0 ? ~place : place, part]];
      }),
    );
  }

  /** @param {Selection} selection */
  #select(selection) {
    const { pairs, regions } = this.document;
    this.selection = new Map([...selection].filter(([index]) => (index < 0 ? regions[~index] : pairs[index])));
  }
}
