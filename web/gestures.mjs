// @ts-check
// What pressing, pulling and letting go mean, tool by tool.

import { hit, inBox } from "./geometry.mjs";
import { simplifyPath } from "./mask.mjs";
import { addPair, addStroke, changePair, inPicture, moveParts, removePairs } from "./state.mjs";

/** @typedef {import("./state.mjs").Point} Point */
/** @typedef {import("./state.mjs").Part} Part */
/** @typedef {import("./state.mjs").Selection} Selection */
/** @typedef {import("./mask.mjs").Stroke} Stroke */
/** @typedef {import("./geometry.mjs").Position} Position */
/** @typedef {import("./geometry.mjs").View} View */
/** @typedef {"drag"|"brush"|"erase"|"polygon"|"box"} ToolName */
/** @typedef {{readonly position: Position, readonly point: Point, readonly view: View, readonly reach: number,
 *  readonly shift: boolean, readonly alt: boolean}} Press point: the position in fractions of the picture, not clamped;
 *  reach: how far from a point it still counts as taken, in canvas pixels */
/** @typedef {{move(press: Press): void, up(press: Press): boolean, stroke?: Stroke, box?: [Position, Position],
 *  readonly pulls?: boolean}} Gesture up says whether it is over; stroke, box: what to draw meanwhile; pulls: whether it
 *  changes pairs */

// less than this is a click, in multiples of the reach
const CLICK = 0.4;
// of the picture, half a pixel at 1,000 pixels: hands draw no finer
const STROKE_TOLERANCE = 0.0005;

/** @param {Press} a @param {Press} b */
const isClick = (a, b) => Math.hypot(a.position[0] - b.position[0], a.position[1] - b.position[1]) < CLICK * b.reach;

export class Gestures {
  /** @type {Gesture|null} */ current = null;
  /** @type {Press|null} */ #start = null;
  /** @type {import("./state.mjs").Document|null} what the gesture starts from, and what was selected then */ #base = null;
  /** @type {Selection} */ #selection = new Map();
  #pulled = false;
  #pressed = false;

  /**
   * @param {import("./state.mjs").Store} store
   * @param {{tool: ToolName, size: number}} ui tool and brush size (diameter, fraction of the picture's smaller side)
   */
  constructor(store, ui) {
    this.store = store;
    this.ui = ui;
  }

  /** Whether a press has been pulled far enough to be no click. */
  get pulling() {
    return this.#pulled && this.#pressed;
  }

  /** @param {Press} press */
  down(press) {
    this.#yield();
    this.#pressed = true;
    this.#pulled = false;
    this.#start = press;
    if (!this.current) {
      this.#base = this.store.committed;
      this.#selection = this.store.selection;
      this.current = this.#begin(press);
    }
    this.current.move(press);
    this.store.notify();
  }

  /** @param {Press} press */
  move(press) {
    this.#yield();
    if (!this.current || !this.#start) return;
    if (this.#pressed && !isClick(this.#start, press)) this.#pulled = true;
    this.current.move(press);
    this.store.notify();
  }

  /** @param {Press} press */
  up(press) {
    this.#yield();
    if (this.current?.up(press) ?? true) this.current = null;
    this.#pressed = false;
    this.store.notify();
  }

  /** Ends a gesture without leaving anything of it. @returns {boolean} whether there was one */
  cancel() {
    this.#yield();
    const was = this.current !== null;
    // between two corners of a lasso keys may have selected something else
    if (was) this.store.cancel(this.#pressed ? this.#selection : undefined);
    this.current = null;
    this.#pressed = false;
    return was;
  }

  /** A document that came from elsewhere in the middle of a gesture (a text, an upload) stays; the gesture ends. */
  #yield() {
    if (this.store.committed !== this.#base) this.current = null;
  }

  /** Closes a lasso that is being placed corner by corner. @returns {boolean} whether there was one */
  finish() {
    this.#yield();
    const stroke = this.current?.stroke;
    if (stroke?.tool !== "polygon") return false;
    this.current = null;
    if ((stroke.points?.length ?? 0) >= 3) this.#addStroke(stroke);
    else this.store.notify();
    return true;
  }

  /** Removes the pair under a press, or ends the gesture that is going on. @param {Press} press */
  remove(press) {
    if (this.cancel()) return;
    const found = hit(this.store.document.pairs, press.view, press.position, press.reach);
    if (!found) return;
    this.store.show(removePairs(this.store.document, new Map([[found.index, "both"]])));
    this.store.commit();
  }

  /** @param {Press} press @returns {Gesture} */
  #begin(press) {
    const { tool } = this.ui;
    if (tool === "polygon") return this.#lasso();
    if (tool === "box") return this.#boxStroke(press);
    if (tool !== "drag") return this.#brush(tool);
    const found = hit(this.store.document.pairs, press.view, press.position, press.reach);
    if (!found) return press.shift ? this.#selectBox(press) : this.#pull(press);
    if (press.shift) return this.#toggleSelected(found.index, found.part);
    if (press.alt && found.part === "handle") return this.#clone(press, found.index);
    return this.#drag(press, found.index, found.part);
  }

  /** @param {Stroke} stroke */
  #addStroke(stroke) {
    const least = stroke.tool === "polygon" ? 3 : 2;
    const points = stroke.points && simplifyPath(stroke.points, STROKE_TOLERANCE, least);
    this.store.show(addStroke(this.store.document, { ...stroke, points }));
    this.store.commit();
  }

  /** A press on the picture: pulled, it makes a pair; clicked, a handle or the target that a handle waits for.
   * @param {Press} start @returns {Gesture} */
  #pull(start) {
    const { store } = this;
    const { document, selection } = store;
    const open = document.pairs.findIndex((pair) => pair.target === null && !pair.locked);
    return {
      pulls: true,
      move: (press) => {
        if (!this.pulling) return;
        store.show(addPair(document, start.point, press.point), new Map([[document.pairs.length, "target"]]));
      },
      up: (press) => {
        if (!this.pulling && open >= 0) {
          store.show(changePair(document, open, { target: inPicture(press.point) }), new Map([[open, "target"]]));
        } else if (!this.pulling && selection.size) store.select(new Map());
        else if (!this.pulling) store.show(addPair(document, start.point), new Map([[document.pairs.length, "both"]]));
        store.commit();
        return true;
      },
    };
  }

