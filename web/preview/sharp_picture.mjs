// @ts-check
// The preview's motion on the picture's own pixels: a part of it, at any size, while the hand rests.

import { MovedPicture } from "./moved_picture.mjs";
import { sampled } from "./sampling.mjs";
import { hatch } from "./warped_picture.mjs";

/** @typedef {import("./moved_region.mjs").Moved} Moved */
/** @typedef {import("./moved_picture.mjs").Frame} Frame */
/** @typedef {import("./warped_picture.mjs").Motion} Motion */

/** The longest way that a motion carries anything, across and down, in cells. @param {readonly Moved[]} moved */
function reach(moved) {
  const most = [0, 0];
  for (const { nodes, fine } of moved) {
    for (const flow of [nodes, ...fine.values()]) {
      for (let i = 0; i < flow.length; i++) most[i & 1] = Math.max(most[i & 1], Math.abs(flow[i]));
    }
  }
  return most;
}

/** Labels of a part of a picture that is larger than the grid they are known on, with smooth borders.
 * @param {Motion} motion @param {Frame} frame @param {readonly [number, number]} scale pixels per cell */
function enlarged({ labels, width, height }, frame, scale) {
  const out = new Uint32Array(frame.width * frame.height);
  const columns = Array.from({ length: frame.width }, (_, x) => (frame.x + x + 0.5) / scale[0] - 0.5);
  for (let i = 0, y = 0; y < frame.height; y++) {
    const at = (frame.y + y + 0.5) / scale[1] - 0.5;
    const top = Math.min(Math.max(Math.floor(at), 0), height - 1);
    const bottom = Math.min(top + 1, height - 1);
    const v = Math.min(Math.max(at - top, 0), 1);
    for (let x = 0; x < frame.width; x++, i++) {
      const left = Math.min(Math.max(Math.floor(columns[x]), 0), width - 1);
      const right = Math.min(left + 1, width - 1);
      const a = labels[top * width + left];
      const b = labels[top * width + right];
      const c = labels[bottom * width + left];
      const d = labels[bottom * width + right];
      if (a === b && a === c && a === d) {
        out[i] = a;
        continue;
      }
      const u = Math.min(Math.max(columns[x] - left, 0), 1);
      const covered = (a ? (1 - u) * (1 - v) : 0) + (b ? u * (1 - v) : 0) + (c ? (1 - u) * v : 0) + (d ? u * v : 0);
      if (covered < 0.5) continue;
      // the nearest of them that is a part
      const [near, beside] = v < 0.5 ? (u < 0.5 ? [a, b] : [b, a]) : u < 0.5 ? [c, d] : [d, c];
      out[i] = near || beside || a || b || c || d;
    }
  }
  return out;
}

/**
 * What moves in a part of a picture, RGBA, transparent where the picture stays as it is.
 * @param {Motion} motion @param {readonly [number, number]} size in pixels of the whole picture as it is drawn
 * @param {Frame} frame the part, in those pixels @param {(from: Frame) => Uint8ClampedArray} read a part of the picture
 */
export function sharpPicture(motion, [width, height], frame, read) {
  const scale = /** @type {const} */ ([width / motion.width, height / motion.height]);
  const [far, deep] = reach(motion.moved).map((most, axis) => Math.ceil(most * scale[axis]) + 2);
  const [x, y] = [Math.max(frame.x - far, 0), Math.max(frame.y - deep, 0)];
  const from = { x, y, width: Math.min(frame.x + frame.width + far, width) - x, height: Math.min(frame.y + frame.height + deep, height) - y };
  const labels = enlarged(motion, from, scale);
  const picture = new MovedPicture(sampled(read(from), from.width, from.height), from, frame, scale);
  const pixels = new Uint8ClampedArray(4 * frame.width * frame.height);
  const out = new Uint32Array(pixels.buffer);
  picture.draw(out, motion.moved, labels, motion.tears, motion.front);
  if (!motion.tears) return pixels;
  const moves = new Set(motion.moved.map(({ number }) => number));
  for (let i = 0, row = 0; row < frame.height; row++) {
    const start = (frame.y + row - from.y) * from.width + frame.x - from.x;
    for (let column = 0; column < frame.width; column++, i++) {
      if (picture.arrived[i] || !moves.has(labels[start + column])) continue;
      out[i] = hatch((frame.x + column) / scale[0], (frame.y + row) / scale[1]);
    }
  }
  return pixels;
}
