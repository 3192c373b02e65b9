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
export function status({ store, picture, result, resultAge, showing, region, regionUse, standing, how, astray }) {
  const { pairs, regions, image } = store.document;
  const active = activePairs(store.document).length;
  const open = pairs.filter(({ target }) => !target).length;
  const shown = showing === "result" && result ? result : picture;
  const age = shown === result && resultAge ? ` (${AGES[resultAge]})` : "";
  return [
    shown ? `${shown.label}${age}, ${shown.width} × ${shown.height}` : `no picture${image ? `, points placed on ${image.join(" × ")}` : ""}`,
    counted(active, "drag") + (pairs.length > active ? ` (${[open && `${open} without target`, pairs.length - active - open && `${pairs.length - active - open} off`].filter(Boolean).join(", ")})` : ""),
    ...(regions.length ? [counted(regions.length, "region pair")] : []),
    ...((how.moves === "drags" ? active : regions.length) && picture && showing === "preview" ? [said(how)] : []),
    ...(active && how.moves === "drags" ? astray.map((index) => `drag ${index + 1} starts outside the region and moves nothing`) : []),
    scope(how, regionUse, region !== null),
    ...(standing === "ends" ? ["nothing is connected behind this node, but it runs with every queue"] : []),
  ].join(" · ");
}

const AGES = { points: "of other points", picture: "of another picture" };

/** What a region means to the nodes downstream. @param {import("../preview/how.mjs").How} how
 * @param {import("./session.mjs").RegionUse} use @param {boolean} painted */
function scope({ moves, known, finds }, use, painted) {
  if (moves === "regions") return "the outlines move";
  if (painted && use === "moves") return "the painted region is what moves";
  if (painted) return use === "unused" ? "the painted region is not connected" : "only the painted region may change";
  return known && finds ? "no region: what is around the points moves" : "no mask: everything may change";
}

/**
 * What the user has to know before anything that is drawn counts, and what can be done about it.
 * @param {import("./session.mjs").Session} session @param {boolean} uploads whether the picture is the node's own
 * @returns {{text: string, run?: boolean, choose?: boolean}|null}
 */
export function hint({ standing, picture, outdated, showing, resultAge, ui, result, results }, uploads) {
  if (standing === "bypassed") return { text: "This node is bypassed: no node behind it gets points." };
  if (standing === "muted") return { text: "This node is muted: no node behind it gets points." };
  if (!picture && uploads) return { text: "Drop or paste a picture here, or connect an IMAGE.", choose: true };
  if (!picture) return { text: "The connected picture is known after a run.", run: true };
  if (outdated) return { text: "What is connected has changed: this is an older picture.", run: true };
  if (ui.showing === "result" && !result && results.options.length) return { text: "There is no result yet: this is the preview." };
  if (showing === "result" && resultAge) return { text: `This result is ${AGES[resultAge]}.` };
  return null;
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
