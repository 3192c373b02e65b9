// @ts-check
// One node's editor: document, tool, shown pictures, and the layers to draw. Node and large view share it.

import { rasterise, drawStroke } from "../document/strokes.mjs";
import { Preview } from "../preview/warped_picture.mjs";
import { CELL } from "../preview/latent_cells.mjs";
import { DEFAULT, DEFAULT_REGIONS } from "../preview/how.mjs";
import { fit } from "../document/serialise.mjs";
import { Store, activePairs } from "../document/state.mjs";

/** @typedef {import("../document/state.mjs").Document} Document */
/** @typedef {import("./gestures.mjs").ToolName} ToolName */
/** @typedef {import("../preview/how.mjs").How} How */
/** @typedef {{readonly image: CanvasImageSource, readonly width: number, readonly height: number,
 *  readonly label: string}} Shown width, height: of the picture itself, which image may be a smaller copy of */
/** @typedef {"original"|"preview"|"result"} Showing */
/** @typedef {{tool: ToolName, size: number, showing: Showing, maskShown: boolean, runOnRelease: boolean}} Ui size:
 *  brush diameter, fraction of the picture's smaller side */

// longer side of what is warped while the pointer moves
const PREVIEW = 512;
const TINT = [0, 214, 170, 96];
const DIM = [0, 0, 0, 120];

/** @param {number} width @param {number} height */
function canvas(width, height) {
  const made = new OffscreenCanvas(width, height);
  const context = made.getContext("2d", { willReadFrequently: true });
  return { canvas: made, context: /** @type {OffscreenCanvasRenderingContext2D} */ (context) };
}

/** @param {Uint8Array} mask @param {0|1} value where to paint @param {readonly number[]} colour RGBA
 * @param {number} width @param {number} height */
function painted(mask, value, colour, width, height) {
  const { canvas: layer, context } = canvas(width, height);
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const [packed] = new Uint32Array(new Uint8Array(colour).buffer);
  for (let i = 0; i < mask.length; i++) if (mask[i] === value) pixels[i] = packed;
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
  ui = { tool: "drag", size: 0.12, showing: "preview", maskShown: true, runOnRelease: false };
  /** @type {Shown|null} */ picture = null;
  /** @type {Shown|null} */ result = null;
  /** @type {string|null} what is wrong with the value that the workflow holds */ problem = null;
  /** @type {string} something that the user should know now */ notice = "";
  /** whether the points come from another node */
  linked = false;
  /** @type {CanvasImageSource|null} a connected MASK */ inputMask = null;
  /** @type {{drags: How, regions: How}} how arrows and region pairs will move things */
  hows = { drags: DEFAULT, regions: DEFAULT_REGIONS };
  /** @type {number[]} which of the pairs move nothing, since they start outside the region; known once it was drawn */
  astray = [];

  /** @type {{size: number[], strokes: unknown, input: unknown, region: Uint8Array|null}|null} */ #region = null;
  /** @type {{region: unknown, tint: boolean, layer: OffscreenCanvas}|null} */ #maskLayer = null;
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

  /** @param {Session["hows"]} hows */
  setHow(hows) {
    if (JSON.stringify(hows) === JSON.stringify(this.hows)) return;
    this.hows = hows;
    this.store.notify();
  }

  /** How what was drawn will move things: arrows, unless only region pairs are there or go anywhere. @returns {How} */
  get how() {
    const { drags, regions } = this.hows;
    const { document } = this.store;
    if (!document.regions.length) return drags;
    return activePairs(document).length && (drags.known || !regions.known) ? drags : regions;
  }

  /** What the preview moves. */
  get #moving() {
    const { document } = this.store;
    return this.how.moves === "regions" ? document.regions : activePairs(document);
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
    const size = this.#previewSize;
    const { strokes } = this.store.document;
    const known = this.#region;
    if (known && known.strokes === strokes && known.input === this.inputMask && known.size.join() === size.join()) {
      return known.region;
    }
    const mask = rasterise(strokes, ...size);
    if (this.inputMask) {
      const { context } = canvas(...size);
      context.drawImage(this.inputMask, 0, 0, ...size);
      const { data } = context.getImageData(0, 0, ...size);
      for (let i = 0; i < mask.length; i++) mask[i] |= data[4 * i] >> 7;
    }
    const region = mask.includes(1) ? mask : null;
    this.#region = { size, strokes, input: this.inputMask, region };
    return region;
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
      if (warps && this.picture && this.#moving.length) layers.push(this.#warped(pulling));
    }
    if (this.ui.maskShown && (stroke || this.region)) layers.push(this.#mask(stroke));
    return layers;
  }

  /** @param {boolean} pulling */
  #warped(pulling) {
    const { picture, region, how } = this;
    const [width, height] = this.#previewSize;
    if (!this.#preview || this.#preview.picture !== picture || this.#preview.layer.width !== width) {
      const { canvas: layer, context } = canvas(width, height);
      context.drawImage(/** @type {Shown} */ (picture).image, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      this.#preview = { picture, preview: new Preview(data, width, height), layer, drawn: [] };
    }
    const { preview, layer, drawn } = this.#preview;
    const { pairs, regions } = this.store.document;
    const wanted = [pairs, regions, region, how, pulling];
    if (wanted.every((part, i) => part === drawn[i])) return layer;
    this.#preview.drawn = wanted;
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (layer.getContext("2d"));
    const cell = (CELL * width) / this.size[0];
    preview.update(this.#moving, region, how, cell, pulling);
    // elsewhere the picture below is seen, which may be larger than the preview
    context.putImageData(new ImageData(preview.cut, width, height), 0, 0);
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
    if (!stroke && this.#maskLayer?.region === this.region && this.#maskLayer?.tint === tint) return this.#maskLayer.layer;
    const region = stroke ? (this.region?.slice() ?? new Uint8Array(width * height)) : /** @type {Uint8Array} */ (this.region);
    if (stroke && (stroke.tool !== "polygon" || (stroke.points?.length ?? 0) > 2)) drawStroke(region, stroke, width, height);
    const layer = tint ? painted(region, 1, TINT, width, height) : painted(region, 0, DIM, width, height);
    this.#maskLayer = stroke ? null : { region: this.region, tint, layer };
    return layer;
  }
}
