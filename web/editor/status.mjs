// @ts-check
// What the editor says about its state, in one line and to screen readers.

import { said } from "../preview/how.mjs";
import { centre } from "./regions.mjs";
import { activePairs } from "../document/state.mjs";
import { turnText } from "./turning.mjs";

/** @param {number} count @param {string} word */
const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/**
 * @param {import("./session.mjs").Session} session @returns {string} the picture, the pairs and the region
 */
export function status({ store, picture, result, ui, region, how, astray }) {
  const { pairs, regions, image } = store.document;
  const active = activePairs(store.document).length;
  const open = pairs.filter(({ target }) => !target).length;
  const shown = ui.showing === "result" && result ? result : picture;
  return [
    shown ? `${shown.label}, ${shown.width} × ${shown.height}` : `no picture${image ? `, points placed on ${image.join(" × ")}` : ""}`,
    counted(active, "drag") + (pairs.length > active ? ` (${[open && `${open} without target`, pairs.length - active - open && `${pairs.length - active - open} off`].filter(Boolean).join(", ")})` : ""),
    ...(regions.length ? [counted(regions.length, "region pair")] : []),
    ...(active && picture && ui.showing === "preview" ? [said(how)] : []),
    ...(active ? astray.map((index) => `drag ${index + 1} starts outside the region and moves nothing`) : []),
    scope(how, region !== null),
  ].join(" · ");
}

/** What a region means to the node downstream. @param {import("../preview/how.mjs").How} how @param {boolean} painted */
function scope({ chosen, border, displacement, finds, masked }, painted) {
  if (painted && masked) return chosen && border === "free" && displacement !== "stretch" ? "the painted region moves" : "only the painted region may change";
  if (painted) return "the painted region is not connected";
  return chosen && finds ? "no region: what is around the points moves" : "no mask: everything may change";
}

/**
 * What is selected, in pixels. @param {import("./session.mjs").Session} session @returns {string}
 */
export function selected({ store, size }) {
  const pixels = (/** @type {import("../document/state.mjs").Point|null} */ point) =>
    point ? point.map((value, axis) => Math.round(value * size[axis])).join(", ") : "no target";
  const described = [...store.selection].map(([index, part]) => {
    if (index < 0) {
      const region = store.document.regions[~index];
      const way = `${pixels(centre(region.handle))} → ${pixels(centre(region.target))}`;
      return `region ${~index + 1} (${part === "both" ? "handle and target" : part}): ${way}`;
    }
    const { handle, target, enabled, locked, turn = 0, scale = 1 } = store.document.pairs[index];
    const flags = `${enabled ? "" : ", off"}${locked ? ", locked" : ""}`;
    return `${index + 1} (${part === "both" ? "whole arrow" : part}): ${pixels(handle)} → ${pixels(target)}${turn || scale !== 1 ? `, ${turnText(turn, scale)}` : ""}${flags}`;
  });
  return described.length > 3 ? `${described.length} selected` : described.join("; ");
}

/** What to do first with nothing drawn yet, empty else. @param {import("./session.mjs").Session} session
 * @param {boolean} busy whether the hand is at it */
export function firstStep({ store, ui, picture }, busy) {
  const { pairs, regions } = store.document;
  if (!picture || busy) return "";
  if (ui.tool === "drag" && !pairs.length) return "Press on what should move and pull it to where it goes.";
  if (ui.tool === "region" && !regions.length) return "Pull an outline around what should move, then pull it to where it goes.";
  return "";
}
