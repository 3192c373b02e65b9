// @ts-check
// The ring around the handle of the one selected arrow: pulled around it turns the picture there, outwards it scales it.

import { toCanvas } from "./geometry.mjs";
import { turnPair } from "../document/state.mjs";

/** @typedef {import("../document/state.mjs").Document} Document */
/** @typedef {import("../document/state.mjs").Selection} Selection */
/** @typedef {import("./geometry.mjs").View} View */
/** @typedef {import("./geometry.mjs").Position} Position */
/** @typedef {{readonly index: number, readonly centre: Position, readonly knob: Position, readonly radius: number,
 *  readonly text: string}} Ring knob: where it is taken hold of; text: what it says, empty at rest without turn and scale */

// screen pixels from the handle, at scale 1; four times as large is twice as far
const RADIUS = 34;
// what hands cannot hold apart from nothing: degrees, and a factor
const [STEADY_TURN, STEADY_SCALE] = [3, 1.05];
const STEP = 15;
const DEGREES = 180 / Math.PI;

/** @param {number} turn @param {number} scale degrees and factor in words */
export const turnText = (turn, scale) => `${turn > 0 ? "+" : turn < 0 ? "−" : ""}${Math.abs(turn)}° × ${scale.toFixed(2)}`;

/**
 * The ring of the one selected arrow that can move.
 * @param {Document} document @param {Selection} selection @param {View} view @param {number} pixel of the screen, in
 * canvas pixels @param {boolean} [pulled] whether it is being pulled @returns {Ring|null}
 */
export function ringOf({ pairs }, selection, view, pixel, pulled = false) {
  const [selected, ...more] = selection.keys();
  const pair = pairs[selected];
  if (!pair?.target || pair.locked || more.length) return null;
  const { handle, turn = 0, scale = 1 } = pair;
  const centre = toCanvas(view, handle);
  const radius = RADIUS * Math.sqrt(scale) * pixel;
  const angle = turn / DEGREES;
  // at rest it points up
  const knob = /** @type {Position} */ ([centre[0] + radius * Math.sin(angle), centre[1] - radius * Math.cos(angle)]);
  return { index: selected, centre, knob, radius, text: pulled || turn || scale !== 1 ? turnText(turn, scale) : "" };
}

/** @param {Position} a @param {Position} b */
const way = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** Whether a position takes hold of a ring: near its knob, since another arrow may begin on the ring.
 * @param {Ring} ring @param {Position} position @param {number} reach
 * @param {readonly Position[]} ends of arrows, which go first where they are nearer */
export function takesRing({ knob }, position, reach, ends) {
  const distance = way(knob, position);
  const nearest = Math.min(...ends.map((end) => way(end, position)));
  return distance <= reach && distance <= nearest;
}

/**
 * Pulls a ring; Shift: only turns, in steps; Alt: only scales.
 * @param {import("./gestures.mjs").Gestures} gestures @param {import("./gestures.mjs").Press} start @param {Ring} ring
 * @returns {import("./gestures.mjs").Gesture}
 */
export function pullRing(gestures, start, { index, centre }) {
  const { store } = gestures;
  const { document } = store;
  const { turn = 0, scale = 1 } = document.pairs[index];
  const angleOf = (/** @type {Position} */ [x, y]) => Math.atan2(y - centre[1], x - centre[0]) * DEGREES;
  const [from, length] = [angleOf(start.position), Math.max(way(start.position, centre), 1)];
  return {
    pulls: true,
    turns: true,
    move: ({ position, shift, alt }) => {
      if (!gestures.pulling) return;
      const pulled = angleOf(position) - from;
      const turned = alt && !shift ? turn : shift ? Math.round((turn + pulled) / STEP) * STEP : turn + pulled;
      const scaled = shift ? scale : scale * (way(position, centre) / length) ** 2;
      const steady = scaled * STEADY_SCALE > scale && scaled < scale * STEADY_SCALE;
      const rounds = turned - 360 * Math.round(turned / 360);
      store.show(turnPair(document, index, Math.abs(rounds) < STEADY_TURN ? 0 : turned, steady ? scale : scaled));
    },
    up: () => {
      store.commit();
      return true;
    },
  };
}
