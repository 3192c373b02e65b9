// @ts-check
// The canvas of an editor: its size, zoom and drawing, and the pointer over it.

import { draw } from "./draw.mjs";
import { element } from "./element.mjs";
import { Fingers } from "./fingers.mjs";
import { fit, inside, pinchTo, toCanvas, toPicture, zoomAt } from "./geometry.mjs";
import { knobs } from "./regions.mjs";
import { SharpView } from "./sharp_view.mjs";
import { atLeast } from "./smaller_copies.mjs";
import { ringOf } from "./turning.mjs";

/** @typedef {import("./geometry.mjs").Position} Position */
/** @typedef {import("./gestures.mjs").Press} Press */

// screen pixels around a point in which a press takes hold of it; pens and fingers need more
const REACH = { mouse: 9, pen: 12, touch: 20 };
const WHEEL = 0.0015;
// screen pixels of a picture's pixel from which on it is seen as a square
const BLOCKS = 3;

export class Stage {
  #frame = 0;
  #zoom = 1;
  /** @type {import("../document/state.mjs").Point} */ #centre = [0.5, 0.5];
  /** @type {Position|null} */ #hover = null;
  /** @type {{position: Position, centre: import("../document/state.mjs").Point}|null} */ #pan = null;
  #pressed = false;
  #space = false;
  /** @type {Press|null} where the last press began */ #first = null;

