// @ts-check
// One node's editor: document, tool, shown pictures, and the layers to draw. Node and large view share it.

import { FULL, cover, drawStroke, painted } from "../document/strokes.mjs";
import { Preview } from "../preview/warped_picture.mjs";
import { DEFAULT } from "../preview/how.mjs";
import { fit } from "../document/serialise.mjs";
import { Store, activePairs } from "../document/state.mjs";

/** @typedef {import("../document/state.mjs").Document} Document */
/** @typedef {import("./gestures.mjs").ToolName} ToolName */
/** @typedef {{readonly image: CanvasImageSource, readonly width: number, readonly height: number,
 *  readonly label: string}} Shown width, height: of the picture itself, which image may be a smaller copy of */
/** @typedef {"original"|"preview"|"result"} Showing */
/** @typedef {{tool: ToolName, size: number, hardness: number, showing: Showing, maskShown: boolean,
 *  runOnRelease: boolean}} Ui size: brush diameter, fraction of the picture's smaller side; hardness: the part of its
 *  radius from which on it fades */

// longer side of what is warped while the pointer moves
const PREVIEW = 512;
const TINT = [0, 214, 170, 96];
const DIM = [0, 0, 0, 120];
// of FULL: what is nowhere above it is nothing (kernels/points/masks.py)
const FAINT = FULL / 16;

/** @param {number} width @param {number} height */
function canvas(width, height) {
  const made = new OffscreenCanvas(width, height);
  const context = made.getContext("2d", { willReadFrequently: true });
  return { canvas: made, context: /** @type {OffscreenCanvasRenderingContext2D} */ (context) };
}

/** A colour, as opaque as levels are high. @param {Uint8Array} levels 0..FULL @param {readonly number[]} colour RGBA
 * @param {number} width @param {number} height @param {boolean} [rest] as high as they are low instead */
function layerOf(levels, colour, width, height, rest = false) {
  const { canvas: layer, context } = canvas(width, height);
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const [red, green, blue, alpha] = colour;
  const packed = Array.from({ length: FULL + 1 }, (_, level) => {
    const opaque = Math.round((alpha * (rest ? FULL - level : level)) / FULL);
    return new Uint32Array(new Uint8Array([red, green, blue, opaque]).buffer)[0];
  });
  for (let i = 0; i < levels.length; i++) pixels[i] = packed[levels[i]];
  context.putImageData(image, 0, 0);
  return layer;
}

export class Session {
  store = new Store((document) => {
    const fitted = fit(document);
    if (fitted !== document) this.notice = "The painted region was simplified to keep the workflow small.";
    return fitted;
  });
  /** @type {Ui} */
  ui = { tool: "drag", size: 0.12, hardness: 1, showing: "preview", maskShown: true, runOnRelease: false };
  /** @type {Shown|null} */ picture = null;
  /** @type {Shown|null} */ result = null;
  /** @type {string|null} what is wrong with the value that the workflow holds */ problem = null;
  /** @type {string} something that the user should know now */ notice = "";
  /** whether the points come from another node */
  linked = false;
  /** @type {CanvasImageSource|null} a connected MASK */ inputMask = null;
  /** @type {import("../preview/how.mjs").How} how the points will move things */ how = DEFAULT;
  /** @type {number[]} which of the pairs move nothing, since they start outside the region; known once it was drawn */
  astray = [];

  /** @type {{size: number[], strokes: unknown, input: unknown, levels: Uint8Array, region: Uint8Array|null}|null} */ #region = null;
  /** @type {{levels: unknown, tint: boolean, layer: OffscreenCanvas}|null} */ #maskLayer = null;
  /** @type {{picture: unknown, preview: Preview, layer: OffscreenCanvas, drawn: unknown[]}|null} */ #preview = null;

  /** Size in pixels of the picture, or of the one that the points were placed on. @returns {readonly [number, number]} */
  get size() {
    return this.store.size ?? this.store.document.image ?? [512, 512];
  }

  /** @param {Shown|null} picture */
  setPicture(picture) {
    this.picture = picture;
    this.store.size = picture && [picture.width, picture.height];
    this.store.notify();
  }

  /** @param {Shown} result */
  setResult(result) {
    this.result = result;
    this.store.notify();
  }

  /** @param {import("../preview/how.mjs").How} how */
  setHow(how) {
    if (JSON.stringify(how) === JSON.stringify(this.how)) return;
    this.how = how;
    this.store.notify();
  }

  /** @param {string} notice */
  tell(notice) {
    this.notice = notice;
    this.store.notify();
  }

