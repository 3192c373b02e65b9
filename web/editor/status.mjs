// @ts-check
// What the editor says about its state, in one line and to screen readers.

import { t } from "../document/words.mjs";
import { said } from "../preview/how.mjs";
import { centre } from "./regions.mjs";
import { activePairs } from "../document/state.mjs";
import { turnText } from "./turning.mjs";


/**
 * @param {import("./session.mjs").Session} session @returns {string} the picture, the pairs and the region
 */
export function status({ store, picture, result, resultAge, showing, region, regionUse, standing, how, astray }) {
  const { pairs, regions, image } = store.document;
  const active = activePairs(store.document).length;
  const open = pairs.filter(({ target }) => !target).length;
  const shown = showing === "result" && result ? result : picture;
  const age = shown === result && resultAge ? ` (${ages()[resultAge]})` : "";
  return [
    shown ? `${shown.label}${age}, ${shown.width} × ${shown.height}` : (image ? t("no picture, points placed on {size}", { size: image.join(" × ") }) : t("no picture")),
    (active === 1 ? t("1 drag") : t("{count} drags", { count: active })) + (pairs.length > active ? ` (${[open && t("{count} without target", { count: open }), pairs.length - active - open && t("{count} off", { count: pairs.length - active - open })].filter(Boolean).join(", ")})` : ""),
    ...(regions.length ? [regions.length === 1 ? t("1 region pair") : t("{count} region pairs", { count: regions.length })] : []),
    ...((how.moves === "drags" ? active : regions.length) && picture && showing === "preview" ? [said(how)] : []),
    ...(active && how.moves === "drags" ? astray.map((index) => t("drag {number} starts outside the region and moves nothing", { number: index + 1 })) : []),
    scope(how, regionUse, region !== null),
    ...(standing === "ends" ? [t("nothing is connected behind this node, but it runs with every queue")] : []),
  ].join(" · ");
}

const ages = () => ({ points: t("of other points"), picture: t("of another picture") });

/** What a region means to the nodes downstream. @param {import("../preview/how.mjs").How} how
 * @param {import("./session.mjs").RegionUse} use @param {boolean} painted */
function scope({ moves, known, finds }, use, painted) {
  if (moves === "regions") return t("the outlines move");
  if (painted && use === "moves") return t("the painted region is what moves");
  if (painted) return use === "unused" ? t("the painted region is not connected") : t("only the painted region may change");
  return known && finds ? t("no region: what is around the points moves") : t("no mask: everything may change");
}

/**
 * What the user has to know before anything that is drawn counts, and what can be done about it.
 * @param {import("./session.mjs").Session} session @param {boolean} uploads whether the picture is the node's own
 * @returns {{text: string, run?: boolean, choose?: boolean}|null}
 */
export function hint({ standing, picture, outdated, showing, resultAge, ui, result, results }, uploads) {
  if (standing === "bypassed") return { text: t("This node is bypassed: no node behind it gets points.") };
  if (standing === "muted") return { text: t("This node is muted: no node behind it gets points.") };
  if (!picture && uploads) return { text: t("Drop or paste a picture here, or connect an IMAGE."), choose: true };
  if (!picture) return { text: t("The connected picture is known after a run."), run: true };
  if (outdated) return { text: t("What is connected has changed: this is an older picture."), run: true };
  if (ui.showing === "result" && !result && results.options.length) return { text: t("There is no result yet: this is the preview.") };
  if (showing === "result" && resultAge) return { text: t("This result is {age}.", { age: ages()[resultAge] }) };
  return null;
}

/** @param {import("../document/state.mjs").Part} part @param {string} both */
const partText = (part, both) => (part === "both" ? both : part === "handle" ? t("handle") : t("target"));

/**
 * What is selected, in pixels. @param {import("./session.mjs").Session} session @returns {string}
 */
export function selected({ store, size }) {
  const pixels = (/** @type {import("../document/state.mjs").Point|null} */ point) =>
    point ? point.map((value, axis) => Math.round(value * size[axis])).join(", ") : t("no target");
  const described = [...store.selection].map(([index, part]) => {
    if (index < 0) {
      const region = store.document.regions[~index];
      const way = `${pixels(centre(region.handle))} → ${pixels(centre(region.target))}`;
      return `${t("region {number}", { number: ~index + 1 })} (${partText(part, t("handle and target"))}): ${way}`;
    }
    const { handle, target, enabled, locked, turn = 0, scale = 1 } = store.document.pairs[index];
    const flags = `${enabled ? "" : `, ${t("off")}`}${locked ? `, ${t("locked")}` : ""}`;
    return `${index + 1} (${partText(part, t("whole arrow"))}): ${pixels(handle)} → ${pixels(target)}${turn || scale !== 1 ? `, ${turnText(turn, scale)}` : ""}${flags}`;
  });
  return described.length > 3 ? t("{count} selected", { count: described.length }) : described.join("; ");
}

/** What to do first with nothing drawn yet, empty else. @param {import("./session.mjs").Session} session
 * @param {boolean} busy whether the hand is at it */
export function firstStep({ store, ui, picture }, busy) {
  const { pairs, regions } = store.document;
  if (!picture || busy) return "";
  if (ui.tool === "drag" && !pairs.length) return t("Press on what should move and pull it to where it goes.");
  if (ui.tool === "region" && !regions.length) return t("Pull an outline around what should move, then pull it to where it goes.");
  return "";
}
