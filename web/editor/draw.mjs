// @ts-check
// Draws the editor's scene on a canvas: picture, region, arrows, and what the hand is about to do.

import { toCanvas } from "./geometry.mjs";
import { centre } from "./regions.mjs";

/** @typedef {import("./geometry.mjs").View} View */
/** @typedef {import("./geometry.mjs").Position} Position */
/** @typedef {import("../document/state.mjs").Pair} Pair */
/** @typedef {import("../document/state.mjs").Region} Region */
/** @typedef {import("../document/state.mjs").Selection} Selection */
/** @typedef {{
 *   readonly view: View, readonly pixel: number,
 *   readonly layers: readonly import("./session.mjs").Layer[], readonly blocks: boolean,
 *   readonly pairs: readonly Pair[], readonly regions: readonly Region[], readonly selection: Selection,
 *   readonly knobs: readonly import("./regions.mjs").Knob[], readonly ring: import("./turning.mjs").Ring|null,
 *   readonly path: readonly Position[], readonly box: readonly [Position, Position]|null,
 *   readonly brush: {readonly at: Position, readonly radius: number}|null,
 * }} Scene pixel: one pixel of the screen in canvas pixels; layers: pictures, from below; blocks: whether
 *   pixels of the picture are large enough to be seen; path, box,
 *   brush: outline being drawn, selection rectangle, cursor */

// as kernels/drawing/overlay.py draws them; the white and black rims keep them readable on any picture
const HANDLE = "#ff3b30";
const TARGET = "#2f7bff";
const OFF = "#9a9a9a";
const SELECTED = "#ffd60a";

/** Strokes the current path with a dark rim. @param {CanvasRenderingContext2D} c @param {string} colour
 * @param {number} width */
function rimmed(c, colour, width) {
  c.lineWidth = width * 2;
  c.strokeStyle = "rgba(0,0,0,.75)";
  c.stroke();
  c.lineWidth = width;
  c.strokeStyle = colour;
  c.stroke();
}

/** @param {CanvasRenderingContext2D} c @param {Position} at @param {number} radius @param {string} fill
 * @param {boolean} selected @param {boolean} round */
function end(c, [x, y], radius, fill, selected, round) {
  c.beginPath();
  if (round) c.arc(x, y, radius, 0, 2 * Math.PI);
  else {
    // a diamond, for those who cannot tell red from blue
    const reach = radius * 1.25;
    c.moveTo(x, y - reach);
    c.lineTo(x + reach, y);
    c.lineTo(x, y + reach);
    c.lineTo(x - reach, y);
    c.closePath();
  }
  c.fillStyle = fill;
  c.fill();
  rimmed(c, selected ? SELECTED : "#fff", radius * (selected ? 0.5 : 0.28));
}

/** @param {CanvasRenderingContext2D} c @param {Position} from @param {Position} to @param {string} colour
 * @param {number} pixel @param {boolean} dashed */
function arrow(c, from, to, colour, pixel, dashed) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (length < 1e-6) return;
  const [ux, uy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  c.beginPath();
  c.moveTo(...from);
  c.lineTo(...to);
  c.setLineDash(dashed ? [4 * pixel, 4 * pixel] : []);
  rimmed(c, colour, 2 * pixel);
  c.setLineDash([]);
  const tip = 7 * pixel;
  if (length < 3 * tip) return;
  // before the target, which would hide the point of the arrow
  const at = [to[0] - ux * tip, to[1] - uy * tip];
  c.beginPath();
  c.moveTo(at[0] - (ux - uy * 0.6) * tip, at[1] - (uy + ux * 0.6) * tip);
  c.lineTo(at[0], at[1]);
  c.lineTo(at[0] - (ux + uy * 0.6) * tip, at[1] - (uy - ux * 0.6) * tip);
  rimmed(c, colour, 2 * pixel);
}

/** @param {CanvasRenderingContext2D} c @param {string} text @param {Position} at @param {number} pixel */
function label(c, text, [x, y], pixel) {
  c.font = `600 ${11 * pixel}px system-ui, sans-serif`;
  c.textAlign = "left";
  c.textBaseline = "middle";
  c.lineJoin = "round";
  c.lineWidth = 3 * pixel;
  c.strokeStyle = "rgba(0,0,0,.85)";
  c.strokeText(text, x, y);
  c.fillStyle = "#fff";
  c.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} c @param {Scene} scene */
function drawPairs(c, { view, pixel, pairs, selection }) {
  pairs.forEach((pair, index) => {
    const handle = toCanvas(view, pair.handle);
    const target = pair.target && toCanvas(view, pair.target);
    const part = selection.get(index);
    const radius = 5.5 * pixel;
    c.globalAlpha = pair.enabled ? 1 : 0.6;
    if (target) {
      arrow(c, handle, target, part === "both" ? SELECTED : pair.enabled ? "#fff" : OFF, pixel, !pair.enabled);
      end(c, target, radius, pair.enabled ? TARGET : OFF, part === "target" || part === "both", false);
    }
    end(c, handle, radius, pair.enabled && target ? HANDLE : OFF, part === "handle" || part === "both", true);
    const text = `${index + 1}${pair.locked ? " locked" : ""}${pair.enabled ? "" : " off"}`;
    label(c, text, [handle[0] + 9 * pixel, handle[1] - 9 * pixel], pixel);
    c.globalAlpha = 1;
  });
}