  /** Size in pixels of the preview and of the mask. @returns {[number, number]} */
  get #previewSize() {
    const [width, height] = this.size;
    const scale = Math.min(1, PREVIEW / Math.max(width, height));
    return [Math.max(Math.round(width * scale), 1), Math.max(Math.round(height * scale), 1)];
  }

  /** The pixels (1) of the preview that may change, null for all of them. @returns {Uint8Array|null} */
  get region() {
    return this.#painted.region;
  }

  /** levels: how much of each pixel is painted, 0..FULL; region: those that count, as kernels/points/masks.py reads a mask:
   * half of the strongest and more. */
  get #painted() {
    const size = this.#previewSize;
    const { strokes } = this.store.document;
    const known = this.#region;
    if (known && known.strokes === strokes && known.input === this.inputMask && known.size.join() === size.join()) {
      return known;
    }
    const levels = cover(strokes, ...size);
    if (this.inputMask) {
      const { context } = canvas(...size);
      context.drawImage(this.inputMask, 0, 0, ...size);
      const { data } = context.getImageData(0, 0, ...size);
      for (let i = 0; i < levels.length; i++) if (data[4 * i] >> 7) levels[i] = FULL;
    }
    const strongest = levels.reduce((most, level) => Math.max(most, level), 0);
    const region = strongest > FAINT ? painted(levels, strongest) : null;
    this.#region = { size, strokes, input: this.inputMask, levels, region };
    return this.#region;
  }

  /**
   * The pictures to draw over each other.
   * @param {{pulling: boolean, pressed: boolean, stroke: import("../document/strokes.mjs").Stroke|undefined}} hand whether a pair is
   * being pulled, whether the hand is about to (then it has to see what it takes hold of), the stroke being painted
   * @returns {CanvasImageSource[]}
   */
  layers({ pulling, pressed, stroke }) {
    const { showing } = this.ui;
    const layers = [];
    const warps = pulling || (showing === "preview" && !pressed);
    if (showing === "result" && this.result && !pulling && !pressed) layers.push(this.result.image);
    else if (this.picture) {
      layers.push(this.picture.image);
      if (warps && this.picture && activePairs(this.store.document).length) layers.push(this.#warped());
    }
    if (this.ui.maskShown && (stroke || this.region)) layers.push(this.#mask(stroke));
    return layers;
  }

  #warped() {
    const { picture, region, how } = this;
    const [width, height] = this.#previewSize;
    if (!this.#preview || this.#preview.picture !== picture || this.#preview.layer.width !== width) {
      const { canvas: layer, context } = canvas(width, height);
      context.drawImage(/** @type {Shown} */ (picture).image, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      this.#preview = { picture, preview: new Preview(data, width, height), layer, drawn: [] };
    }
    const { preview, layer, drawn } = this.#preview;
    const { pairs } = this.store.document;
    if (drawn[0] === pairs && drawn[1] === region && drawn[2] === how) return layer;
    this.#preview.drawn = [pairs, region, how];
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (layer.getContext("2d"));
    const active = activePairs(this.store.document);
    context.putImageData(new ImageData(preview.update(active, region, how), width, height), 0, 0);
    // elsewhere the picture below is seen, which may be larger than the preview
    context.globalCompositeOperation = "destination-in";
    context.drawImage(layerOf(preview.shown.map((value) => value * FULL), [0, 0, 0, 255], width, height), 0, 0);
    context.globalCompositeOperation = "source-over";
    const used = [...pairs.keys()].filter((k) => pairs[k].enabled && pairs[k].target);
    const astray = preview.astray.map((k) => used[k]);
    if (astray.join() !== this.astray.join()) {
      this.astray = astray;
      queueMicrotask(() => this.store.notify());
    }
    return layer;
  }

  /** @param {import("../document/strokes.mjs").Stroke|undefined} stroke */
  #mask(stroke) {
    const tint = this.ui.tool !== "drag" && this.ui.tool !== "region";
    const [width, height] = this.#previewSize;
    const { levels: before } = this.#painted;
    if (!stroke && this.#maskLayer?.levels === before && this.#maskLayer?.tint === tint) return this.#maskLayer.layer;
    const levels = stroke ? before.slice() : before;
    if (stroke && (stroke.tool !== "polygon" || (stroke.points?.length ?? 0) > 2)) drawStroke(levels, stroke, width, height);
    const layer = tint ? layerOf(levels, TINT, width, height) : layerOf(levels, DIM, width, height, true);
    this.#maskLayer = stroke ? null : { levels: before, tint, layer };
    return layer;
  }
}