  /**
   * @param {import("./session.mjs").Session} session @param {import("./gestures.mjs").Gestures} gestures
   * @param {import("./view.mjs").Host} host @param {HTMLInputElement} keys takes the focus @param {AbortSignal} signal
   */
  constructor(session, gestures, host, keys, signal) {
    this.session = session;
    this.gestures = gestures;
    this.host = host;
    this.keys = keys;
    this.canvas = element("canvas");
    this.element = element("div", { class: "dragkit-stage" }, this.canvas);
    const context = this.canvas.getContext("2d");
    this.context = /** @type {CanvasRenderingContext2D} */ (context);
    this.sharp = new SharpView(session, () => this.redraw(), signal);
    this.fingers = new Fingers(
      {
        cancel: () => this.#lost(),
        pinch: (from, to) => this.#zoomTo(pinchTo(this.session.size, this.#size, this.#zoom, this.#centre, from, to)),
        hold: () => {
          this.#lost();
          if (this.#first) this.gestures.remove(this.#first);
        },
      },
      this.canvas,
      signal,
    );
    const observer = new ResizeObserver(() => this.redraw());
    observer.observe(this.element);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      cancelAnimationFrame(this.#frame);
    });
    const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ listener) =>
      this.canvas.addEventListener(name, listener, { signal, passive: false });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#end(event));
    on("lostpointercapture", (event) => this.#end(event));
    on("pointerleave", () => this.#leave());
    on("contextmenu", (event) => event.preventDefault());
    on("dblclick", (event) => this.gestures.doublePress(this.#press(event)));
    on("wheel", (event) => this.#wheel(event));
    this.keys.addEventListener("keydown", (event) => event.key === " " && (this.#space = true), { signal });
    this.keys.addEventListener("keyup", (event) => event.key === " " && (this.#space = false), { signal });
    this.keys.addEventListener("blur", () => (this.#space = false), { signal });
  }

  /** @returns {[number, number]} */
  get #size() {
    return [this.canvas.clientWidth, this.canvas.clientHeight];
  }

  get #view() {
    return fit(this.session.size, this.#size, this.#zoom, this.#centre);
  }

  resetZoom() {
    this.#zoom = 1;
    this.#centre = [0.5, 0.5];
    this.redraw();
  }

  /** Draws before the next frame is shown. */
  redraw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const size = this.#size;
    // collapsed nodes and closed views have no size
    if (!size[0] || !size[1]) return;
    const { session, gestures } = this;
    const sharp = devicePixelRatio * Math.min(Math.max(this.host.graphScale(), 1), 3);
    const [width, height] = size.map((side) => Math.round(side * sharp));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.context.setTransform(width / size[0], 0, 0, height / size[1], 0, 0);
    const { current } = gestures;
    const view = this.#view;
    const { tool } = session.ui;
    const paints = tool === "brush" || tool === "erase";
    const takes = tool === "drag" || tool === "region";
    const { document, selection } = session.store;
    const pulling = Boolean(current?.pulls) && gestures.pulling;
    const density = width / size[0];
    const layers = session.layers({ pulling, pressed: this.#pressed && takes, stroke: current?.stroke }).map((layer) => {
      if (layer.still) return { ...layer, image: atLeast(layer.image, view.width * density) };
      return layer.moves && !pulling ? this.sharp.layer(layer, view, size, density) : layer;
    });
    draw(this.context, size, {
      view,
      pixel: this.#pixel,
      layers,
      blocks: (view.width / session.size[0]) * density >= BLOCKS,
      pairs: document.pairs,
      regions: document.regions,
      selection,
      knobs: tool === "region" ? knobs(document, selection, view) : [],
      ring: tool === "drag" ? ringOf(document, selection, view, this.#pixel, current?.turns) : null,
      path: (current?.outline ?? []).map((point) => toCanvas(view, point)),
      box: current?.box ?? null,
      brush: paints && this.#hover ? { at: this.#hover, radius: (session.ui.size / 2) * Math.min(view.width, view.height) } : null,
    });
  }

  /** A pixel of the screen in canvas pixels, at most two: arrows stay readable in a small graph. */
  get #pixel() {
    return Math.min(Math.max(1 / this.host.graphScale(), 0.5), 2);
  }

  /** @param {MouseEvent} event @returns {Position} right at every zoom of the graph, and when the page is scrolled */
  #position(event) {
    const rect = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - rect.left) * this.canvas.clientWidth) / rect.width,
      ((event.clientY - rect.top) * this.canvas.clientHeight) / rect.height,
    ];
  }

  /** @param {MouseEvent} event @returns {Press} */
  #press(event) {
    const position = this.#position(event);
    const rect = this.canvas.getBoundingClientRect();
    const given = event instanceof PointerEvent ? event.pointerType : "";
    const kind = /** @type {keyof typeof REACH} */ (given in REACH ? given : "mouse");
    const reach = (REACH[kind] * this.canvas.clientWidth) / rect.width;
    const view = this.#view;
    const { shiftKey: shift, altKey: alt } = event;
    return { position, point: toPicture(view, position), view, reach, shift, alt, pixel: this.#pixel };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const pans = event.button === 1 || (event.button === 0 && this.#space);
    if (pans && this.host.close) {
      event.preventDefault();
      this.#pan = { position: this.#position(event), centre: this.#centre };
      this.canvas.setPointerCapture(event.pointerId);
      return;
    }
    if (event.button === 1) return this.host.forward(event);
    this.keys.focus({ preventScroll: true });
    this.#hover = null;
    if (this.fingers.down(event, this.#position(event))) return;
    if (event.button === 2) return this.gestures.remove(this.#press(event));
    if (event.button !== 0 || this.#pressed) return;
    // preventDefault here would take the mouseup from ComfyUI's change tracker
    this.canvas.setPointerCapture(event.pointerId);
    this.#pressed = true;
    this.session.notice = "";
    this.#first = this.#press(event);
    this.gestures.down(this.#first);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.buttons & 4 && !this.#pan) return this.host.forward(event);
    const position = this.#position(event);
    if (this.#pan) {
      const { width, height } = this.#view;
      const [x, y] = this.#pan.centre;
      const [fromX, fromY] = this.#pan.position;
      this.#centre = inside([x - (position[0] - fromX) / width, y - (position[1] - fromY) / height]);
      return this.redraw();
    }
    if (this.fingers.move(event, position)) return;
    this.#hover = position;
    // a brush needs every position that the pen went through
    const passed = this.#pressed && event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of passed.length ? passed : [event]) this.gestures.move(this.#press(one));
    this.redraw();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.button === 1 && !this.#pan) return this.host.forward(event);
    this.#pan = null;
    if (this.fingers.up(event) || event.button !== 0 || !this.#pressed) return;
    this.#pressed = false;
    this.gestures.up(this.#press(event));
  }

  /** A pointer that the browser took away, or that was let go. @param {PointerEvent} event */
  #end(event) {
    if (!this.fingers.up(event)) this.#lost();
  }

  #lost() {
    this.#pan = null;
    if (!this.#pressed) return;
    this.#pressed = false;
    this.gestures.cancel();
  }

  #leave() {
    this.#hover = null;
    this.redraw();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    const focused = document.activeElement === this.keys;
    if (!this.host.close && (!focused || event.ctrlKey)) return this.host.forward(event);
    event.preventDefault();
    event.stopPropagation();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
    const factor = Math.exp(-pixels * WHEEL);
    this.#zoomTo(zoomAt(this.session.size, this.#size, this.#zoom, this.#centre, this.#position(event), factor));
  }

  /** @param {{zoom: number, centre: import("../document/state.mjs").Point}} next */
  #zoomTo({ zoom, centre }) {
    this.#zoom = zoom;
    this.#centre = centre;
    this.redraw();
  }
}
