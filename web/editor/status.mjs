// @ts-check
// What the editor says about its state, in one line and to screen readers.

import { said } from "../preview/how.mjs";
import { centre } from "./regions.mjs";
import { activePairs } from "../document/state.mjs";

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
    ...((how.moves === "drags" ? active : regions.length) && picture && ui.showing === "preview" ? [said(how)] : []),
    ...(active && how.moves === "drags" ? astray.map((index) => `drag ${index + 1} starts outside the region and moves nothing`) : []),
    scope(how, region !== null),
  ].join(" · ");
}

/** What a region means to the node downstream. @param {import("../preview/how.mjs").How} how @param {boolean} painted */
function scope({ moves, known, border, displacement, finds, mask }, painted) {
  if (moves === "regions") return "the outlines move";
  if (painted && mask !== "none") return known && border === "free" && displacement !== "stretch" ? "the painted region moves" : "only the painted region may change";
  if (painted) return "the painted region is not connected";
  return known && finds ? "no region: what is around the points moves" : "no mask: everything may change";
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
    const { handle, target, enabled, locked } = store.document.pairs[index];
    const flags = `${enabled ? "" : ", off"}${locked ? ", locked" : ""}`;
    return `${index + 1} (${part === "both" ? "whole arrow" : part}): ${pixels(handle)} → ${pixels(target)}${flags}`;
  });
  return described.length > 3 ? `${described.length} selected` : described.join("; ");
}
