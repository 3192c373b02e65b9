// @ts-check
// What pressing, pulling and letting go mean, tool by tool.

import { hit, inBox, toCanvas } from "./geometry.mjs";
import { simplifyPath } from "../document/strokes.mjs";
import { boxStroke, brushStroke, lasso } from "./painting.mjs";
import { addRegion, hitRegion, knobs, outlineRegion, reshape } from "./regions.mjs";
import { addPair, addStroke, changePair, copyPair, inPicture, moveParts, removePairs, turnPair } from "../document/state.mjs";
import { pullRing, ringOf, takesRing } from "./turning.mjs";

/** @typedef {import("../document/state.mjs").Point} Point */
/** @typedef {import("../document/state.mjs").Part} Part */
/** @typedef {import("../document/state.mjs").Selection} Selection */
/** @typedef {import("../document/strokes.mjs").Stroke} Stroke */
/** @typedef {import("./geometry.mjs").Position} Position */
/** @typedef {import("./geometry.mjs").View} View */
/** @typedef {"drag"|"region"|"brush"|"erase"|"polygon"|"box"} ToolName */
/** @typedef {{readonly position: Position, readonly point: Point, readonly view: View, readonly reach: number,
 *  readonly shift: boolean, readonly alt: boolean, readonly pixel?: number}} Press point: the position in fractions of the
 *  picture, not clamped; reach: how far from a point it still counts as taken, in canvas pixels; pixel: one of the screen */
/** @typedef {{move(press: Press): void, up(press: Press): boolean, stroke?: Stroke, outline?: readonly Point[],
 *  box?: [Position, Position], readonly pulls?: boolean,
 *  readonly turns?: boolean}} Gesture up says whether it is over; stroke, outline, box: what to
 *  draw meanwhile; pulls: whether it changes pairs; turns: whether it turns one */

// less than this is a click, in multiples of the reach
const CLICK = 0.4;
// of the picture, half a pixel at 1,000 pixels: hands draw no finer
const STROKE_TOLERANCE = 0.0005;

/** @param {Press} a @param {Press} b */
const isClick = (a, b) => Math.hypot(a.position[0] - b.position[0], a.position[1] - b.position[1]) < CLICK * b.reach;

export class Gestures {
  /** @type {Gesture|null} */ current = null;
  /** @type {Press|null} */ #start = null;
  /** @type {import("../document/state.mjs").Document|null} what the gesture starts from, and what was selected then */ #base = null;
  /** @type {Selection} */ #selection = new Map();
  #pulled = false;
  #pressed = false;
  /** @type {Selection|null} what was selected by the click that gave an arrow its target */ #clicked = null;

  /**
   * @param {import("../document/store.mjs").Store} store
   * @param {{tool: ToolName, size: number, hardness: number}} ui tool, and the brush's diameter (fraction of the
   * picture's smaller side) and hardness
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
    const outline = this.current?.outline;
    if (!outline) return false;
    this.current = null;
    if (outline.length < 3) this.store.notify();
    else if (this.ui.tool === "region") this.#addRegion(outline);
    else this.paint({ tool: "polygon", points: outline });
    return true;
  }

  /** Removes the pair under a press, or ends the gesture that is going on. @param {Press} press */
  remove(press) {
    if (this.cancel()) return;
    const found = this.#hit(press);
    if (!found) return;
    this.store.show(removePairs(this.store.document, new Map([[found.index, "both"]])));
    this.store.commit();
  }

  /** The second press of a double click: closes a lasso, or takes turn and scale from the arrow whose ring it is on.
   * @param {Press} press */
  doublePress(press) {
    if (this.finish()) return;
    const ring = this.#ring(press);
    if (!ring) return;
    this.store.show(turnPair(this.store.document, ring.index, 0, 1));
    this.store.commit();
  }

  /** @param {Press} press @returns {Gesture} */
  #begin(press) {
    const { tool } = this.ui;
    if (tool === "polygon") return lasso(this, true);
    if (tool === "box") return boxStroke(this, press);
    if (tool === "brush" || tool === "erase") return brushStroke(this, tool);
    const knob = tool === "region" && this.#knob(press);
    if (knob) return reshape(this, press, knob);
    const ring = this.#ring(press);
    if (ring) return pullRing(this, press, ring);
    const found = this.#hit(press);
    if (!found && tool === "region") {
      // as with arrows, a click beside what is selected only lets it go
      const clicks = !this.store.selection.size;
      this.store.select(new Map());
      return lasso(this, false, clicks);
    }
    if (!found) return press.shift ? this.#selectBox(press) : this.#pull(press);
    if (press.shift) return this.#toggleSelected(found.index, found.part);
    // a target hides the handle that it was just made of
    if (press.alt && (found.part === "handle" || tool === "region")) return this.#clone(press, found.index);
    return this.#drag(press, found.index, found.part);
  }

  /** @param {Press} press */
  #hit({ view, position, reach }) {
    const { document, selection } = this.store;
    if (this.ui.tool === "region") return hitRegion(document.regions, selection, view, position, reach);
    return hit(document.pairs, view, position, reach);
  }

  /** The ring that a press takes hold of. @param {Press} press */
  #ring({ view, position, reach, pixel = 1 }) {
    const { document, selection } = this.store;
    const ring = this.ui.tool === "drag" && ringOf(document, selection, view, pixel);
    if (!ring) return null;
    const ends = document.pairs.flatMap(({ handle, target }) => (target ? [handle, target] : [handle]));
    return takesRing(ring, position, reach, ends.map((end) => toCanvas(view, end))) ? ring : null;
  }

  /** @param {Press} press */
  #knob({ view, position: [x, y], reach }) {
    const { document, selection } = this.store;
    return knobs(document, selection, view).find(({ at }) => Math.hypot(at[0] - x, at[1] - y) <= reach);
  }

  /** @param {readonly Point[]} outline */
  #addRegion(outline) {
    const { document } = this.store;
    this.store.show(outlineRegion(document, outline), new Map([[~document.regions.length, "target"]]));
    this.store.commit();
  }

  /** Adds a stroke without what hands cannot mean. @param {Stroke} stroke */
  paint(stroke) {
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
          this.#clicked = store.selection;
        } else if (!this.pulling && selection.size && selection !== this.#clicked) store.select(new Map());
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
      pulls: index >= 0,
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

  /** Alt and a pull on a handle, or on a region: a second pair with the same motion. @param {Press} start
   * @param {number} index @returns {Gesture} */
  #clone(start, index) {
    const before = this.store.document;
    const { regions } = before;
    const copied = index < 0 ? addRegion(before, regions[~index]) : copyPair(before, index);
    if (copied === before) return this.#drag(start, index, "handle");
    this.store.show(copied);
    const gesture = this.#drag(start, index < 0 ? ~regions.length : before.pairs.length, "both");
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
}
