// @ts-check
// Fingers on the picture: the first one draws, as a mouse does; a second one takes that back, and both move and enlarge
// what is seen; one that rests does what the right button does.

/** @typedef {import("./geometry.mjs").Position} Position */
/** @typedef {{cancel(): void, pinch(from: readonly [Position, Position], to: readonly [Position, Position]): void,
 *  hold(): void}} Hands what comes of it: the stroke that began is taken back; two fingers go from one place to another;
 *  a finger rested */

// milliseconds, and canvas pixels that a resting finger may tremble
const [REST, TREMBLE] = [550, 8];
const TOUCHES = /** @type {const} */ (["touchstart", "touchmove", "touchend", "touchcancel"]);

export class Fingers {
  /** @type {Map<number, Position>} */ #at = new Map();
  /** @type {Position} where the first one came down */ #start = [0, 0];
  #timer = 0;
  /** whether these fingers draw no more until all are gone */
  #spent = false;

  /** @param {Hands} hands @param {HTMLElement} element on which they are @param {AbortSignal} signal */
  constructor(hands, element, signal) {
    this.hands = hands;
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    // ComfyUI zooms the graph under two fingers, in the capture phase of an element around ours
    const keep = (/** @type {TouchEvent} */ event) => {
      if (event.target instanceof Node && element.contains(event.target)) event.stopImmediatePropagation();
    };
    for (const name of TOUCHES) window.addEventListener(name, keep, { signal, capture: true, passive: true });
  }

  /** @param {PointerEvent} event @param {Position} position @returns {boolean} whether this finger does not draw */
  down(event, position) {
    if (event.pointerType !== "touch") return false;
    clearTimeout(this.#timer);
    if (event.isPrimary || !this.#at.size) {
      this.#at.clear();
      this.#spent = false;
    }
    this.#at.set(event.pointerId, position);
    if (this.#at.size > 1) {
      if (!this.#spent) this.hands.cancel();
      this.#spent = true;
      return true;
    }
    this.#start = position;
    this.#timer = setTimeout(() => {
      this.#spent = true;
      this.hands.hold();
    }, REST);
    return false;
  }

  /** @param {PointerEvent} event @param {Position} position @returns {boolean} whether this finger does not draw */
  move(event, position) {
    if (event.pointerType !== "touch" || !this.#at.has(event.pointerId)) return false;
    const before = [...this.#at.values()];
    this.#at.set(event.pointerId, position);
    const after = [...this.#at.values()];
    if (Math.hypot(position[0] - this.#start[0], position[1] - this.#start[1]) > TREMBLE) clearTimeout(this.#timer);
    if (after.length > 1) this.hands.pinch([before[0], before[1]], [after[0], after[1]]);
    return this.#spent;
  }

  /** @param {PointerEvent} event @returns {boolean} whether this finger did not draw */
  up(event) {
    if (event.pointerType !== "touch") return false;
    clearTimeout(this.#timer);
    this.#at.delete(event.pointerId);
    return this.#spent;
  }
}
