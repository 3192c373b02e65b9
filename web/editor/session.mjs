// @ts-check
// One node's editor: document, tool, shown pictures, and the layers to draw. Node and large view share it.

import { FULL, cover, painted } from "../document/strokes.mjs";
import { RegionLayer, canvas } from "./region_layer.mjs";
import { Preview } from "../preview/warped_picture.mjs";
import { CELL } from "../preview/latent_cells.mjs";
import { DEFAULT, DEFAULT_REGIONS } from "../preview/how.mjs";
import { fit } from "../document/serialise.mjs";
import { activePairs } from "../document/state.mjs";
import { Store } from "../document/store.mjs";
import { t } from "../document/words.mjs";

/** @typedef {import("../document/state.mjs").Document} Document */
/** @typedef {import("./gestures.mjs").ToolName} ToolName */
/** @typedef {import("../preview/how.mjs").How} How */
/** @typedef {{readonly image: CanvasImageSource, readonly width: number, readonly height: number,
 *  readonly label: string}} Shown width, height: of the picture itself, which image may be a smaller copy of */
/** @typedef {"original"|"preview"|"result"} Showing */
/** @typedef {{readonly image: CanvasImageSource, readonly alpha?: number, readonly fits?: readonly [number, number],
 *  readonly box?: readonly [number, number, number, number], readonly moves?: boolean,
 *  readonly still?: boolean}} Layer a picture to draw over the view:
 *  fits: its size, where its proportions may be others than the view's; box: the part of the view that it fills (x, y, width,
 *  height in fractions), all of it by default; moves: whether it is the live preview; still: whether its pixels
 *  never change */
/** @typedef {"moves"|"changes"|"unused"|null} RegionUse moves: the region is the thing that moves; changes: only there
 *  the picture may change; unused: what takes the points does not get it; null: nothing takes either */
/** @typedef {"ends"|"bypassed"|"muted"|null} Standing ends: nothing is behind the node */
/** @typedef {{readonly id: string, readonly name: string}} Candidate a node whose picture may be the result; id: as the
 *  server knows it */
/** @typedef {{tool: ToolName, size: number, hardness: number, showing: Showing, maskShown: boolean,
 *  runOnRelease: boolean}} Ui size: brush diameter, fraction of the picture's smaller side; hardness: the part of its
 *  radius from which on it fades */

// longer side of what is warped while the pointer moves
const PREVIEW = 512;
// of a picture that is not the one which is connected now
const OUTDATED = 0.35;
// of FULL: what is nowhere above it is nothing (kernels/points/masks.py)
const FAINT = FULL / 16;

export class Session {
  store = new Store((document) => {
    const fitted = fit(document);
    if (fitted !== document) this.notice = t("The painted region was simplified to keep the workflow small.");
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
  /** @type {{drags: How, regions: How}} how arrows and region pairs will move things */
  hows = { drags: DEFAULT, regions: DEFAULT_REGIONS };
  /** @type {RegionUse} what the painted region is downstream */ regionUse = null;
  /** @type {Standing} of the node in the graph */ standing = null;
  /** whether the picture is not the one that is connected now */
  outdated = false;
  /** @type {{readonly options: readonly Candidate[], readonly chosen: string}} the pictures of
   *  the graph of which one is the result; chosen: "" for the first of them */
  results = { options: [], chosen: "" };
  /** @type {""|"points"|"picture"} what the result is not of any more */ resultAge = "";
  /** @type {number[]} which of the pairs move nothing, since they start outside the region; known once it was drawn */
  astray = [];

  /** @type {{size: number[], strokes: unknown, input: unknown, levels: Uint8Array, region: Uint8Array|null}|null} */ #region = null;
  #regionLayer = new RegionLayer();
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

  /** @param {Shown|null} result */
  setResult(result) {
    if (result === this.result) return;
    this.result = result;
    this.store.notify();
  }

  /** @param {Session["results"]} results @param {Session["resultAge"]} age */
  setResults(results, age) {
    if (age === this.resultAge && JSON.stringify(results) === JSON.stringify(this.results)) return;
    this.results = results;
    this.resultAge = age;
    this.store.notify();
  }

  /** @param {boolean} outdated */
  setOutdated(outdated) {
    if (outdated === this.outdated) return;
    this.outdated = outdated;
    this.store.notify();
  }

  /** @param {Session["regionUse"]} use @param {Session["standing"]} standing */
  setSurroundings(use, standing) {
    if (use === this.regionUse && standing === this.standing) return;
    this.regionUse = use;
    this.standing = standing;
    this.store.notify();
  }

  /** What is seen while nothing is pulled: a result only if there is one, and while every change is run only the one of the
   * points as they are. @returns {Showing} */
  get showing() {
    const { ui, result, resultAge } = this;
    if (ui.showing !== "result") return ui.showing;
    return result && !(ui.runOnRelease && resultAge) ? "result" : "preview";
  }

  /** The live preview's motion as it was drawn last. @returns {import("../preview/warped_picture.mjs").Motion|null} */
  get motion() {
    return this.#preview?.preview.motion ?? null;
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
   * @returns {Layer[]}
   */
  layers({ pulling, pressed, stroke }) {
    const { showing, picture, result } = this;
    /** @type {Layer[]} */
    const layers = [];
    const warps = pulling || (showing === "preview" && !pressed);
    if (showing === "result" && result && !pulling && !pressed) {
      layers.push({ image: result.image, fits: [result.width, result.height], still: true });
    } else if (picture) {
      const alpha = this.outdated ? OUTDATED : 1;
      layers.push({ image: picture.image, alpha, still: true });
      if (warps && this.#moving.length) layers.push({ image: this.#warped(pulling), alpha, moves: true });
    }
    if (this.ui.maskShown && (stroke || this.region)) {
      const tint = this.ui.tool !== "drag" && this.ui.tool !== "region";
      const moves = this.regionUse === "moves";
      const shown = { levels: this.#painted.levels, size: this.#previewSize, stroke, tint, moves, picture: picture?.image ?? null };
      layers.push({ image: this.#regionLayer.draw(shown) });
    }
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
}