  /** Moves what was taken hold of, and with it the rest of the selection if it belongs to it.
   * @param {Press} start @param {number} index @param {Part} part @returns {Gesture} */
  #drag(start, index, part) {
    const { store } = this;
    const { document } = store;
    const selected = store.selection.get(index);
    const among = (selected === part || selected === "both") && store.selection.size > 1;
    /** @type {Selection} */
    const moving = among ? store.selection : new Map([[index, part]]);
    store.select(moving);
    return {
      pulls: true,
      move: ({ point }) => {
        if (this.pulling) store.show(moveParts(document, moving, point[0] - start.point[0], point[1] - start.point[1]));
      },
      up: () => {
        if (!this.pulling) store.select(new Map([[index, part]]));
        store.commit();
        return true;
      },
    };
  }

  /** Alt and a pull on a handle: a second pair with the same motion. @param {Press} start @param {number} index
   * @returns {Gesture} */
  #clone(start, index) {
    const before = this.store.document;
    const { handle, target } = before.pairs[index];
    this.store.show(addPair(before, handle, target));
    if (this.store.document === before) return this.#drag(start, index, "handle");
    const gesture = this.#drag(start, before.pairs.length, "both");
    return {
      ...gesture,
      up: (press) => {
        if (!this.pulling) this.store.cancel();
        return gesture.up(press);
      },
    };
  }

  /** @param {number} index @param {Part} part @returns {Gesture} */
  #toggleSelected(index, part) {
    const selection = new Map(this.store.selection);
    if (selection.get(index) === part) selection.delete(index);
    else selection.set(index, part);
    this.store.select(selection);
    return { move: () => {}, up: () => true };
  }

  /** @param {Press} start @returns {Gesture} */
  #selectBox(start) {
    const { store } = this;
    const before = store.selection;
    /** @type {Gesture} */
    const gesture = {
      box: [start.position, start.position],
      move: ({ position, view }) => {
        gesture.box = [start.position, position];
        store.select(new Map([...before, ...inBox(store.document.pairs, view, start.position, position)]));
      },
      up: () => true,
    };
    return gesture;
  }

  /** @param {"brush"|"erase"} tool @returns {Gesture} */
  #brush(tool) {
    /** @type {Point[]} */
    const points = [];
    /** @type {Gesture} */
    const gesture = {
      stroke: { tool, points, size: this.ui.size },
      move: ({ point }) => {
        const last = points.at(-1);
        const next = inPicture(point);
        if (!last || last[0] !== next[0] || last[1] !== next[1]) points.push(next);
      },
      up: () => {
        this.#addStroke(/** @type {Stroke} */ (gesture.stroke));
        return true;
      },
    };
    return gesture;
  }

  /** @param {Press} start @returns {Gesture} */
  #boxStroke(start) {
    const first = inPicture(start.point);
    /** @type {Gesture} */
    const gesture = {
      move: ({ point }) => {
        gesture.stroke = { tool: "box", points: [first, inPicture(point)] };
      },
      up: ({ point }) => {
        const last = inPicture(point);
        // without an area it would be a step of the history that nobody sees
        if (this.pulling && first[0] !== last[0] && first[1] !== last[1]) this.#addStroke({ tool: "box", points: [first, last] });
        return true;
      },
    };
    return gesture;
  }

  /** Pulled, a free outline that closes when it is let go; clicked, one corner after the other until the first one is
   * clicked again. @returns {Gesture} */
  #lasso() {
    /** @type {Point[]} */
    let corners = [];
    let free = false;
    /** @type {Gesture} */
    const gesture = {
      move: ({ point }) => {
        free ||= this.pulling && corners.length === 0;
        const outline = [...(free ? (gesture.stroke?.points ?? []) : corners), inPicture(point)];
        gesture.stroke = { tool: "polygon", points: outline };
      },
      up: (press) => {
        const closes = corners.length > 2 && isNear(press, corners[0]);
        if (closes) gesture.stroke = { tool: "polygon", points: corners };
        if (free || closes) return this.finish();
        const last = corners.at(-1);
        // the second press of a double click is no corner
        if (!last || !isNear(press, last)) corners = [...corners, inPicture(press.point)];
        gesture.stroke = { tool: "polygon", points: corners };
        return false;
      },
    };
    return gesture;
  }
}

/** @param {Press} press @param {Point} point */
function isNear({ position, view, reach }, [x, y]) {
  return Math.hypot(view.x + x * view.width - position[0], view.y + y * view.height - position[1]) <= reach;
}