/** Handles in solid lines, targets in dashed ones, for those who cannot tell red from blue.
 * @param {CanvasRenderingContext2D} c @param {Scene} scene */
function drawRegions(c, { view, pixel, regions, selection }) {
  regions.forEach((region, index) => {
    const part = selection.get(~index);
    const ends = /** @type {const} */ ([["handle", HANDLE], ["target", TARGET]]);
    const [from, to] = ends.map(([name, colour]) => {
      const corners = region[name].map((corner) => toCanvas(view, corner));
      c.beginPath();
      for (const at of corners) c.lineTo(...at);
      c.closePath();
      const selected = part === name || part === "both";
      c.lineWidth = 4 * pixel;
      c.strokeStyle = selected ? "rgba(0,0,0,.85)" : "rgba(255,255,255,.85)";
      c.stroke();
      c.setLineDash(name === "target" ? [7 * pixel, 5 * pixel] : []);
      c.lineWidth = 2 * pixel;
      c.strokeStyle = selected ? SELECTED : colour;
      c.stroke();
      c.setLineDash([]);
      return centre(corners);
    });
    arrow(c, from, to, part === "both" ? SELECTED : "#fff", pixel, false);
    label(c, `region ${index + 1}`, [from[0], from[1] - 11 * pixel], pixel);
  });
}

/** Squares pull a single corner, circles turn and scale. @param {CanvasRenderingContext2D} c @param {Scene} scene */
function drawKnobs(c, { knobs, pixel }) {
  for (const { at, corner } of knobs) {
    const radius = 4.5 * pixel;
    c.beginPath();
    if (corner === null) c.arc(...at, radius, 0, 2 * Math.PI);
    else c.rect(at[0] - radius, at[1] - radius, 2 * radius, 2 * radius);
    c.fillStyle = "#fff";
    c.fill();
    rimmed(c, SELECTED, 1.5 * pixel);
  }
}

/** @param {CanvasRenderingContext2D} c @param {View} view @param {import("./session.mjs").Layer} layer */
function drawLayer(c, view, { image, alpha = 1, fits, box = [0, 0, 1, 1] }) {
  let [x, y, width, height] = [view.x + box[0] * view.width, view.y + box[1] * view.height, box[2] * view.width, box[3] * view.height];
  if (fits) {
    // what was cut out of the picture's middle, or has other proportions, keeps its own
    const scale = Math.min(width / fits[0], height / fits[1]);
    [x, y] = [x + (width - fits[0] * scale) / 2, y + (height - fits[1] * scale) / 2];
    [width, height] = [fits[0] * scale, fits[1] * scale];
  }
  c.globalAlpha = alpha;
  c.drawImage(image, x, y, width, height);
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Scene} scene */
function drawRing(c, { ring, pixel }) {
  if (!ring) return;
  c.beginPath();
  c.arc(...ring.centre, ring.radius, 0, 2 * Math.PI);
  rimmed(c, SELECTED, pixel);
  c.beginPath();
  c.arc(...ring.knob, 4.5 * pixel, 0, 2 * Math.PI);
  c.fillStyle = "#fff";
  c.fill();
  rimmed(c, SELECTED, 1.5 * pixel);
  if (ring.text) label(c, ring.text, [ring.centre[0] + ring.radius + 8 * pixel, ring.centre[1]], pixel);
}

/**
 * @param {CanvasRenderingContext2D} c with a transform from canvas pixels @param {readonly [number, number]} size
 * @param {Scene} scene
 */
export function draw(c, size, scene) {
  const { view, pixel, layers, blocks, path, box, brush } = scene;
  c.clearRect(0, 0, ...size);
  for (const layer of layers) {
    // what is finer or coarser than the picture's pixels has no use for their edges
    c.imageSmoothingEnabled = !(blocks && (layer.still || layer.box));
    drawLayer(c, view, layer);
  }
  c.imageSmoothingEnabled = true;
  drawRegions(c, scene);
  drawPairs(c, scene);
  drawKnobs(c, scene);
  drawRing(c, scene);
  if (path.length > 0) {
    c.beginPath();
    for (const at of path) c.lineTo(...at);
    rimmed(c, "#fff", 1.5 * pixel);
  }
  if (box) {
    c.beginPath();
    c.rect(box[0][0], box[0][1], box[1][0] - box[0][0], box[1][1] - box[0][1]);
    c.setLineDash([4 * pixel, 4 * pixel]);
    rimmed(c, "#fff", pixel);
    c.setLineDash([]);
  }
  if (brush) {
    c.beginPath();
    c.arc(...brush.at, Math.max(brush.radius, pixel), 0, 2 * Math.PI);
    rimmed(c, "#fff", pixel);
  }
}
