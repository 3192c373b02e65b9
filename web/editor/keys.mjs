// @ts-check
// What a key does: the command that it names, and what has no button.

import { SIZES } from "./commands.mjs";
import { outlineRegion } from "./regions.mjs";
import { addPair, moveParts, turnPair } from "../document/state.mjs";

/** @typedef {import("./session.mjs").Session} Session */
/** @typedef {import("./gestures.mjs").Gestures} Gestures */
/** @typedef {import("./commands.mjs").Command} Command */
/** @typedef {import("../document/state.mjs").Part} Part */
/** @typedef {{readonly key: string, readonly shiftKey: boolean, readonly ctrlKey: boolean, readonly metaKey: boolean,
 *  readonly altKey: boolean}} Key */

const SIZE_STEP = 1.25;
// degrees and factor of one key
const [TURN_STEP, SCALE_STEP] = [5, 1.05];

/** Turns and scales the one selected arrow: by degrees, and by a factor. @param {Session} session
 * @param {Gestures} gestures @param {number} degrees @param {number} factor */
function turnSelected({ store }, gestures, degrees, factor) {
  const [index, ...more] = store.selection.keys();
  const pair = store.document.pairs[index];
  if (!pair?.target || pair.locked || more.length) return;
  gestures.cancel();
  const { turn = 0, scale = 1 } = store.document.pairs[index];
  store.show(turnPair(store.document, index, turn + degrees, scale * factor));
  store.commit("turn");
}

/** @param {Session} session @param {number} factor */
function resizeBrush({ ui, store }, factor) {
  ui.size = Math.min(Math.max(ui.size * factor, SIZES[0]), SIZES[1]);
  store.notify();
}

/** @param {Session} session @param {Gestures} gestures @param {number} dx @param {number} dy in pixels of the picture */
function nudge({ store, size }, gestures, dx, dy) {
  if (!store.selection.size) return;
  gestures.cancel();
  store.show(moveParts(store.document, store.selection, dx / size[0], dy / size[1]));
  store.commit("nudge");
}

/** What the tool is about: regions or arrows, by the index of a selection. @param {Session} session */
function selectable({ store, ui }) {
  const { pairs, regions } = store.document;
  return ui.tool === "region" ? regions.map((_, index) => ~index) : pairs.map((_, index) => index);
}

/** Selects what is `step` after the selected one. @param {Session} session @param {number} step */
function selectNext(session, step) {
  const { store, ui } = session;
  const indices = selectable(session);
  const count = indices.length;
  if (!count) return;
  const [current] = store.selection.keys();
  const place = indices.indexOf(current);
  const next = indices[place < 0 ? (step > 0 ? 0 : count - 1) : (place + step + count) % count];
  const part = ui.tool === "region" ? "target" : "both";
  store.select(new Map([[next, (place >= 0 && store.selection.get(current)) || part]]));
}

/** Makes an arrow or a region in the middle of the picture. @param {Session} session */
function addInMiddle({ store, ui }) {
  const { document } = store;
  const [low, high] = [0.4, 0.6];
  if (ui.tool === "region") {
    const added = outlineRegion(document, [[low, low], [high, low], [high, high], [low, high]]);
    store.show(added, new Map([[~document.regions.length, "target"]]));
  } else store.show(addPair(document, [0.5, 0.5], [0.5, 0.5]), new Map([[document.pairs.length, "target"]]));
  store.commit();
}

/** Takes the next part of what is selected: handle, target, the whole arrow. @param {Session} session */
function selectPart({ store }) {
  /** @type {Record<Part, Part>} */
  const next = { both: "handle", handle: "target", target: "both" };
  store.select(new Map([...store.selection].map(([index, part]) => [index, next[part]])));
}

/**
 * @param {Session} session @param {Gestures} gestures @param {Record<string, Command>} known @param {Key} key
 * @returns {boolean} whether the key meant something here
 */
export function pressKey(session, gestures, known, key) {
  const { store, ui } = session;
  const run = (/** @type {string} */ name) => (known[name].enabled?.() ?? true) && known[name].run();
  const name = key.key.length === 1 ? key.key.toLowerCase() : key.key;
  if ((key.ctrlKey || key.metaKey) && !key.altKey) {
    if (name === "z") run(key.shiftKey ? "redo" : "undo");
    else if (name === "y") run("redo");
    else if (name === "a") store.select(new Map(selectable(session).map((index) => [index, "both"])));
    else return false;
    return true;
  }
  // many keyboards have the brackets behind AltGr, which counts as Ctrl and Alt, or Alt alone
  if (name === "[" || name === "]") {
    resizeBrush(session, name === "[" ? 1 / SIZE_STEP : SIZE_STEP);
    return true;
  }
  if (key.altKey) return false;
  const step = key.shiftKey ? 10 : 1;
  const letter = Object.keys(known).find((command) => known[command].key?.toLowerCase() === name);
  if (letter) run(letter);
  else if (name === "ArrowLeft") nudge(session, gestures, -step, 0);
  else if (name === "ArrowRight") nudge(session, gestures, step, 0);
  else if (name === "ArrowUp") nudge(session, gestures, 0, -step);
  else if (name === "ArrowDown") nudge(session, gestures, 0, step);
  else if (name === "Delete" || name === "Backspace") run("remove");
  else if (name === "," || name === ".") selectNext(session, name === "." ? 1 : -1);
  else if (name === "x") selectPart(session);
  else if (name === "t") turnSelected(session, gestures, key.shiftKey ? -TURN_STEP : TURN_STEP, 1);
  else if (name === "s") turnSelected(session, gestures, 0, key.shiftKey ? 1 / SCALE_STEP : SCALE_STEP);
  // as with the brackets, some keyboards have the plus on the key of the equals sign
  else if (name === "=") run("grow");
  else if (name === "n") {
    gestures.cancel();
    addInMiddle(session);
  } else if (name === "p") {
    const order = /** @type {const} */ (["original", "preview", "result"]).filter((view) => known[view].enabled?.() ?? true);
    known[order[(order.indexOf(ui.showing) + 1) % order.length]].run();
  } else if (name === "Enter") return gestures.finish();
  else if (name === "Escape") {
    if (gestures.cancel()) return true;
    if (!store.selection.size) return false;
    store.select(new Map());
  } else return false;
  return true;
}
