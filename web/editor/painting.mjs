// @ts-check
// What pulling draws: strokes of the brush, the eraser and the box, and outlines.

import { inPicture } from "../document/state.mjs";

/** @typedef {import("./gestures.mjs").Gestures} Gestures */
/** @typedef {import("./gestures.mjs").Gesture} Gesture */
/** @typedef {import("./gestures.mjs").Press} Press */
/** @typedef {import("../document/state.mjs").Point} Point */
/** @typedef {import("../document/strokes.mjs").Stroke} Stroke */

/** @param {Gestures} gestures @param {"brush"|"erase"} tool @returns {Gesture} */
export function brushStroke(gestures, tool) {
  /** @type {Point[]} */
  const points = [];
  const { size, hardness } = gestures.ui;
  /** @type {Stroke} */
  const stroke = { tool, points, size, ...(hardness < 1 && { hardness }) };
  return {
    stroke,
    move: ({ point }) => {
      const last = points.at(-1);
      const next = inPicture(point);
      if (!last || last[0] !== next[0] || last[1] !== next[1]) points.push(next);
    },
    up: () => {
      gestures.paint(stroke);
      return true;
    },
  };
}

/** @param {Gestures} gestures @param {Press} start @returns {Gesture} */
export function boxStroke(gestures, start) {
  const first = inPicture(start.point);
  /** @type {Gesture} */
  const gesture = {
    move: ({ point }) => {
      gesture.stroke = { tool: "box", points: [first, inPicture(point)] };
    },
    up: ({ point }) => {
      const last = inPicture(point);
      // without an area it would be a step of the history that nobody sees
      const area = first[0] !== last[0] && first[1] !== last[1];
      if (gestures.pulling && area) gestures.paint({ tool: "box", points: [first, last] });
      return true;
    },
  };
  return gesture;
}

/** Pulled, a free outline that closes when it is let go; clicked, one corner after the other until the first one is
 * clicked again. @param {Gestures} gestures @param {boolean} paints whether it is shown as painted
 * @param {boolean} [clicks] whether clicks place corners @returns {Gesture} */
export function lasso(gestures, paints, clicks = true) {
  /** @type {Point[]} */
  let corners = [];
  let free = false;
  /** @type {Gesture & {outline: readonly Point[]}} */
  const gesture = {
    outline: [],
    move: ({ point }) => {
      free ||= gestures.pulling && corners.length === 0;
      show([...(free ? gesture.outline : corners), inPicture(point)]);
    },
    up: (press) => {
      if (!free && !clicks) return true;
      const closes = corners.length > 2 && isNear(press, corners[0]);
      if (closes) show(corners);
      if (free || closes) return gestures.finish();
      const last = corners.at(-1);
      // the second press of a double click is no corner
      if (!last || !isNear(press, last)) corners = [...corners, inPicture(press.point)];
      show(corners);
      return false;
    },
  };
  /** @param {readonly Point[]} points */
  function show(points) {
    gesture.outline = points;
    if (paints) gesture.stroke = { tool: "polygon", points };
  }
  return gesture;
}

/** @param {Press} press @param {Point} point */
function isNear({ position, view, reach }, [x, y]) {
  return Math.hypot(view.x + x * view.width - position[0], view.y + y * view.height - position[1]) <= reach;
}
